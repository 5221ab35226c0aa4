// Accept-Encoding reduced to what makes a difference, and what it wishes.
//
// Source: RFC 9110 12.5.3, 12.4.2 (weights); RFC 9111 4.1 (normalisation before matching).
//
// Why: browsers write the same wish in dozens of ways, and each would be a variant of its own.
#pragma once

#include <string>
#include <string_view>

namespace edge::http {

// The acceptable codings, lower case, sorted, without weights; "identity" if there is no other.
// Those with weight 0 stay only where that forbids something.  "deflate" and "compress" are left
// out beside a better one: no origin prefers them.  The origin is asked with the same text, so
// what comes back fits every request that was reduced to it.
std::string normal_accept_encoding(std::string_view value);

// How much the field wants a coding, 0 (not acceptable) to 1000.  What it does not name: 0, and for
// "identity" 1, the least there is.
int coding_weight(std::string_view value, std::string_view coding);

}  // namespace edge::http
