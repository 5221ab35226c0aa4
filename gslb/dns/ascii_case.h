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

// 1..7 octets at `at` as one word that tells apart any two contents of the same size; reads overlap
// instead of a loop.
inline std::uint64_t load_short(const std::uint8_t* at, std::size_t size) noexcept {
  if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, at, sizeof(first));
    std::memcpy(&last, at + size - sizeof(last), sizeof(last));
    return (std::uint64_t{first} << 32) | last;
  }
  return (std::uint64_t{at[0]} << 16) | (std::uint64_t{at[size / 2]} << 8) | at[size - 1];
}

// Whether `size` octets at `a` and `b` differ in the case of ASCII letters at most.
inline bool equal_ignoring_case(const std::uint8_t* a, const std::uint8_t* b,
                                std::size_t size) noexcept {
  if (size < 8) {
    return size == 0 || ascii_lower8(load_short(a, size)) == ascii_lower8(load_short(b, size));
  }
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (ascii_lower8(load_word(a + at)) != ascii_lower8(load_word(b + at))) { return false; }
  }
  // The last word overlaps the one before.
  return ascii_lower8(load_word(a + size - 8)) == ascii_lower8(load_word(b + size - 8));
}

}  // namespace gslb::dns
