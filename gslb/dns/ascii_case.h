// Case folding of names, eight octets at a time.
//
// Source: RFC 4343 (only ASCII letters have case), SWAR range test after Mycroft.
//
// Label length octets are 0..63 and thus below 'A': whole names fold in one sweep, lengths
// included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gslb::dns {

// ASCII lower case of one octet; other octets unchanged.  Branch-free.
constexpr std::uint8_t ascii_lower(std::uint8_t octet) noexcept {
  const auto is_upper = static_cast<std::uint8_t>(static_cast<std::uint8_t>(octet - 'A') < 26);
  return static_cast<std::uint8_t>(octet | (is_upper << 5));
}

// The same for each octet of a word, in any byte order.
constexpr std::uint64_t ascii_lower8(std::uint64_t octets) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101ULL;
  const std::uint64_t low_bits = octets & (0x7f * kEach);
  const std::uint64_t from_a = low_bits + ((0x80 - 'A') * kEach);    // bit 7: at or above 'A'
  const std::uint64_t beyond_z = low_bits + ((0x7f - 'Z') * kEach);  // bit 7: above 'Z'
  const std::uint64_t is_upper = (from_a ^ beyond_z) & ~octets & (0x80 * kEach);
  return octets | (is_upper >> 2);
}

// Eight octets at `at`, in the machine's order.
inline std::uint64_t load_word(const std::uint8_t* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Whether `size` octets at `a` and `b` differ in the case of ASCII letters at most.
inline bool equal_ignoring_case(const std::uint8_t* a, const std::uint8_t* b,
                                std::size_t size) noexcept {
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) {
      if (ascii_lower(a[i]) != ascii_lower(b[i])) { return false; }
    }
    return true;
  }
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (ascii_lower8(load_word(a + at)) != ascii_lower8(load_word(b + at))) { return false; }
  }
  // The last word overlaps the one before instead of a loop over the rest.
  return ascii_lower8(load_word(a + size - 8)) == ascii_lower8(load_word(b + size - 8));
}

// Whether they are the same: inline, as to call memcmp() costs more than to compare a name.
inline bool equal_octets(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) noexcept {
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) { return false; }
    }
    return true;
  }
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (load_word(a + at) != load_word(b + at)) { return false; }
  }
  return load_word(a + size - 8) == load_word(b + size - 8);
}

}  // namespace gslb::dns
