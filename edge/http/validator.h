// Entity tags, conditional requests and ranges: what a cache may answer by itself.
//
// Source: RFC 9110 8.8.3 (ETag), 13.1.2, 13.1.3, 13.1.5 (If-None-Match, If-Modified-Since,
// If-Range), 13.2.2 (precedence), 14.1-14.2 (Range); RFC 9111 4.3.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "edge/http/fields.h"
#include "gslb/base/clock.h"

namespace edge::http {

struct EntityTag {
  bool weak = false;
  std::string_view opaque;  // between the quotes; points into the parsed text
};

// A whole entity-tag and nothing else.
std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept;
// RFC 9110 8.8.3.2.
bool strongly_equal(const EntityTag& a, const EntityTag& b) noexcept;
bool weakly_equal(const EntityTag& a, const EntityTag& b) noexcept;

// Whether a GET or HEAD is to be answered 304 from a 200 response with these fields: If-None-Match
// decides when present, If-Modified-Since only without it.
bool not_modified(const Fields& request, const Fields& response, gslb::WallTime now);

// A single byte range within a representation.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
};
enum class RangeKind : std::uint8_t {
  kWhole,          // no Range, or one we may ignore (other unit, several ranges, malformed)
  kPartial,        // 206 with `range`
  kUnsatisfiable,  // 416
};
struct RangeDecision {
  RangeKind kind = RangeKind::kWhole;
  ByteRange range;
};
// For a GET answered from a complete 200 response of `size` octets.  If-Range needs a strong
// match; a weak or other validator means the whole (13.1.5).
RangeDecision decide_range(const Fields& request, const Fields& response, std::uint64_t size,
                           gslb::WallTime now);

}  // namespace edge::http
