// TTLs and times as zone files write them: "3600", "1h", "1w2d3h4m5s".
//
// Source: RFC 1035 5.1, RFC 2308 4, RFC 2181 8; the units are BIND's, in any order, any case.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gslb::zone {

inline constexpr std::uint64_t kMaxTtl = 0x7fffffff;  // RFC 2181 8

// Seconds, at most 2^48; nullopt when it is not a time.  The caller looks at the range.
std::optional<std::uint64_t> parse_ttl(std::string_view text) noexcept;

}  // namespace gslb::zone
