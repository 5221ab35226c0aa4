// What the fleet state keeps across a restart, as versioned JSON.
//
// Times are wall times: a monotonic clock starts anew with the machine.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/fleet/admin_state.h"
#include "gslb/fleet/monitor_record.h"
#include "gslb/fleet/status.h"

namespace gslb::fleet {

inline constexpr int kStateFileVersion = 1;
// A file older than this says nothing about who is alive now.
inline constexpr std::chrono::minutes kRestoredHealthAge{10};

struct SavedAdmin {
  std::string target;
  AdminState state = AdminState::kNone;
  std::string reason;
  WallTime set_at;
  std::optional<WallTime> expires;
};

struct SavedNode {
  std::string full_id;
  NodeHealth health = NodeHealth::kUnknown;
  std::uint64_t incarnation = 0;
  std::uint64_t sequence = 0;
  std::uint32_t interval_ms = 0;
  double yield = 0;  // 0 … 1, see balance.h
};

struct SavedMonitor {
  std::string key;
  MonitorState state = MonitorState::kUnknown;
  unsigned good_in_row = 0;
  unsigned failures = 0;
  WallTime since;
};

struct SavedState {
  WallTime saved_at;
  std::vector<SavedAdmin> admin;
  std::vector<SavedNode> nodes;  // heard of at least once
  std::vector<SavedMonitor> monitors;
};

// Equal states give equal octets.
std::string write_state_file(const SavedState& state);
// Total.  A text that can't be used at all gives an empty state and one warning; a single bad entry
// is left out with its own.
SavedState parse_state_file(const std::string& text, Problems& problems);

}  // namespace gslb::fleet
