// Which clusters' measurements can be believed at all.
//
// Source: steering.md, tests: lying heartbeats; RTT below light speed.
//
// Why by cluster: a unit whose place is wrong contradicts many clusters, a cluster that lies
// contradicts many units.  Who is contradicted by most of its partners is the one that is wrong.
#pragma once

#include <span>
#include <vector>

#include "gslb/measure/model.h"

namespace gslb::measure {

// The pair can't be, should the unit be where it is said to be.
bool contradicts(const PairValue& pair, double km, double place_sigma_km) noexcept;

// By cluster: too large a share of its pairs can't be, because of the units' places or of what
// other clusters measured (two legs shorter than light's way between the clusters).  The worst is
// found first and its pairs are then left out, so that it doesn't take others with it.  Half of all
// that report: none of them is believed.
std::vector<bool> find_distrusted(const Model::Input& input);

}  // namespace gslb::measure
