// Requests of other edges: whether they are, and what they want of this one.
#pragma once

#include <optional>

#include "edge/serve/worker.h"
#include "edge/tier/caller.h"

namespace edge::serve {

// 0: it is to be answered, as one of `caller`, or of a client when that stays empty: this node has
// no [tier], and knows nobody.  Else the status of a page: the signature is wrong (403), it has
// passed too many tiers (508), or it asks only whether requests are wanted here (200, 503).
// REQUIRES: the request has tier::kEdgeField.
int admit_edge(Worker& worker, const http::RequestHead& request,
               std::optional<tier::Caller>& caller);

}  // namespace edge::serve
