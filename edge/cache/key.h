// Which stored responses answer a request: the primary key and Vary's secondary key.
//
// Source: RFC 9111 2, 4.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/cache_policy.h"
#include "edge/http/message.h"

namespace edge::cache {

// Scheme, host and target: what http redirects to https must not be what https gives.  GET and HEAD
// share it; no other method is answered from the store.
std::string primary_key(std::string_view host, std::string_view target, bool secure);

// The request fields a response was selected by, in a form that compares equal when the fields
// mean the same: names lower case and sorted, values joined, list spacing normalised, and
// Accept-Encoding as the set of codings we ask origins for.
struct Variant {
  std::vector<http::Field> selected;
  friend bool operator==(const Variant&, const Variant&) = default;
};
// REQUIRES: no "*" among the response's Vary elements (such a response is not stored).
Variant variant_of(const http::Fields& request, const http::Fields& response);
// True if `request` would have selected the same.
bool matches(const Variant& variant, const http::Fields& request);

// The keys an unsafe method's success makes invalid: its own target, and Location and
// Content-Location when they are of the same origin (RFC 9111 4.4).  `rules`: as keys are made.
std::vector<std::string> invalidated_keys(const http::RequestHead& request,
                                          const http::Fields& response,
                                          const config::KeyRules& rules = {});

}  // namespace edge::cache
