// What it is worth to know whose clients a resolver without ECS asks for.
#pragma once

#include <cstddef>
#include <vector>

#include "bench/steering/scene.h"

namespace bench::steering {

struct Mixed {
  std::size_t joins = 0;  // a resolver that clients were seen by
  double penalty_ms = 0;  // mean over traffic without ECS, against the best cluster for all of a
                          // resolver's clients; no capacities
  double penalty_p95_ms = 0;  // the same over traffic
};

// The shipped mixtures and costs, RTT from three measurements a unit, for each of `joins`; first
// comes 0 joins, the resolver's own place.
std::vector<Mixed> measure_mixtures(const Scene& scene, const std::vector<std::size_t>& joins);

}  // namespace bench::steering
