// Who takes a cluster's clients when it dies, so that no single death overfills the others.
//
// Source: steering.md "N-1".
//
// Why beforehand: until the next plan workers go by the row alone.  A row's second choice by cost
// is the same neighbour for a whole region, which then is the next to fall.
#pragma once

#include <array>
#include <vector>

#include "gslb/steer/assign.h"

namespace gslb::steer {

// Who is named next, in order, when the clusters that share a row don't serve: when its cluster has
// died, when a group of it has, when one around that has; kNoCluster: whoever.
using Heirs = std::array<fleet::ClusterIndex, 3>;
inline constexpr Heirs kNoHeirs = {fleet::kNoCluster, fleet::kNoCluster, fleet::kNoCluster};

struct Fallbacks {
  std::vector<Heirs> heirs;  // by row
  // By cluster, then by group: what the others' capacities would have to be multiplied with to take
  // its clients when it dies; 1: they have room, or such a group doesn't die as a whole.
  std::vector<double> scale_if_lost;
};

// `rows`: the problem `made` was assigned from.  For each group that fails together, the outermost
// first, then for each cluster its rows are assigned to what is left of the others; a row that
// clusters share falls to those.  Who leaves a group when one of its clusters dies goes where he is
// to go when all of it does: so the larger death finds nobody where he was not counted.
// Deterministic; pure.
Fallbacks assign_fallbacks(const AssignProblem& rows, const Assignment& made);

}  // namespace gslb::steer
