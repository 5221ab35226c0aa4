// The pairs of a Cookie field.
//
// Source: RFC 6265 4.2.1.
#pragma once

#include <optional>
#include <string_view>

#include "edge/http/fields.h"

namespace edge::http {

struct Cookie {
  std::string_view name;
  std::string_view value;  // as written, quotes included
};

// A Cookie field's value; "": the request has none.
std::string_view cookies_of(const Fields& request) noexcept;
// Takes the next pair off the front of `rest`, begun with cookies_of(); nullopt at the end.  What
// has no "=" is a name without a value.
std::optional<Cookie> next_cookie(std::string_view& rest) noexcept;

}  // namespace edge::http
