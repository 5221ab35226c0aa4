// Purges that requests of clients bring about.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/serve/request_scope.h"

namespace edge::serve {

enum class PurgeOutcome : std::uint8_t { kKept, kNotKept, kRefused };
// Returns when they hold, and will after a restart; kNotKept: the journal can't be written, or is
// not within ten seconds.
Awaitable<PurgeOutcome> carry_out(Worker& worker, std::vector<cache::Purge> purges);

// PURGE as Varnish's users know it: the URL of the request is purged.
// Answers and counts it: 200 when the URL is purged, 403 to who may not.
// REQUIRES: the method is PURGE and the configuration takes it.
Awaitable<bool> answer_purge(RequestScope& scope);

}  // namespace edge::serve
