// Who serves whom: rows of demand to clusters of limited capacity at least total cost.
//
// Source: the transportation problem by successive shortest paths (Ahuja, Magnanti, Orlin,
// "Network Flows", 9.7), on the graph of clusters instead of rows: every row starts at its
// cheapest cluster, then the excess of each overfull cluster is sent along the cheapest chain of
// moves to a cluster with room.  Exact, and rows at the margin are split.  Groups are nodes of that
// graph too, above their clusters: what one of them loses makes room for another.
//
// Why prices: the price of a cluster is what moving one more unit of demand away would cost.  It
// depends on demand and capacity only, not on yesterday's assignment, so the plan does not
// oscillate; and it is the explanation ("fra costs 12 ms more because it is full").
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gslb/fleet/health_board.h"
#include "gslb/steer/groups.h"

namespace gslb::steer {

struct Candidate {
  fleet::ClusterIndex cluster = 0;
  float cost_ms = 0;
};

struct AssignProblem {
  // Row r may go to candidates[offsets[r] .. offsets[r + 1]), cheapest first, no duplicates; an
  // empty range is allowed (nobody can take it).
  std::span<const Candidate> candidates;
  std::span<const std::uint32_t> offsets;  // rows + 1
  std::span<const double> demand;          // per row, >= 0, any one unit
  // Per cluster, then per group, the same unit; infinity = no limit.
  std::span<const double> capacity;
  // Steps the exact solver may take, some nanoseconds each; beyond, stable_allocation() answers.
  // Steps and not time, so that the same problem always has the same answer.
  std::uint64_t budget = std::numeric_limits<std::uint64_t>::max();
  const GroupTree* groups = nullptr;  // null: there are none

  std::size_t clusters() const noexcept {
    return groups == nullptr ? capacity.size() : groups->clusters;
  }
  HolderIndex above(HolderIndex holder) const noexcept {
    return groups == nullptr ? kNoHolder : groups->above(holder);
  }
};

struct Share {
  fleet::ClusterIndex cluster = fleet::kNoCluster;
  double fraction = 0;  // of the row's demand
};

// At most four clusters share a row; fractions add up to 1, largest first.
inline constexpr std::size_t kMaxShares = 4;
struct Assigned {
  std::array<Share, kMaxShares> shares{};
  std::size_t count = 0;  // 0: no candidate
};

struct Assignment {
  std::vector<Assigned> rows;
  // Per cluster, then per group, >= 0: its own and those of the groups it is part of.
  std::vector<double> price_ms;
  std::vector<double> load;  // per cluster, then per group, in demand units
  bool feasible = true;      // false: demand is left on clusters that are over capacity
  std::size_t moves = 0;
  std::uint64_t steps = 0;  // taken by the exact solver
  bool is_exact = true;     // false: over budget
};

// At most kMaxShares of them, largest first, as fractions of what is kept.
Assigned keep_largest(std::vector<Share> shares);

// What a row so assigned loads its clusters with; groups are left as they are.
void add_load(const Assigned& row, double demand, std::vector<double>& load);

// Whether nobody is over capacity, but for rounding.
bool fits_within(std::span<const double> load, std::span<const double> capacity);

// Deterministic: the same problem gives the same assignment.  Pure.
Assignment assign(const AssignProblem& problem);

}  // namespace gslb::steer
