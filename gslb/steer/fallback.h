// Who takes a cluster's clients when it dies, so that no single death overfills the others.
//
// Source: steering.md "N-1".
//
// Why beforehand: until the next plan workers go by the row alone.  A row's second choice by cost
// is the same neighbour for a whole region, which then is the next to fall.
#pragma once

#include <vector>

#include "gslb/steer/assign.h"

namespace gslb::steer {

struct Fallbacks {
  // By row: the first choice after those that share it; kNoCluster: any order will do.
  std::vector<fleet::ClusterIndex> first;
  // By cluster: what the others' capacities would have to be multiplied with to take its clients
  // when it dies; 1: they have room.
  std::vector<double> scale_if_lost;
};

// `rows`: the problem `made` was assigned from.  For each cluster its rows are assigned to what is
// left of the others; a row that clusters share falls to those.  Deterministic; pure.
Fallbacks assign_fallbacks(const AssignProblem& rows, const Assignment& made);

}  // namespace gslb::steer
