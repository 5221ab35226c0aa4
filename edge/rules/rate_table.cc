#include "edge/rules/rate_table.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "gslb/base/hash.h"

namespace edge::rules {

RateTable::RateTable(std::size_t places, std::uint64_t seed)
    : seed_(seed), places_(std::bit_ceil(std::max(places, kWays))), locks_(kLocks) {}

double RateTable::take(std::uint64_t key, const Rate& rate, gslb::MonoTime now) {
  const std::uint64_t hash = gslb::hash_combine(seed_, key);
  const std::size_t set = hash & (places_.size() / kWays - 1);
  const std::int64_t now_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  const auto interval_ns = static_cast<std::int64_t>(1e9 / rate.per_s);
  const auto depth_ns = static_cast<std::int64_t>(1e9 * rate.burst / rate.per_s);
  const std::lock_guard lock(locks_[set % kLocks]);
  Place* const first = &places_[set * kWays];
  Place* place = std::find_if(first, first + kWays, [&](const Place& p) { return p.key == hash; });
  if (place == first + kWays) {
    place = std::min_element(first, first + kWays, [](const Place& a, const Place& b) {
      return a.full_at_ns < b.full_at_ns;
    });
    *place = {hash, now_ns};
  }
  const std::int64_t next = std::max(place->full_at_ns, now_ns) + interval_ns;
  if (next - now_ns > depth_ns) { return static_cast<double>(next - now_ns - depth_ns) / 1e9; }
  place->full_at_ns = next;
  return 0;
}

}  // namespace edge::rules
