// What the fleet state tells others: loads and status.
#include <algorithm>

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {
namespace {

// One resource over the nodes of a cluster.
struct Sum {
  ResourceLoad load;
  double target = 0;
  double max = 0;
  bool every_target = true;  // of up nodes that report the resource
  bool every_max = true;
};

Sum& sum_of(std::vector<Sum>& sums, const std::string& resource) {
  const auto found = std::find_if(sums.begin(), sums.end(),
                                  [&](const Sum& sum) { return sum.load.resource == resource; });
  if (found != sums.end()) { return *found; }
  sums.push_back({{resource, 0, 0, 0}});
  return sums.back();
}

}  // namespace

std::vector<ResourceLoad> FleetState::load(ClusterIndex cluster) const {
  std::vector<Sum> sums;
  for (const config::Capacity& capacity : model_->cluster(cluster).capacity) {
    sums.push_back({{capacity.resource, 0, capacity.target, capacity.max}});
  }
  for (const Node& node : clusters_[cluster].nodes) {
    for (const ResourceLoad& load : node.load) {  // empty once stale
      Sum& sum = sum_of(sums, load.resource);
      sum.load.current += load.current;
      // Traffic of a node on its way out is still there; its room is not.
      if (node.health != NodeHealth::kUp) { continue; }
      sum.target += load.target;
      sum.max += load.max;
      sum.every_target = sum.every_target && load.target > 0;
      sum.every_max = sum.every_max && load.max > 0;
    }
  }
  std::vector<ResourceLoad> loads;
  loads.reserve(sums.size());
  for (Sum& sum : sums) {
    if (sum.every_target && sum.target > 0) { sum.load.target = sum.target; }
    if (sum.every_max && sum.max > 0) { sum.load.max = sum.max; }
    loads.push_back(std::move(sum.load));
  }
  return loads;
}

std::vector<ResourceLoad> FleetState::group_load(std::size_t group) const {
  std::vector<ResourceLoad> loads;
  for (const config::Capacity& each : model_->groups()[group].capacity) {
    loads.push_back({each.resource, 0, each.target, each.max});
  }
  for (const ClusterIndex member : model_->groups()[group].members) {
    for (const ResourceLoad& part : load(member)) {
      const auto whole = std::find_if(loads.begin(), loads.end(), [&](const ResourceLoad& each) {
        return each.resource == part.resource;
      });
      if (whole != loads.end()) { whole->current += part.current; }
    }
  }
  return loads;
}

double utilisation_of(const std::vector<ResourceLoad>& loads) noexcept {
  double most = 0;
  for (const ResourceLoad& load : loads) {
    if (load.target > 0) { most = std::max(most, load.current / load.target); }
  }
  return most;
}

double FleetState::utilisation(ClusterIndex cluster) const { return utilisation_of(load(cluster)); }

NodeStatus FleetState::node_status(NodeRef ref, MonoTime now) const {
  const Node& node = clusters_[ref.cluster].nodes[ref.node];
  NodeStatus status;
  status.id = model_of(ref).id;
  status.health = node.health;
  status.since = node.since;
  status.reason = node.reason;
  status.serving = (board_->serving_nodes(ref.cluster) >> ref.node) & 1;
  if (node.heard_at) {
    status.heartbeat_age = std::chrono::duration_cast<milliseconds>(now - *node.heard_at);
  }
  status.interval_ms = node.interval_ms;
  status.incarnation = node.incarnation;
  status.sequence = node.sequence;
  status.good_heartbeats = node.good_heartbeats;
  status.admin = admin_of(model_of(ref).full_id);
  status.load = node.load;
  status.figures = node.figures;
  if (!model_of(ref).monitors.empty()) { status.monitors = monitors_of(ref); }
  status.held = suspicion_.holds(ref);
  status.yield = node.yield.share;
  status.load_ratio = node.yield.load_ratio;
  return status;
}

std::vector<bool> FleetState::serving() const {
  std::vector<bool> serving;
  for (std::size_t view = 0; view <= views_.size(); ++view) {
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      serving.push_back(board_->serving_nodes(static_cast<ClusterIndex>(c), view) != 0);
    }
  }
  return serving;
}

std::vector<GroupStatus> FleetState::group_status() const {
  std::vector<GroupStatus> all;
  for (std::size_t i = 0; i < model_->groups().size(); ++i) {
    GroupStatus& status = all.emplace_back();
    status.id = model_->groups()[i].id;
    for (const ClusterIndex member : model_->groups()[i].members) {
      status.clusters.push_back(model_->cluster(member).id);
    }
    status.load = group_load(i);
    status.utilisation = utilisation_of(status.load);
  }
  return all;
}

std::vector<ClusterStatus> FleetState::status(MonoTime now) const {
  std::vector<ClusterStatus> all;
  all.reserve(clusters_.size());
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const auto index = static_cast<ClusterIndex>(c);
    const ClusterModel& model = model_->cluster(index);
    ClusterStatus status;
    status.id = model.id;
    status.health_kind = model.health;
    status.serving_nodes = board_->serving_nodes(index);
    status.last_good_nodes = board_->last_good_nodes(index);
    status.since = clusters_[c].since;
    if (const auto entry = admin_.find(model.id); entry != admin_.end()) {
      status.admin = entry->second.state;
      status.admin_reason = entry->second.reason;
      if (entry->second.expires) { status.admin_expires = entry->second.expires->wall; }
    }
    status.load = load(index);
    status.utilisation = utilisation(index);
    for (unsigned n = 0; n < model.nodes.size(); ++n) {
      status.nodes.push_back(node_status({index, n}, now));
    }
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace gslb::fleet
