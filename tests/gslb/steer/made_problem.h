// An assignment problem in the making, row by row.
#pragma once

#include <algorithm>
#include <vector>

#include "gslb/steer/assign.h"

namespace tests {

// Owns what an AssignProblem looks at.
struct MadeProblem {
  std::vector<gslb::steer::Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
  std::vector<double> demand;
  std::vector<double> capacity;

  void row(double amount, std::vector<gslb::steer::Candidate> to) {
    std::ranges::stable_sort(to, {}, &gslb::steer::Candidate::cost_ms);
    candidates.insert(candidates.end(), to.begin(), to.end());
    offsets.push_back(static_cast<std::uint32_t>(candidates.size()));
    demand.push_back(amount);
  }
  gslb::steer::AssignProblem problem() const { return {candidates, offsets, demand, capacity}; }
};

}  // namespace tests
