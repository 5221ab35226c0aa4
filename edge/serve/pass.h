// Passing a request through to the origin, both bodies streamed, nothing stored.
//
// Source: RFC 9111 4.4 (invalidation by unsafe methods), RFC 9110 10.1.1 (100-continue).
#pragma once

#include "edge/serve/request_scope.h"

namespace edge::serve {

// Answers it, as answer().  `why`: for Cache-Status.
Awaitable<bool> pass(RequestScope& scope, const config::Origin& origin, http::Forward why);

}  // namespace edge::serve
