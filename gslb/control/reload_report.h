// What a reload is to do, and how it went; the report is kept until the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/dns/name.h"

namespace gslb::control {

struct ReloadRequest {
  std::optional<dns::Name> zone;  // this zone's file alone; nullopt: everything
  bool force = false;             // zone files too that look unchanged

  friend bool operator==(const ReloadRequest&, const ReloadRequest&) = default;
};

struct ReloadReport {
  std::uint64_t number = 0;  // counts from 1; 0: none yet
  bool running = false;      // or others wait for their turn
  bool succeeded = true;
  std::size_t kept_zones = 0;  // whose file has errors: their older copy keeps serving
  WallTime finished;
  std::vector<std::string> problems;  // "file:line:column: error: …", warnings too
};

}  // namespace gslb::control
