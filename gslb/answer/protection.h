// What guards the server and its neighbours: access lists, cookies, response rate limits.
//
// Source: RFC 7873 and RFC 9018 (cookies), RFC 8914 4.19 (Prohibited).
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "gslb/answer/rate_limiter.h"
#include "gslb/base/prefix_set.h"
#include "gslb/dns/cookie.h"
#include "gslb/zone/zone.h"

namespace gslb::answer {

// The limits with the table of every worker.  The limits are immutable, a table is its worker's.
struct RateLimiter {
  RateLimiter(const RateLimits& wanted, std::size_t workers) : limits(wanted) {
    for (std::size_t i = 0; i < workers; ++i) {
      tables.push_back(std::make_unique<RateTable>(limits, workers));
    }
  }
  const RateLimits limits;
  std::vector<std::unique_ptr<RateTable>> tables;
};

// Immutable but for the tables; thread-safe.
struct Protection {
  std::vector<dns::CookieSecret> cookie_secrets;  // the newest first; none: no cookies
  bool require_cookie = false;                    // a bad server cookie over UDP gets BADCOOKIE
  std::shared_ptr<RateLimiter> rates;             // null: no limits
  bool restricts_queries = false;                 // `query` counts
  PrefixSet query;                                // who may ask
  // Zones with a list of their own, by the hash of their apex in wire form.
  std::unordered_map<std::uint64_t, PrefixSet> zone_query;

  bool may_ask(const Address& client) const noexcept {
    return !restricts_queries || query.contains(client);
  }
  bool may_ask(const Address& client, const zone::Zone& zone) const noexcept;
};

// The key of zone_query.
std::uint64_t apex_hash(const dns::Name& apex) noexcept;

}  // namespace gslb::answer
