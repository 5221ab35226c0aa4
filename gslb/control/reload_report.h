// How a reload went; kept until the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"

namespace gslb::control {

struct ReloadReport {
  std::uint64_t number = 0;  // counts from 1; 0: none yet
  bool running = false;
  bool succeeded = true;
  WallTime finished;
  std::vector<std::string> problems;  // "file:line:column: error: …", warnings too
};

}  // namespace gslb::control
