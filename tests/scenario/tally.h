// The counters of a world by the names scenarios use.
#pragma once

#include <map>
#include <string>

#include "tests/support/world.h"

namespace scenario {

using Tally = std::map<std::string, std::uint64_t>;

// queries, responses, routed, dropped, truncated, edns, rcode.NOERROR, ecs.used,
// decision.SERVICE.CLUSTER.REASON (CLUSTER "none": a fallback without one).
Tally tally(const tests::World& world);

}  // namespace scenario
