// 64-bit hashing for tables, splits and stable ids.  Not for secrets: SipHash or HMAC there.
//
// Source: wyhash's multiply-and-fold mixer (public domain, Wang Yi); splitmix64's finaliser.
// The functions are part of what a deployment agrees on (unit ids, weight splits): changing them
// moves clients, so tests pin their values.
#pragma once

#include <cstdint>

#include "gslb/base/bytes.h"

namespace gslb {

// A bijection of 64 bits; good enough that any bits of the result may be used.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x;
}

// Order-dependent combination of two hashes.
constexpr std::uint64_t hash_combine(std::uint64_t a, std::uint64_t b) noexcept {
  return mix64(a * 0x9e3779b97f4a7c15ULL + b + 0x2545f4914f6cdd1dULL);
}

namespace hash_internal {
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
inline std::uint64_t load_le(const std::uint8_t* at) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}
// The same of 1 to 8 octets: loads that overlap, as a copy of unknown length is a call.
inline std::uint64_t load_le(const std::uint8_t* at, std::size_t count) noexcept {
  if (count >= 4) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, at, sizeof low);
    std::memcpy(&high, at + count - sizeof high, sizeof high);
    return low | (std::uint64_t{high} << (8 * (count - sizeof high)));
  }
  const std::size_t middle = count / 2;
  const std::size_t last = count - 1;
  return at[0] | (std::uint64_t{at[middle]} << (8 * middle)) |
         (std::uint64_t{at[last]} << (8 * last));
}
}  // namespace hash_internal

// Hash of octets, O(n/8).  The same on every little-endian machine and in every run.
inline std::uint64_t hash_octets(Octets octets, std::uint64_t seed = 0) noexcept {
  constexpr std::uint64_t kA = 0xa0761d6478bd642fULL;
  constexpr std::uint64_t kB = 0xe7037ed1a0b428dbULL;
  std::uint64_t state = seed ^ kA ^ octets.size();
  std::size_t at = 0;
  for (; octets.size() - at > 8; at += 8) {
    state = hash_internal::fold(state ^ hash_internal::load_le(octets.data() + at), kB);
  }
  const std::size_t rest = octets.size() - at;
  state ^= rest == 0 ? 0 : hash_internal::load_le(octets.data() + at, rest);
  return mix64(hash_internal::fold(state, kB) ^ octets.size());
}
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) noexcept {
  return hash_octets(as_octets(text), seed);
}

}  // namespace gslb
