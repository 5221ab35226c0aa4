// One line of a recording: what a plan was told of a cluster or a group.  See recording.h.
#pragma once

#include <string>
#include <string_view>

#include "gslb/steer/capacity.h"

namespace gslb::control {

// A number that a plan can be made of; false: `text` is none.
bool read_amount(std::string_view text, double* into);

// "up 0.73 target fails 1,3"
std::string cluster_text(const steer::ClusterInput& input);
// Total.
bool read_cluster(std::string_view line, steer::ClusterInput& input);

}  // namespace gslb::control
