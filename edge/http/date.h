// HTTP dates.
//
// Source: RFC 9110 5.6.7: IMF-fixdate, and the obsolete RFC 850 and asctime forms a recipient has
// to accept; a two-digit year that seems over 50 years ahead is in the past.  RFC 9111 4.2: names
// compare without case, and a zone that is not GMT makes a date invalid.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gslb/base/clock.h"

namespace edge::http {

// nullopt for anything that is no date.  `now` places two-digit years.  Names of days are checked
// for being names, not for matching the date.  Years the clock can't hold (after 2261; origins
// send 9999 for "never") become the last it can.
std::optional<gslb::WallTime> parse_date(std::string_view text, gslb::WallTime now);

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_date(gslb::WallTime time);

}  // namespace edge::http
