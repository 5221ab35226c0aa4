#include "gslb/fleet/fleet_state.h"

#include <algorithm>
#include <utility>

#include "gslb/base/check.h"

namespace gslb::fleet {
namespace {

std::uint64_t milliseconds_since_1970(WallTime time) {
  const auto since = std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
  return since.count() > 0 ? static_cast<std::uint64_t>(since.count()) : 0;
}

}  // namespace

FleetState::FleetState(std::shared_ptr<const FleetModel> model, Moment now)
    : model_(std::move(model)),
      board_(std::make_shared<HealthBoard>(model_->clusters().size(),
                                           1 + model_->service_checks().size())),
      first_deadline_(now.mono +
                      model_->rules().silence_allowed(model_->rules().heartbeat_interval.count())),
      suspicion_(model_->rules().suspicion, model_->capacity_weights()) {
  for (const ClusterModel& cluster : model_->clusters()) {
    Node unknown;
    unknown.since = now.wall;
    clusters_.push_back({std::vector<Node>(cluster.nodes.size(), unknown), now.wall, {}});
    if (hears_heartbeats(cluster.health)) { unknown_ += cluster.nodes.size(); }
  }
  first_round_ = unknown_ > 0;
  begin_watching(now);
  begin_services();
  refresh_boards(now);
}

HeartbeatVerdict FleetState::judge(const Report& report, WallTime now, NodeRef* ref) const {
  ref->cluster = model_->find_cluster(report.cluster);
  if (ref->cluster == kNoCluster) { return HeartbeatVerdict::kUnknownCluster; }
  const auto index = model_->cluster(ref->cluster).find_node(report.node);
  if (!index) { return HeartbeatVerdict::kUnknownNode; }
  ref->node = *index;
  const Node& node = clusters_[ref->cluster].nodes[ref->node];
  if (report.incarnation > milliseconds_since_1970(now + model_->rules().max_clock_skew)) {
    return HeartbeatVerdict::kFutureIncarnation;
  }
  if (node.sequenced && report.incarnation < node.incarnation) {
    return HeartbeatVerdict::kOldIncarnation;
  }
  if (node.sequenced && report.incarnation == node.incarnation &&
      report.sequence <= node.sequence) {
    return HeartbeatVerdict::kStaleSequence;
  }
  return HeartbeatVerdict::kAccepted;
}

// What an accepted heartbeat makes of the node; its good_heartbeats count already includes it.
NodeHealth FleetState::health_after(const Node& node, NodeState state, bool first_round) const {
  switch (state) {
    case NodeState::kDown:
      return NodeHealth::kDown;
    case NodeState::kDraining:
      return NodeHealth::kDraining;
    case NodeState::kUp:
      break;
  }
  const bool enough = node.good_heartbeats >= model_->rules().up_thresh;
  return enough || first_round ? NodeHealth::kUp : NodeHealth::kDown;
}

HeartbeatVerdict FleetState::apply_heartbeat(const Report& report, Moment now) {
  tick(now);
  NodeRef ref;
  const HeartbeatVerdict verdict = judge(report, now.wall, &ref);
  ++verdicts_[static_cast<std::size_t>(verdict)];
  if (verdict != HeartbeatVerdict::kAccepted) { return verdict; }

  Node& node = at(ref);
  const bool restarted = node.sequenced && report.incarnation > node.incarnation;
  if (restarted) {
    node.good_heartbeats = 0;
    add_event(now.wall, EventKind::kNodeRestart, model_of(ref).full_id,
              std::to_string(report.incarnation));
  }
  node.sequenced = true;
  node.incarnation = report.incarnation;
  node.sequence = report.sequence;
  node.interval_ms = report.interval_ms;
  node.reason = report.reason;
  node.load = report.load;
  node.figures = report.figures;
  node.heard_at = now.mono;
  node.silent_since.reset();
  node.condemned = false;
  // A draining node is well, only unwanted: its heartbeats count, so that it's back at once.
  node.good_heartbeats = report.state == NodeState::kDown ? 0 : node.good_heartbeats + 1;
  set_deadline(ref, now.mono + model_->rules().silence_allowed(report.interval_ms));
  const bool in_first_round = first_round_;
  set_known(ref);
  set_health(ref, health_after(node, report.state, in_first_round), now);
  return verdict;
}

void FleetState::tick(Moment now) {
  seen_ = now.mono;
  expire_nodes(now);
  expire_admin(now);
  if (now.mono >= first_deadline_) { first_round_ = false; }
  if (now.mono >= first_watch_deadline_) { unwatched_ = 0; }
  note_suspicion(now);
  for (std::size_t v = 0; v < views_.size(); ++v) { note_service_suspicion(v, now); }
}

std::optional<MonoTime> FleetState::next_deadline() const {
  std::optional<MonoTime> next;
  const auto consider = [&](MonoTime at) { next = next ? std::min(*next, at) : at; };
  if (!deadlines_.empty()) { consider(deadlines_.begin()->first); }
  if (first_round_) { consider(first_deadline_); }
  if (unwatched_ > 0) { consider(first_watch_deadline_); }
  if (const auto at = suspicion_.next_deadline()) { consider(*at); }
  for (const ServiceView& view : views_) {
    if (const auto at = view.suspicion.next_deadline()) { consider(*at); }
  }
  for (const auto& [target, entry] : admin_) {
    if (entry.expires) { consider(entry.expires->mono); }
  }
  return next;
}

void FleetState::expire_nodes(Moment now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.mono) {
    const NodeRef ref = deadlines_.begin()->second;
    Node& node = at(ref);
    set_deadline(ref, std::nullopt);
    node.good_heartbeats = 0;
    node.load.clear();
    node.figures = {};
    node.silent_since = now.mono;
    watch_silence(ref);
    set_health(ref, NodeHealth::kStale, now);
  }
}

void FleetState::set_deadline(NodeRef ref, std::optional<MonoTime> deadline) {
  Node& node = at(ref);
  if (node.deadline) { deadlines_.erase({*node.deadline, ref}); }
  node.deadline = deadline;
  if (deadline) { deadlines_.insert({*deadline, ref}); }
}

void FleetState::set_known(NodeRef ref) {
  Node& node = at(ref);
  if (std::exchange(node.known, true)) { return; }
  if (!hears_heartbeats(model_->cluster(ref.cluster).health)) { return; }
  if (--unknown_ == 0) { first_round_ = false; }
}

void FleetState::set_health(NodeRef ref, NodeHealth health, Moment now) {
  Node& node = at(ref);
  if (node.health == health) { return; }
  add_event(now.wall, EventKind::kNodeHealth, model_of(ref).full_id,
            std::string(to_string(node.health)).append(" -> ").append(to_string(health)));
  node.health = health;
  node.since = now.wall;
  refresh_board(ref.cluster, now);
}

bool FleetState::first_round_complete(MonoTime now) const noexcept {
  return (!first_round_ || now >= first_deadline_) &&
         (unwatched_ == 0 || now >= first_watch_deadline_);
}

AdminState FleetState::admin_of(std::string_view id) const {
  const auto found = admin_.find(id);
  return found == admin_.end() ? AdminState::kNone : found->second.state;
}

FleetState::Standing FleetState::standing(NodeRef ref) const {
  const ClusterModel& cluster = model_->cluster(ref.cluster);
  const AdminState states[] = {admin_of(cluster.id), admin_of(cluster.nodes[ref.node].full_id)};
  const auto any = [&](AdminState wanted) {
    return std::find(std::begin(states), std::end(states), wanted) != std::end(states);
  };
  if (any(AdminState::kDrain) || any(AdminState::kDown)) { return Standing::kOut; }
  return any(AdminState::kUp) ? Standing::kServing : standing_by_health(ref);
}

void FleetState::refresh_board(ClusterIndex cluster, Moment now) {
  std::uint64_t alive = 0;
  for (unsigned n = 0; n < clusters_[cluster].nodes.size(); ++n) {
    const NodeRef ref{cluster, n};
    const Standing before = std::exchange(at(ref).standing, standing(ref));
    const Standing after = at(ref).standing;
    if (after == Standing::kServing) { alive |= std::uint64_t{1} << n; }
    if (after != Standing::kSeemsDead) {
      suspicion_.cleared(ref);
    } else if (before == Standing::kServing) {
      suspicion_.died(ref, now.mono);
    }
  }
  suspicion_.set_alive(cluster, alive);
  note_suspicion(now);
  refresh_services(cluster, alive, now);
  write_word(cluster, now.wall);
}

void FleetState::write_word(ClusterIndex cluster, WallTime now) {
  std::uint64_t nodes = 0;
  for (unsigned n = 0; n < clusters_[cluster].nodes.size(); ++n) {
    const NodeRef ref{cluster, n};
    const bool serves = at(ref).standing == Standing::kServing || suspicion_.holds(ref);
    if (serves) { nodes |= std::uint64_t{1} << n; }
  }
  write_service_words(cluster, nodes, now);
  const std::uint64_t before = board_->serving_nodes(cluster);
  if (nodes == before) { return; }
  board_->set_serving(cluster, nodes);
  if ((nodes == 0) != (before == 0)) {
    clusters_[cluster].since = now;
    add_event(now, EventKind::kClusterServing, model_->cluster(cluster).id,
              nodes == 0 ? "not serving" : "serving");
  }
}

void FleetState::refresh_boards(Moment now) {
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    refresh_board(static_cast<ClusterIndex>(c), now);
  }
}

void FleetState::add_event(WallTime at, EventKind kind, std::string target, std::string text) {
  if (events_.size() == kMaxEvents) { events_.pop_front(); }
  events_.push_back({at, kind, std::move(target), std::move(text)});
}

std::uint64_t FleetState::carried_last_good(const FleetState& old, ClusterIndex cluster,
                                            std::size_t old_view) const {
  const ClusterModel& model = model_->cluster(cluster);
  const ClusterIndex before = old.model_->find_cluster(model.id);
  if (before == kNoCluster) { return 0; }
  const std::uint64_t nodes = old.board_->last_good_nodes(before, old_view);
  std::uint64_t carried = 0;
  for (unsigned n = 0; n < model.nodes.size(); ++n) {
    const auto bit = old.model_->cluster(before).find_node(model.nodes[n].id);
    if (bit && ((nodes >> *bit) & 1) != 0) { carried |= std::uint64_t{1} << n; }
  }
  return carried;
}

void FleetState::adopt(const FleetState& old, Moment now) {
  std::map<std::string_view, const Node*> nodes;
  for (std::size_t c = 0; c < old.clusters_.size(); ++c) {
    for (std::size_t n = 0; n < old.clusters_[c].nodes.size(); ++n) {
      nodes[old.model_->clusters()[c].nodes[n].full_id] = &old.clusters_[c].nodes[n];
    }
  }
  first_round_ = first_round_ && old.first_round_;
  first_deadline_ = old.first_deadline_;
  admin_ = old.admin_;
  verdicts_ = old.verdicts_;
  adopt_monitors(old);
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const auto cluster = static_cast<ClusterIndex>(c);
    const ClusterModel& model = model_->cluster(cluster);
    const ClusterIndex before = old.model_->find_cluster(model.id);
    if (before == kNoCluster) { continue; }
    for (unsigned n = 0; n < model.nodes.size(); ++n) {
      const auto found = nodes.find(model.nodes[n].full_id);
      if (found == nodes.end()) { continue; }
      const NodeRef ref{cluster, n};
      Node& node = at(ref);
      node = *found->second;
      node.deadline.reset();
      node.known = false;
      set_deadline(ref, found->second->deadline);
      if (found->second->known) { set_known(ref); }
    }
    const std::uint64_t last_good = carried_last_good(old, cluster, 0);
    if (last_good != 0) { board_->set_serving(cluster, last_good); }
    refresh_board(cluster, now);
    write_yields(cluster);
  }
  adopt_suspicion(old);
  adopt_services(old);
  refresh_boards(now);  // operator's states of clusters that are new
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const ClusterIndex before = old.model_->find_cluster(model_->clusters()[c].id);
    if (before == kNoCluster) { continue; }
    const std::uint64_t serving = board_->serving_nodes(static_cast<ClusterIndex>(c));
    if ((serving == 0) == (old.board_->serving_nodes(before) == 0)) {
      clusters_[c].since = old.clusters_[before].since;
    }
  }
  events_ = old.events_;  // the steps of taking over are no events
}

}  // namespace gslb::fleet
