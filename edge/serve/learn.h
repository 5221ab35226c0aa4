// What the store learns from answers that only pass through.
//
// Source: RFC 9111 4.3.5 (HEAD), 4.4 (unsafe methods).
#pragma once

#include "edge/cache/policy.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

// A non-error answer to an unsafe method, or to one nobody knows, invalidates what is stored for
// its target, Location and Content-Location; a 200 to HEAD renews or outdates what a GET stored.
void learn(RequestScope& scope, const http::ResponseHead& response, const cache::Exchange& moments);

}  // namespace edge::serve
