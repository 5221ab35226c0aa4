// A response that is not stored, and yet coded, decoded or put together on its way.
#pragma once

#include <memory>

#include "edge/cache/policy.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

// True if `response`, to the scope's request, is to be changed on its way.
bool needs_filtering(const RequestScope& scope, const http::ResponseHead& response);

// Answers with it, as pass() does.  `exchange`: the body is still to be read.
Awaitable<bool> pass_filtered(RequestScope& scope, std::unique_ptr<origin::Exchange> exchange,
                              http::ResponseHead response, const cache::Exchange& moments,
                              http::Forward why);

}  // namespace edge::serve
