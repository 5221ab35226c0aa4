// What each cluster holds now, so that a plan moves clients only where it is worth it.
//
// Source: steering.md (4), the switch cost; (guards), at most 5 % of demand moved an epoch.
//
// Why pieces: a row shared by two clusters may move one share and keep the other, so every share
// is a row of its own to the solver, for which all clusters but its holder cost more.
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/steer/assign.h"

namespace gslb::steer {

// The rows to be assigned, and where they were.
struct SwitchProblem {
  AssignProblem rows;                // candidates: of clusters that serve
  std::span<const Assigned> last;    // by row; empty: nothing held
  std::span<const float> switch_ms;  // by row, what leaving a holder costs, >= 0; as long as `last`
};

// Assigns the rows at least cost, switch costs included.  Shares below half of 1/256 of a row hold
// nothing.  As exact and as deterministic as assign(); rows end up with at most kMaxShares.
Assignment assign_switching(const SwitchProblem& problem);

// Of every row that the two assign otherwise, `share` as in `eager` and the rest as in `calm`: as
// both keep within the capacities, so does any blend, but for rows with more than kMaxShares.
Assignment blend(const Assignment& calm, const Assignment& eager, double share,
                 std::span<const double> demand, const GroupTree& groups);

// How much of a row changes hands between two assignments of it, 0..1; a row without a cluster in
// either moves nothing.
double moved_fraction(const Assigned& from, const Assigned& to);

}  // namespace gslb::steer
