// Counters turned into the loads a heartbeat carries.
//
// Source: steering.md "Capacity per resource": current, target, max; monotone in traffic.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "edge/config/config.h"
#include "edge/report/counters.h"
#include "gslb/base/clock.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Sums over all workers at one moment.
struct Totals {
  std::uint64_t requests = 0;
  std::uint64_t sent_octets = 0;
  std::uint64_t connections = 0;  // open now
  gslb::fleet::CacheUse cache{};  // of what is asked of origins or the store
};
Totals sum(const std::vector<const WorkerCounters*>& workers);

// Rates over the last second, whatever the interval of asking.  Thread-compatible.
class LoadMeter {
 public:
  struct Load {
    double requests_per_s = 0;
    double egress_bits_per_s = 0;
    double connections = 0;
  };
  // `now` must not go back.  The first call has nothing to compare with and gives zero rates.
  Load observe(const Totals& totals, gslb::MonoTime now);

 private:
  struct Sample {
    gslb::MonoTime at;
    Totals totals;
  };
  std::deque<Sample> samples_;  // oldest first, the first at least a second old if there is one
};

// What the cache did between two sums.
gslb::fleet::CacheUse cache_use(const Totals& before, const Totals& now);

gslb::fleet::StoreUse store_use(const StoreFigures& store);

// The three resources every edge measures, with the configured target and max (0: not configured).
std::vector<gslb::fleet::ResourceLoad> resource_loads(
    const LoadMeter::Load& load, const std::vector<config::Capacity>& capacity);

}  // namespace edge::report
