// What a row of the plan costs at each cluster: a unit's own costs, or those of the clients that a
// resolver's one answer is for.
//
// Source: steering.md (1), (3).  The planner and explain must not differ in them.
#pragma once

#include <vector>

#include "gslb/measure/estimator.h"
#include "gslb/measure/mixtures.h"
#include "gslb/steer/cost.h"

namespace gslb::steer {

// What a cost rests on.
struct CostView {
  const CostModel& costs;
  const std::vector<geo::Unit>& units;
  const measure::EstimateTable* estimates;  // null: by the distance
};

Cost unit_cost(const CostView& view, ServiceIndex service, geo::UnitIndex unit,
               fleet::ClusterIndex cluster, std::uint8_t variant);

struct MixedCosts {
  geo::UnitIndex leader = 0;     // whose lists of pools and overrides the row goes by
  std::vector<Cost> by_cluster;  // what is masked is so for the leader, or for others
};

// Each term is the mean over the mixture's clients.  A cluster is masked when it is for the unit
// most of them are in, the leader, or for more than a tenth.  Where that leaves none (a geofence
// between the clients), and where an override prefers or bans clusters for the resolver's own
// prefix, leader and costs are those of the resolver's own place.
MixedCosts mixed_costs(const CostView& view, ServiceIndex service, const measure::Mixture& mixture,
                       std::uint8_t variant);

}  // namespace gslb::steer
