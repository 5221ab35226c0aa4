// Sending a stored or arriving response to a client: conditions and ranges are answered here.
//
// Source: RFC 9111 4 (Age on reuse), 4.3.2; RFC 9110 13.2.2, 14.2, 14.6, 15.3.7 (206).
#pragma once

#include "edge/cache/object.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

class SliceSource;

struct Delivery {
  cache::ObjectRef object;
  std::string_view key = {};  // of the store
  http::CacheStatus status;
  report::CacheResult result = report::CacheResult::kHit;
  http::Fields own;  // that only this client gets
  SliceSource* slices = nullptr;  // of an object in slices
};
// Answers and counts it.  True: it was sent whole.  When slices->refused() then, nothing was sent.
Awaitable<bool> deliver(RequestScope& scope, Delivery delivery);

}  // namespace edge::serve
