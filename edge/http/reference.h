// URI references in Location and Content-Location, resolved against the request's URI.
//
// Source: RFC 3986 5.2 (resolution), 5.2.4 (dot segments), RFC 9110 4.2.3 (http and https
// normalisation), 4.3.1 (origin).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge::http {

struct Resolved {
  std::string host;    // lower case; with port unless it is the scheme's own
  std::string target;  // path and query
};
// `host`, `target`: of the request, as RequestHead has them.  Fragments are dropped.  nullopt: of
// another scheme than http(s), with user information, or octets no target has.
std::optional<Resolved> resolve_reference(std::string_view reference, std::string_view host,
                                          std::string_view target);

}  // namespace edge::http
