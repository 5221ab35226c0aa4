// What the operator has forced: cluster or node in, out, or drained, until further notice or for a
// while.
//
// Source: gdnsd's admin_state (glob targets, forced state beats monitored state).  Entries hang on
// ids, not on indexes, and outlive the configuration that knew the id: a drained cluster taken out
// and put back by two reloads is still drained.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gslb/base/clock.h"

namespace gslb::fleet {

// One instant on both clocks: deadlines run on the first, records are kept by the second.
struct Moment {
  MonoTime mono;
  WallTime wall;
};

enum class AdminState : std::uint8_t {
  kNone,
  kDrain,  // healthy, but not to be named in new answers
  kDown,   // taken for dead
  kUp,     // serves even when its heartbeats say dead
};
std::string_view to_string(AdminState state) noexcept;  // "none" "drain" "down" "up"
std::optional<AdminState> parse_admin_state(std::string_view text) noexcept;

// Nobody means longer; and clocks count in nanoseconds, which overflow after 292 years.
inline constexpr std::chrono::hours kMaxAdminLasts{10 * 365 * 24};

struct AdminEntry {
  AdminState state = AdminState::kNone;
  std::string reason;
  WallTime set_at;
  std::optional<Moment> expires;
};

// True when `glob` (fnmatch: * ? [a-z], none of which matches '/') names `id`: "fra*" clusters,
// "*/node-1" or "fra/*" nodes.
bool glob_matches(const std::string& glob, const std::string& id);

// By cluster id ("fra") or node id ("fra/node-1").  Never holds kNone.
using AdminTable = std::map<std::string, AdminEntry, std::less<>>;

}  // namespace gslb::fleet
