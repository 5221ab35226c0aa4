// What may be stored, how long it is fresh, and how old it is: the rules of a shared cache.
//
// Source: RFC 9111 3 (storing), 3.5 (Authorization), 4.2 (freshness, age), 4.2.2 (heuristic),
// 5.2 (directives); RFC 5861 (stale-while-revalidate, stale-if-error); RFC 9213 (CDN-Cache-Control
// replaces Cache-Control and Expires for us).
//
// One departure: s-maxage forbids stale use like proxy-revalidate (RFC 9111 5.2.2.10), but not what
// a stale-* directive beside it allows.  Origins write "s-maxage=60, stale-while-revalidate=600"
// and mean it; by the letter the second would be void.  must-revalidate and proxy-revalidate win.
//
// Pure: time comes as an argument, nothing is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edge/config/config.h"
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
  bool must_revalidate = false;    // not used stale merely because the origin is away
  bool never_stale = false;        // must-revalidate, proxy-revalidate: no stale use whatever
  std::int64_t stale_while_revalidate_s = 0;          // after its lifetime
  std::optional<std::int64_t> stale_if_error_s = {};  // likewise
};
Freshness freshness_of(const http::ResponseHead& response, const Exchange& exchange,
                       const config::CachePolicy& policy);

// The whole of RFC 9111 3 for a shared cache and a GET.  Economy beside it: what is stale at once
// is stored only if it can be validated or may be used stale.
bool is_storable(const RequestRules& request, const http::ResponseHead& response,
                 const Exchange& exchange, const config::CachePolicy& policy);

// Date as 6.6.1 of RFC 9110 asks of who receives a response without a valid one.
void complete_date(http::ResponseHead& response, gslb::WallTime received);

// Removes what must not be stored: hop-by-hop fields and those named by no-cache="" and
// private="" (5.2.2.4, 5.2.2.7).  Returns the latter: they belong to the one who asked.
http::Fields strip_for_storage(http::ResponseHead& response);

// Age of a stored response after `resident` in this cache.
std::int64_t current_age_s(const Freshness& freshness, gslb::milliseconds resident) noexcept;

// True if a stored response of that age satisfies the request without validation: fresh, or no
// staler than its max-stale allows.
bool is_usable(const Freshness& freshness, std::int64_t age_s,
               const RequestRules& request) noexcept;
// True if it may be used now while somebody validates it (RFC 5861 3).
bool is_usable_meanwhile(const Freshness& freshness, std::int64_t age_s,
                         const RequestRules& request) noexcept;

enum class OriginFailure : std::uint8_t {
  kUnreachable,  // no response: we are disconnected (RFC 9111 4.2.4)
  kServerError,  // 500, 502, 503 or 504 (RFC 5861 4)
};
// True if it may be used although stale because the origin failed.
bool is_usable_on(OriginFailure failure, const Freshness& freshness, std::int64_t age_s,
                  const RequestRules& request) noexcept;

}  // namespace edge::cache
