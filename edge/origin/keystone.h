// OpenStack Identity v3: what is asked for a token, and what the answer says.  Pure.
//
// Source: Identity API v3, "Password authentication with scoped authorization", "Authenticating
// with an Application Credential", "Token object" (expires_at, issued_at).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge/config/origin.h"

namespace edge::origin {

// The body of POST …/auth/tokens.  REQUIRES: swift.keystone.
std::string keystone_request(const config::Swift& swift);
// How long the token of that answer lives, by its own clock; nullopt where it doesn't say.
std::optional<std::int64_t> keystone_life_s(std::string_view body);

}  // namespace edge::origin
