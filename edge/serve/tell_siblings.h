// The other nodes of the cluster hear of what an unsafe method ended: they may have copies of it
// though the request did not come by them.
//
// Source: RFC 9111 4.4.  Beyond it: a cluster is one cache to its clients.
#pragma once

#include <string>
#include <vector>

#include "edge/serve/request_scope.h"

namespace edge::serve {

// Tells all that answer, beside the request; who can't be reached keeps what it has.  Of those a
// request passes in one cluster the first tells.  `keys`: of what was stored.
void tell_siblings(const RequestScope& scope, const std::vector<std::string>& keys);

// Ends what is stored under the key of the request and answers: 200 once it is gone for good.
// REQUIRES: another edge orders it.
Awaitable<bool> answer_told(RequestScope& scope);

}  // namespace edge::serve
