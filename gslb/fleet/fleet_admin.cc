// The operator's part of the fleet state.
#include <algorithm>

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {

std::size_t FleetState::set_admin(const std::string& glob, AdminState state, std::string reason,
                                  std::optional<milliseconds> lasts, Moment now) {
  tick(now);
  AdminEntry entry{state, std::move(reason), now.wall, std::nullopt};
  if (lasts) {
    const milliseconds held = std::min<milliseconds>(*lasts, kMaxAdminLasts);
    entry.expires = Moment{now.mono + held, now.wall + held};
  }
  std::size_t matched = 0;
  const auto apply = [&](const std::string& id) {
    if (!glob_matches(glob, id)) { return; }
    ++matched;
    const bool changed = state == AdminState::kNone ? admin_.erase(id) > 0
                                                    : (admin_.insert_or_assign(id, entry), true);
    if (changed) { add_event(now.wall, EventKind::kAdmin, id, std::string(to_string(state))); }
  };
  for (const ClusterModel& cluster : model_->clusters()) {
    apply(cluster.id);
    for (const NodeModel& node : cluster.nodes) { apply(node.full_id); }
  }
  refresh_boards(now);
  return matched;
}

std::size_t FleetState::clear_admin(const std::string& glob, Moment now) {
  tick(now);
  std::size_t cleared = 0;
  for (auto entry = admin_.begin(); entry != admin_.end();) {
    if (!glob_matches(glob, entry->first)) {
      ++entry;
      continue;
    }
    add_event(now.wall, EventKind::kAdmin, entry->first, "none");
    entry = admin_.erase(entry);
    ++cleared;
  }
  refresh_boards(now);
  return cleared;
}

void FleetState::expire_admin(Moment now) {
  bool expired = false;
  for (auto entry = admin_.begin(); entry != admin_.end();) {
    if (!entry->second.expires || entry->second.expires->mono > now.mono) {
      ++entry;
      continue;
    }
    add_event(now.wall, EventKind::kAdmin, entry->first,
              std::string(to_string(entry->second.state)) + " expired");
    entry = admin_.erase(entry);
    expired = true;
  }
  if (expired) { refresh_boards(now); }
}

}  // namespace gslb::fleet
