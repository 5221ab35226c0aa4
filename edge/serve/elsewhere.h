// Clients that another cluster should serve.
//
// Source: RFC 9110 15.4 (redirects), RFC 7838 3, 5 (Alt-Svc, Alt-Used).
#pragma once

#include <optional>
#include <string>

#include "edge/serve/request_scope.h"

namespace edge::serve {

// Whether the request has been sent here from another cluster, or knows of this one: then it is
// answered here, whatever.
bool was_sent_here(const http::RequestHead& request) noexcept;

// The URL where this client should ask, by [redirect]; nullopt: here.  `octets`: of what it would
// get; nullopt: not known yet.  Where Alt-Svc is the way, it is put into the answer instead.
std::optional<std::string> elsewhere(RequestScope& scope, std::optional<std::uint64_t> octets);

// The same for a request that there is no room for here.
std::optional<std::string> where_there_is_room(const RequestScope& scope);

Awaitable<bool> send_elsewhere(RequestScope& scope, std::string url);

}  // namespace edge::serve
