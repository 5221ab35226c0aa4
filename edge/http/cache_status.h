// The Cache-Status response field: what this cache did with the request.
//
// Source: RFC 9211 2 (parameters), RFC 8941 (structured fields).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

enum class Forward : std::uint8_t {
  kNone,
  kBypass,
  kMethod,
  kUriMiss,
  kVaryMiss,
  kStale,
  kRequest,
  kPartial
};

struct CacheStatus {
  bool hit = false;
  Forward forward = Forward::kNone;   // why it went to the origin
  std::optional<int> forward_status;  // the origin's status, when it differs from ours
  std::optional<std::int64_t> ttl_s;  // remaining freshness, negative when stale
  bool stored = false;
  bool collapsed = false;
  std::string_view detail;  // a token; may be empty
};

// One member of the list, e.g. `edge-1; hit; ttl=30`.  `cache` is written as a token if it is one,
// else as a string.
std::string write_cache_status(std::string_view cache, const CacheStatus& status);

}  // namespace edge::http
