// Entity tags, conditional requests and ranges: what a cache may answer by itself.
//
// Source: RFC 9110 8.8 (validators), 13.1.2, 13.1.3, 13.1.5 (If-None-Match, If-Modified-Since,
// If-Range), 13.2.2 (precedence), 14.1-14.4 (Range, Content-Range); RFC 9111 4.3.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// What If-Range may name of this response: its strong ETag, else a Last-Modified that is strong
// because it is well before Date (8.8.2.2).  nullopt: nothing in it is strong.
std::optional<std::string> strong_validator(const Fields& response, gslb::WallTime now);

// Whether a GET or HEAD is to be answered 304 from a 200 response with these fields: If-None-Match
// decides when present, If-Modified-Since only without it.
bool not_modified(const Fields& request, const Fields& response, gslb::WallTime now);

// A single byte range within a representation.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::uint64_t size() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// As Range has it: "bytes=0-99".
std::string range_of(const ByteRange& range);

// What a Range field asks for before the size is known.
struct RangeSpec {
  std::optional<std::uint64_t> first;  // absent: the last `last` octets
  std::optional<std::uint64_t> last;   // absent: to the end
};
// Nothing (empty) for no Range or one that is to be ignored: another unit, malformed, several
// fields, more than kMaxRanges ranges.
inline constexpr std::size_t kMaxRanges = 64;
std::vector<RangeSpec> parse_range(const Fields& request);

// RFC 9110 14.4 of a 206; nullopt when it is missing, malformed, of another unit, or does not say
// how large the whole is.
struct ContentRange {
  ByteRange range;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(const Fields& response);

enum class RangeKind : std::uint8_t {
  kWhole,          // no Range, or one that is ignored
  kPartial,        // 206 with `ranges`
  kUnsatisfiable,  // 416
};
struct RangeDecision {
  RangeKind kind = RangeKind::kWhole;
  std::vector<ByteRange> ranges;  // kPartial: at least one, apart from each other
};
// For a GET answered from a 200 response of `size` octets.  If-Range needs a strong match; a weak
// or other validator means the whole (13.1.5).  Ranges that overlap or nearly touch become one
// (15.3.7.2); what then is the larger part of many is answered whole.
RangeDecision decide_range(const Fields& request, const Fields& response, std::uint64_t size,
                           gslb::WallTime now);

}  // namespace edge::http
