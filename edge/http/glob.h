// Patterns of rules: "*" is any octets (none, too), "?" is one.
//
// Why no regular expressions: std::regex recurses as deep as the text is long, and backtracking
// makes a hostile request cost seconds.  Here a text costs at most its length times the pattern's.
#pragma once

#include <string_view>

namespace edge::http {

// The whole of `text`, octet by octet.  Total.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace edge::http
