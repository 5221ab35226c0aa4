// The fleet state across a restart.
#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {

std::string FleetState::save_state(WallTime now) const {
  SavedState saved;
  saved.saved_at = now;
  for (const auto& [target, entry] : admin_) {
    std::optional<WallTime> expires;
    if (entry.expires) { expires = entry.expires->wall; }
    saved.admin.push_back({target, entry.state, entry.reason, entry.set_at, expires});
  }
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    for (std::size_t n = 0; n < clusters_[c].nodes.size(); ++n) {
      const Node& node = clusters_[c].nodes[n];
      if (!node.sequenced) { continue; }
      saved.nodes.push_back({model_->clusters()[c].nodes[n].full_id, node.health, node.incarnation,
                             node.sequence, node.interval_ms, node.yield.share});
    }
  }
  save_monitors(saved);
  return write_state_file(saved);
}

void FleetState::restore_state(const std::string& text, Moment now, Problems& problems) {
  const SavedState saved = parse_state_file(text, problems);
  for (const SavedAdmin& entry : saved.admin) {
    std::optional<Moment> expires;
    if (entry.expires) {
      if (*entry.expires <= now.wall) { continue; }
      expires = Moment{now.mono + (*entry.expires - now.wall), *entry.expires};
    }
    admin_.insert_or_assign(entry.target,
                            AdminEntry{entry.state, entry.reason, entry.set_at, expires});
  }
  // A file from the future was written by another clock: its health says nothing either.
  const bool recent = saved.saved_at <= now.wall && now.wall - saved.saved_at <= kRestoredHealthAge;
  if (recent) { restore_monitors(saved); }
  std::size_t restored = 0;
  for (const SavedNode& node : saved.nodes) {
    const std::size_t slash = node.full_id.find('/');
    const ClusterIndex cluster = model_->find_cluster(node.full_id.substr(0, slash));
    if (slash == std::string::npos || cluster == kNoCluster) { continue; }
    const auto index = model_->cluster(cluster).find_node(node.full_id.substr(slash + 1));
    if (!index) { continue; }
    restore_node({cluster, *index}, node, recent, now);
    ++restored;
  }
  refresh_boards(now);
  if (restored + admin_.size() > 0) {
    add_event(now.wall, EventKind::kRestored, "",
              std::to_string(restored) + " nodes, " + std::to_string(admin_.size()) +
                  " operator's states");
  }
}

void FleetState::restore_node(NodeRef ref, const SavedNode& saved, bool recent, Moment now) {
  Node& node = at(ref);
  node.sequenced = true;
  node.incarnation = saved.incarnation;
  node.sequence = saved.sequence;
  if (!recent || saved.health == NodeHealth::kUnknown) { return; }
  node.yield.share = saved.yield;
  write_yields(ref.cluster);
  node.interval_ms = saved.interval_ms;
  // A node that was dead stays so without a deadline; nobody has to wait for it.
  if (saved.health != NodeHealth::kStale) {
    set_deadline(ref, now.mono + model_->rules().silence_allowed(saved.interval_ms));
  }
  set_known(ref);
  set_health(ref, saved.health, now);
}

}  // namespace gslb::fleet
