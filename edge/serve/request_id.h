// X-Request-Id: one name for a request in the logs of everybody it passes.
#pragma once

#include "edge/http/message.h"

namespace edge::serve {

inline constexpr std::string_view kRequestIdField = "X-Request-Id";

// Keeps the client's when it is one (1 to 128 letters, digits and "-_.:+/="), else takes it away;
// `wanted`: a request without one gets 32 random hexadecimal digits.
void settle_request_id(http::RequestHead& request, bool wanted);

}  // namespace edge::serve
