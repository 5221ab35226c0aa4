// [cache] and [site.cache]: what the operator decides where the RFCs of caching leave it open, and
// where he knows better than the origin.
//
// The schema is written in docs/edge.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge::config {

// What of a URL tells responses apart.
struct KeyRules {
  enum class Query : std::uint8_t {
    kKeep,  // as it stands
    kSort,  // its parameters in order
    kDrop,  // not at all
  };
  Query query = Query::kKeep;
  std::vector<std::string> ignore;  // patterns of parameters that tell nothing apart
  std::vector<std::string> only;    // patterns of those that do; empty: all
  std::string host;                 // lower case: responses are shared with this host's

  bool is_usual() const noexcept {
    return query == Query::kKeep && ignore.empty() && only.empty() && host.empty();
  }
  friend bool operator==(const KeyRules&, const KeyRules&) = default;
};

struct CachePolicy {
  enum class SetCookie : std::uint8_t {
    kNever,     // a response with Set-Cookie is not stored
    kShared,    // with an explicit `public` or `s-maxage`
    kExplicit,  // when it is explicitly fresh, as RFC 9111 7.3 has it
  };
  SetCookie set_cookie = SetCookie::kExplicit;
  // Freshness of a 404 or 410 that says nothing about its own (a heuristic, 4.2.2); 0: none.
  std::int64_t negative_ttl_s = 0;
  // Freshness of other responses that say nothing of their own; nothing: RFC 9111's heuristic.
  std::optional<std::int64_t> ttl_s;
  std::optional<std::int64_t> min_ttl_s;  // of what may be stored
  std::optional<std::int64_t> max_ttl_s;
  bool ignore_origin = false;               // Cache-Control, Expires and Pragma of responses
  std::vector<std::string> bypass_cookies;  // patterns of names: such requests are passed
  KeyRules key;
};

}  // namespace edge::config
