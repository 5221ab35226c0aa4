// A page with Edge Side Includes put together while it streams.
//
// Source: ESI Language Specification 1.0.
#pragma once

#include <memory>
#include <string>

#include "edge/cache/body.h"
#include "edge/config/filters.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

// `body` with what it includes, as a body that grows.  It fails where an include can't be had that
// has to be, as a page that is cut does.  `esi`: of the scope's configuration.
std::shared_ptr<cache::Body> esi_page(RequestScope& scope, const std::shared_ptr<cache::Body>& body,
                                      const config::Esi& esi);

}  // namespace edge::serve
