// What measurements are worth: the mean RTT lost when answers rest on a few of them a unit.
#pragma once

#include <string>
#include <vector>

#include "bench/steering/scene.h"

namespace bench::steering {

struct Learnt {
  std::size_t measurements = 0;  // a unit
  double penalty_ms = 0;         // mean over traffic, against the best cluster; no capacities
  double penalty_p95_ms = 0;
};

// The shipped estimator and its shipped choice of what to measure, one measurement a unit and
// round, for 0 to `most` of them.  First comes the claimed distance alone, as `measurements` 0.
std::vector<Learnt> learn(const Scene& scene, std::size_t most);

}  // namespace bench::steering
