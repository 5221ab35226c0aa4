// Keys as the operator's rules have them: what of a URL tells responses apart.
#pragma once

#include <string>
#include <string_view>

#include "edge/config/cache_policy.h"
#include "edge/http/message.h"

namespace edge::cache {

// The key a request's responses are stored under.
std::string key_of(const config::KeyRules& rules, const http::RequestHead& request);
// The same of a URL's parts; `host` as in http::RequestHead.
std::string key_of(const config::KeyRules& rules, std::string_view host, std::string_view target,
                   bool secure);

// A target without what tells nothing apart.  The octets of what stays are as they were: only the
// origin knows what else means the same.
std::string normal_target(const config::KeyRules& rules, std::string_view target);

}  // namespace edge::cache
