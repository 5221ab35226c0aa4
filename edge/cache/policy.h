// What may be stored, how long it is fresh, and how old it is: the rules of a shared cache.
//
// Source: RFC 9111 3 (storing), 3.5 (Authorization), 4.2 (freshness, age), 4.2.2 (heuristic),
// 4.3.4 and 3.2 (304 updates), 5.2 (directives); RFC 9213 (CDN-Cache-Control replaces
// Cache-Control for us).
//
// Pure: time comes as an argument, nothing is kept.
#pragma once

#include <cstdint>
#include <string>

#include "edge/http/cache_control.h"
#include "edge/http/message.h"
#include "gslb/base/clock.h"

namespace edge::cache {

// What a request's own fields ask of the cache.
struct RequestRules {
  http::CacheControl control;
  bool authorized = false;     // has Authorization
  bool conditional = false;    // If-Match or If-Unmodified-Since: not for a cache to answer
  bool may_use_stored = true;  // false: no-cache or Pragma: no-cache
};
RequestRules request_rules(const http::RequestHead& request);

// The moments of one exchange with the origin; wall time, for dates are wall time.
struct Exchange {
  gslb::WallTime request_sent;
  gslb::WallTime response_received;
};

// What a stored response needs to be judged later.
struct Freshness {
  std::int64_t lifetime_s = 0;
  std::int64_t initial_age_s = 0;  // corrected_initial_age of 4.2.3, >= 0
  bool heuristic = false;          // the lifetime is our guess
  bool always_validate = false;    // no-cache: never used without asking
  bool must_revalidate = false;    // never used stale, not even when the origin is away
};
Freshness freshness_of(const http::ResponseHead& response, const Exchange& exchange);

// The whole of RFC 9111 3 for a shared cache and a GET.  Stricter than the RFC in one point: a
// response with Set-Cookie needs an explicit `public` or `s-maxage`, for an origin that sets a
// session cookie seldom means to share it.
bool is_storable(const RequestRules& request, const http::ResponseHead& response,
                 const Exchange& exchange);

// Removes what must not be stored: hop-by-hop fields and those named by no-cache="" and
// private="" (5.2.2.4, 5.2.2.7).
void strip_for_storage(http::ResponseHead& response);

// Age of a stored response after `resident` in this cache.
std::int64_t current_age_s(const Freshness& freshness, gslb::milliseconds resident) noexcept;

// True if a stored response of that age satisfies the request without validation.
bool is_usable(const Freshness& freshness, std::int64_t age_s,
               const RequestRules& request) noexcept;

// The stored head with a 304's fields put in (3.2); framing and content coding stay.
http::ResponseHead updated_by_304(const http::ResponseHead& stored,
                                  const http::ResponseHead& not_modified);

// Whether a 304 speaks about the stored response: a strong validator in it has to match (4.3.4).
bool selects(const http::ResponseHead& not_modified, const http::ResponseHead& stored);

}  // namespace edge::cache
