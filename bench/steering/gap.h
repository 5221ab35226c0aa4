// How near the solver comes to the linear program's bound, and how long it takes.
#pragma once

#include <cstddef>
#include <string>

namespace bench::steering {

struct GapOptions {
  std::size_t units = 100'000;
  std::size_t clusters = 64;
  std::size_t classes = 1;  // services that share the clusters
  std::size_t groups = 0;   // each of as many clusters, with room for 85 % of what they have
  double use = 0.7;
  bool learns = false;      // of whole plans: RTT samples come before each
  std::uint64_t seed = 1;
};

// A report in words: solver and Lagrangian bound, CPU seconds of the first plan and of one after
// the demand has changed.
std::string measure_gap(const GapOptions& options);
inline constexpr double kGroupRoom = 0.85;

// The same for whole plans of the daemon's epoch: demand, capacities, assignment, fallbacks, map.
std::string measure_replan(const GapOptions& options);

}  // namespace bench::steering
