// Rates of very many keys in bounded memory: a bucket for each key that was busy lately.
//
// Source: the generic cell rate algorithm (ITU-T I.371): a bucket is one moment, the one at which
// it would be full again.
//
// A key that is new takes the place of the one among its neighbours whose bucket is fullest, which
// has the least to lose: the busy ones are kept, whatever crowd passes by.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "gslb/base/clock.h"

namespace edge::rules {

// Thread-safe.
class RateTable {
 public:
  // `places`: rounded up to a power of two; 16 octets each.  `seed`: so that nobody can choose keys
  // that meet.
  RateTable(std::size_t places, std::uint64_t seed);

  struct Rate {
    double per_s = 1;
    double burst = 1;  // at least 1
  };
  // Takes one from the key's bucket.  0, or the seconds until there will be one.
  double take(std::uint64_t key, const Rate& rate, gslb::MonoTime now);

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kLocks = 64;
  struct Place {
    std::uint64_t key = 0;
    std::int64_t full_at_ns = 0;
  };
  const std::uint64_t seed_;
  std::vector<Place> places_;
  std::vector<std::mutex> locks_;  // of places by their set, modulo
};

}  // namespace edge::rules
