// What assignments are made of.
#include <algorithm>

#include "gslb/steer/assign.h"

namespace gslb::steer {

Assigned keep_largest(std::vector<Share> shares) {
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.fraction > b.fraction; });
  Assigned result;
  result.count = std::min(shares.size(), kMaxShares);
  double kept = 0;
  for (std::size_t i = 0; i < result.count; ++i) { kept += shares[i].fraction; }
  for (std::size_t i = 0; i < result.count; ++i) {
    result.shares[i] = {shares[i].cluster, shares[i].fraction / kept};
  }
  return result;
}

void add_load(const Assigned& row, double demand, std::vector<double>& load) {
  for (std::size_t i = 0; i < row.count; ++i) {
    load[row.shares[i].cluster] += row.shares[i].fraction * demand;
  }
}

bool fits_within(std::span<const double> load, std::span<const double> capacity) {
  constexpr double kRounding = 1e-9;
  for (std::size_t i = 0; i < load.size(); ++i) {
    if (load[i] > capacity[i] * (1 + kRounding)) { return false; }
  }
  return true;
}

}  // namespace gslb::steer
