// The version this binary says it is.
#pragma once

#include <string_view>

namespace gslb::control {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace gslb::control
