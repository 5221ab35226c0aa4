// Octets nobody can guess: message IDs, nonces, secrets, seeds.
//
// Source: getrandom(2), the kernel's generator.  For what must be replayed see random.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gslb/base/bytes.h"

namespace gslb {

// Thread-safe.  REQUIRES: at most 256 octets, which the kernel gives whole.
void fill_random(std::span<std::uint8_t> octets);

template <std::size_t kSize>
std::array<std::uint8_t, kSize> random_octets() {
  std::array<std::uint8_t, kSize> octets{};
  fill_random(octets);
  return octets;
}

inline std::uint64_t random_seed() { return load_u64(random_octets<8>().data()); }

}  // namespace gslb
