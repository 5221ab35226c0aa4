// What an HTTP server's octets say about it.
//
// Source: RFC 9112 4 and 6 (status line, length of a body); the request is HTTP/1.0, so the body is
// not chunked and ends with the connection or its Content-Length.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gslb/monitor/prepared.h"

namespace gslb::monitor {

inline constexpr std::size_t kMostHead = 16'384;
inline constexpr std::size_t kMostBody = 262'144;  // of it the expected text is looked for in

// `item`: the address, for Host where the monitor names none.
std::string write_request(const config::Monitor& monitor, const std::string& item);

// The verdict on what was received so far; nullopt: more is needed.  `ended`: there is no more.
// Total.
std::optional<Finding> judge_http(const config::Monitor& monitor, std::string_view received,
                                  bool ended);

}  // namespace gslb::monitor
