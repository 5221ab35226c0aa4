// Network byte order in and out of octets, and a cursor that cannot run past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace gslb {

using Octets = std::span<const std::uint8_t>;
using MutableOctets = std::span<std::uint8_t>;

// REQUIRES for the load_/store_ functions: that many octets at `at`.  No alignment needed.
inline std::uint16_t load_u16(const std::uint8_t* at) noexcept {
  return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
inline std::uint32_t load_u32(const std::uint8_t* at) noexcept {
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) |
         at[3];
}
inline std::uint64_t load_u64(const std::uint8_t* at) noexcept {
  return (std::uint64_t{load_u32(at)} << 32) | load_u32(at + 4);
}
inline void store_u16(std::uint8_t* at, std::uint16_t value) noexcept {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void store_u32(std::uint8_t* at, std::uint32_t value) noexcept {
  store_u16(at, static_cast<std::uint16_t>(value >> 16));
  store_u16(at + 2, static_cast<std::uint16_t>(value));
}
inline void store_u64(std::uint8_t* at, std::uint64_t value) noexcept {
  store_u32(at, static_cast<std::uint32_t>(value >> 32));
  store_u32(at + 4, static_cast<std::uint32_t>(value));
}

inline Octets as_octets(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Octets octets) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Reads untrusted octets front to back.  A read past the end sets failed() for good and yields
// zeros, so a parser may read a whole record and test once.  Thread-compatible.
class ByteReader {
 public:
  explicit ByteReader(Octets octets, std::size_t position = 0) noexcept
      : octets_(octets), position_(position), failed_(position > octets.size()) {}

  std::uint8_t u8() noexcept {
    const Octets at = take(1);
    return at.empty() ? 0 : at[0];
  }
  std::uint16_t u16() noexcept {
    const Octets at = take(2);
    return at.empty() ? 0 : load_u16(at.data());
  }
  std::uint32_t u32() noexcept {
    const Octets at = take(4);
    return at.empty() ? 0 : load_u32(at.data());
  }
  // The next `count` octets, or an empty span (and failed()) when there are fewer.
  Octets take(std::size_t count) noexcept {
    if (failed_ || octets_.size() - position_ < count) {
      failed_ = true;
      return {};
    }
    const Octets taken = octets_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  bool failed() const noexcept { return failed_; }
  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return failed_ ? 0 : octets_.size() - position_; }

 private:
  Octets octets_;
  std::size_t position_;
  bool failed_;
};

}  // namespace gslb
