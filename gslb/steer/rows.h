// Rows of the answer map: from a plan's shares, or straight from a policy.
//
// Source: steering.md (4) and (5); consistent hashing: a cluster that comes or goes moves the names
// it is to have and no others.
#pragma once

#include <span>
#include <vector>

#include "gslb/steer/answer_map.h"
#include "gslb/steer/candidates.h"
#include "gslb/steer/fallback.h"

namespace gslb::steer {

// A row of a (service, unit) that prices don't move.
struct FixedRow {
  std::size_t row = 0;  // service * units + unit
  Row made;             // not empty
};

// The shares in cluster order, so that a change of weight moves only the names between the old and
// the new border; then the heirs, those there are; then every other candidate by cost plus price.
Row planned_row(std::span<const Candidate> candidates, const Assigned& assigned,
                const std::vector<ClusterInput>& clusters, const std::vector<double>& price_ms,
                const Heirs& heirs);

// The row of a pool that prices don't move.  Equals share by weight: the clusters of the first
// serving candidate's pool and cost, each with the interval of names it has when all serve; one
// that doesn't leaves its interval to the others.  Else the first that serves has all.  Then the
// other candidates, in order.  When nobody serves, as if all did.
Row policy_row(std::span<const Candidate> candidates, const Inside& pool, const PoolOrder& order,
               const std::vector<ClusterInput>& clusters);

// Share of the names that the two rows plan for different clusters, 0..1; 0 if one is empty.
double moved_names(const Row& from, const Row& to);

}  // namespace gslb::steer
