// Cache-Control (and CDN-Cache-Control) directives as a value.
//
// Source: RFC 9111 5.2 (directives, delta-seconds 1.2.2, duplicates and invalid values 4.2.1),
// RFC 5861 (stale-*), RFC 9213 2.1 (targeted fields are dictionaries of RFC 8941).
//
// Total: whatever the octets are, something sensible comes out; unknown directives are ignored and
// an invalid age counts as 0 (RFC 9111 4.2.1 encourages to consider such a response stale).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/http/fields.h"

namespace edge::http {

// The largest delta-seconds kept; greater ones saturate (RFC 9111 1.2.2).
inline constexpr std::int64_t kMaxDeltaSeconds = 2'147'483'648;

struct CacheControl {
  bool present = false;  // at least one directive was read
  bool no_store = false;
  bool no_cache = false;    // without field names
  bool is_private = false;  // without field names
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool only_if_cached = false;
  bool no_transform = false;
  std::optional<std::int64_t> max_age_s;
  std::optional<std::int64_t> s_maxage_s;
  std::optional<std::int64_t> min_fresh_s;
  std::optional<std::int64_t> max_stale_s;  // kMaxDeltaSeconds when it has no argument
  std::optional<std::int64_t> stale_while_revalidate_s;
  std::optional<std::int64_t> stale_if_error_s;
  std::vector<std::string> no_cache_fields;  // no-cache="a, b", lower case
  std::vector<std::string> private_fields;   // private="a, b", lower case
};

// `value`: all field lines joined by commas.  Of a directive with an age that is given twice the
// first counts (RFC 9111 4.2.1).
CacheControl parse_cache_control(std::string_view value);

// A targeted field, all its lines joined by commas.  nullopt when it is empty or no dictionary:
// then it is as if it were not there (RFC 9213 2.1).
std::optional<CacheControl> parse_targeted_cache_control(std::string_view value);

// delta-seconds, saturating; nullopt unless 1*DIGIT.
std::optional<std::int64_t> parse_delta_seconds(std::string_view text) noexcept;

}  // namespace edge::http
