// A response as one client gets it: as it is stored, or coded, decoded, put together.
#pragma once

#include "edge/cache/object.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

struct Shown {
  // The response itself where nothing is to be done.  Else one of the same age whose body grows
  // from its; where the request needs no body, an empty one that is never read.
  cache::ObjectRef object;
  bool is_changed = false;  // other octets than those stored: no range of them is one of those
};
// `key`: of the store.
Shown filtered(RequestScope& scope, const cache::ObjectRef& object, std::string_view key);

// What is done to answers to this request.  Nothing, when another edge asks: the client's does it.
const config::Filters& filters_of(const RequestScope& scope);

// The head of a response without a body (HEAD) that is passed on, as a GET would have it.
http::ResponseHead filtered_head_of(const RequestScope& scope, http::ResponseHead head);

// What a request to the origin says of the filters its answer will go through.
void tell_of_filters(ForwardOptions& options, const config::Filters& filters);

}  // namespace edge::serve
