// Services' own monitors in the fleet state: a node that fails one is named for all services but
// that.
#include <cmath>

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {

void FleetState::begin_services() {
  std::vector<NodeRef> nodes;
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    for (unsigned n = 0; n < clusters_[c].nodes.size(); ++n) {
      nodes.push_back({static_cast<ClusterIndex>(c), n});
    }
  }
  const std::vector<std::uint64_t> none(clusters_.size(), 0);
  for (const ServiceChecks& checks : model_->service_checks()) {
    const std::size_t v = views_.size();
    views_.push_back({Suspicion(model_->rules().suspicion, model_->capacity_weights(&checks)), none,
                      none, std::nullopt});
    for (const NodeRef ref : nodes) {
      if (!checks.uses(ref.cluster)) { continue; }
      for (const std::uint32_t index : checks.monitors[ref.cluster][ref.node]) {
        watches_[index].checked.emplace_back(v, ref);
      }
    }
  }
}

// Of a node for a service: any of the service's monitors that is down says down.
MonitorState FleetState::state_for(const ServiceChecks& checks, NodeRef ref) const {
  MonitorState state = MonitorState::kUnknown;
  for (const std::uint32_t index : checks.monitors[ref.cluster][ref.node]) {
    const MonitorState one = watches_[index].record.state;
    if (one == MonitorState::kDown) { return one; }
    if (one == MonitorState::kUp) { state = one; }
  }
  return state;
}

// `alive`: nodes of the cluster that nothing else has down.
void FleetState::refresh_services(ClusterIndex cluster, std::uint64_t alive, Moment now) {
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const ServiceChecks& checks = model_->service_checks()[v];
    ServiceView& view = views_[v];
    std::uint64_t failing = 0;
    std::uint64_t good = 0;
    for (unsigned n = 0; n < checks.monitors[cluster].size(); ++n) {
      const NodeRef ref{cluster, n};
      const std::uint64_t bit = std::uint64_t{1} << n;
      const MonitorState state = state_for(checks, ref);
      if (state == MonitorState::kDown) { failing |= bit; }
      if (state == MonitorState::kUp) { good |= bit & alive; }
      if ((alive & failing & bit) == 0) {
        view.suspicion.cleared(ref);
      } else if ((view.good[cluster] & bit) != 0) {
        view.suspicion.died(ref, now.mono);
      }
    }
    view.failing[cluster] = failing;
    view.good[cluster] = good;
    view.suspicion.set_alive(cluster, checks.uses(cluster) ? alive & ~failing : 0);
    note_service_suspicion(v, now);
  }
}

// `nodes`: those that serve at all.
void FleetState::write_service_words(ClusterIndex cluster, std::uint64_t nodes, WallTime now) {
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const ServiceView& view = views_[v];
    std::uint64_t out = view.failing[cluster];
    for (unsigned n = 0; n < clusters_[cluster].nodes.size(); ++n) {
      if (view.suspicion.holds({cluster, n})) { out &= ~(std::uint64_t{1} << n); }
    }
    const std::uint64_t before = board_->serving_nodes(cluster, v + 1);
    const std::uint64_t after = nodes & ~out;
    if (before == after) { continue; }
    board_->set_serving(cluster, after, v + 1);
    if ((before == 0) == (after == 0) || nodes == 0) { continue; }
    add_event(now, EventKind::kClusterServing, model_->cluster(cluster).id,
              (after == 0 ? "not serving service " : "serving service ") +
                  model_->service_checks()[v].id);
  }
}

void FleetState::note_service_suspicion(std::size_t v, Moment now) {
  ServiceView& view = views_[v];
  const bool was_active = view.suspicion.active();
  if (!view.suspicion.update(now.mono)) { return; }
  const std::string& id = model_->service_checks()[v].id;
  if (view.suspicion.active()) {
    view.suspicious_since = now.wall;
    add_event(now.wall, EventKind::kSuspicion, id,
              std::to_string(std::lround(view.suspicion.share() * 100)) +
                  " % of the service's capacity fails its monitors at once: rather these can't "
                  "see, what served is held");
  } else if (was_active) {
    view.suspicious_since.reset();
    add_event(now.wall, EventKind::kSuspicion, id,
              view.suspicion.believed() ? "lasts too long: believed" : "over: few enough fail");
  }
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    write_word(static_cast<ClusterIndex>(c), now.wall);
  }
}

std::vector<ServiceStatus> FleetState::service_status() const {
  std::vector<ServiceStatus> all;
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const ServiceChecks& checks = model_->service_checks()[v];
    const Suspicion& suspicion = views_[v].suspicion;
    ServiceStatus& status = all.emplace_back();
    status.id = checks.id;
    status.suspicion = {.active = suspicion.active(),
                        .since = views_[v].suspicious_since,
                        .share = suspicion.share(),
                        .held_nodes = suspicion.held(),
                        .times = 0};
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const auto cluster = static_cast<ClusterIndex>(c);
      if (!checks.uses(cluster)) { continue; }
      status.clusters.push_back({model_->cluster(cluster).id, clusters_[c].nodes.size(),
                                 board_->serving_nodes(cluster, v + 1), views_[v].failing[c]});
    }
  }
  return all;
}

void FleetState::adopt_services(const FleetState& old) {
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const ServiceChecks& checks = model_->service_checks()[v];
    const auto before = old.model_->find_checks(checks.id);
    if (!before) { continue; }
    const ServiceView& from = old.views_[*before];
    carry_deaths(old, from.suspicion, views_[v].suspicion);
    views_[v].suspicious_since = from.suspicious_since;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const auto cluster = static_cast<ClusterIndex>(c);
      const std::uint64_t last_good = carried_last_good(old, cluster, *before + 1);
      if (last_good != 0) { board_->set_serving(cluster, last_good, v + 1); }
    }
  }
}

}  // namespace gslb::fleet
