// A small seeded generator: simulations and jitter replay from one number.  Not for secrets.
#pragma once

#include <cstdint>

#include "gslb/base/hash.h"

namespace gslb {

// splitmix64.  Thread-compatible; one seed is one sequence, on every machine.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix64(state_);
  }
  // Uniform in [0, bound).  REQUIRES: bound > 0.  The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // Uniform in [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace gslb
