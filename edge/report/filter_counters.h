// What was done to bodies on their way.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "edge/config/filters.h"
#include "gslb/base/counters.h"

namespace edge::report {

// What became of an include of an ESI page.
enum class IncludeResult : std::uint8_t { kOk, kFailed, kTimeout, kRefused };
inline constexpr std::array<std::string_view, 4> kIncludeResultNames = {"ok", "failed", "timeout",
                                                                        "refused"};

// One writer (the worker), many readers.
struct FilterCounters {
  struct Octets {
    gslb::Counter in;
    gslb::Counter out;
  };
  std::array<Octets, config::kCodings> encoded;
  std::array<Octets, config::kCodings> decoded;
  gslb::Counter coded_hits;  // answers from a coding that was made before
  gslb::Counter failed;      // bodies that are not in the coding they say, or are bombs
  std::array<gslb::Counter, kIncludeResultNames.size()> includes;
};

}  // namespace edge::report
