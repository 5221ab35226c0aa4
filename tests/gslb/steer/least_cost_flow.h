// A least-cost flow on a plain graph, one Bellman-Ford a path: slow, and independent of what it
// checks.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "gslb/steer/assign.h"

namespace tests {

class LeastCostFlow {
 public:
  explicit LeastCostFlow(std::size_t nodes) : out_(nodes) {}

  void link(std::size_t from, std::size_t to, double room, double cost) {
    out_[from].push_back(arcs_.size());
    arcs_.push_back({to, room, cost});
    out_[to].push_back(arcs_.size());
    arcs_.push_back({from, 0, -cost});
  }

  // Of `wanted` from node 0 to `sink`; infinity when not all of it fits.
  double cost(double wanted, std::size_t sink) {
    double total = 0;
    while (wanted > 1e-9) {
      search();
      if (distance_[sink] == kInfinity) { return kInfinity; }
      double amount = wanted;
      for (std::size_t at = sink; at != 0; at = arcs_[by_[at] ^ 1].to) {
        amount = std::min(amount, arcs_[by_[at]].room);
      }
      for (std::size_t at = sink; at != 0; at = arcs_[by_[at] ^ 1].to) {
        arcs_[by_[at]].room -= amount;
        arcs_[by_[at] ^ 1].room += amount;
      }
      total += amount * distance_[sink];
      wanted -= amount;
    }
    return total;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Arc {
    std::size_t to;
    double room;
    double cost;
  };

  void search() {
    distance_.assign(out_.size(), kInfinity);
    by_.assign(out_.size(), 0);
    distance_[0] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t from = 0; from < out_.size(); ++from) {
        if (distance_[from] == kInfinity) { continue; }
        for (const std::size_t arc : out_[from]) {
          const double through = distance_[from] + arcs_[arc].cost;
          if (arcs_[arc].room <= 1e-9 || through >= distance_[arcs_[arc].to] - 1e-7) { continue; }
          distance_[arcs_[arc].to] = through;
          by_[arcs_[arc].to] = arc;
          changed = true;
        }
      }
    }
  }

  std::vector<Arc> arcs_;  // each with its reverse behind it
  std::vector<std::vector<std::size_t>> out_;
  std::vector<double> distance_;
  std::vector<std::size_t> by_;
};

// The total cost on rows → candidates → clusters → groups → nowhere, or infinity when not all
// demand fits.  All amounts whole.
inline double least_cost(const gslb::steer::AssignProblem& problem) {
  constexpr double kUnlimited = std::numeric_limits<double>::infinity();
  const std::size_t rows = problem.demand.size();
  const std::size_t sink = 1 + rows + problem.capacity.size();
  LeastCostFlow flow(sink + 1);
  double wanted = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (problem.offsets[row] == problem.offsets[row + 1]) { continue; }
    flow.link(0, 1 + row, problem.demand[row], 0);
    wanted += problem.demand[row];
    for (std::uint32_t at = problem.offsets[row]; at < problem.offsets[row + 1]; ++at) {
      const auto& candidate = problem.candidates[at];
      flow.link(1 + row, 1 + rows + candidate.cluster, kUnlimited,
                static_cast<double>(candidate.cost_ms));
    }
  }
  for (std::size_t i = 0; i < problem.capacity.size(); ++i) {
    const auto above = problem.above(static_cast<gslb::steer::HolderIndex>(i));
    flow.link(1 + rows + i, above == gslb::steer::kNoHolder ? sink : 1 + rows + above,
              problem.capacity[i], 0);
  }
  return flow.cost(wanted, sink);
}

}  // namespace tests
