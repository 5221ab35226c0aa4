// A small fleet on a clock turned by hand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {

struct ClusterSpec {
  std::string id;
  std::vector<std::string> nodes;
  std::string health = "heartbeat";
};

inline config::Config make_config(const std::vector<ClusterSpec>& clusters,
                                  const config::Health& health = {}) {
  config::Config config;
  config.health = health;
  for (const ClusterSpec& spec : clusters) {
    config::Cluster cluster;
    cluster.id.text = spec.id;
    cluster.key = spec.id + "-secret";
    cluster.health = spec.health;
    cluster.capacity = {{"requests_per_s", 1000, 1200}};
    for (const std::string& id : spec.nodes) {
      config::Node node;
      node.id.text = id;
      cluster.nodes.push_back(node);
    }
    config.clusters.push_back(cluster);
  }
  return config;
}

inline config::Health strict_health(unsigned up_thresh) {
  config::Health health;
  health.up_thresh = up_thresh;
  return health;
}

// Two clusters of two nodes; expected interval 1 s, 3 may be missed.
class Fleet {
 public:
  explicit Fleet(const config::Health& health = {},
                 const std::vector<ClusterSpec>& clusters = {{"fra", {"node-1", "node-2"}},
                                                             {"nyc", {"node-1", "node-2"}}})
      : Fleet(make_config(clusters, health)) {}
  explicit Fleet(const config::Config& config) : state_(FleetModel::compile(config), now()) {}

  FleetState& state() { return state_; }
  Moment now() const { return {clock_.mono(), clock_.wall()}; }
  void advance(milliseconds by) { clock_.advance(by); }
  void advance_and_tick(milliseconds by) {
    clock_.advance(by);
    state_.tick(now());
  }

  // A good next heartbeat of "fra/node-1"; change what the test is about.
  Report report(const std::string& full_id, NodeState node_state = NodeState::kUp) {
    Report report;
    const std::size_t slash = full_id.find('/');
    report.cluster = full_id.substr(0, slash);
    report.node = full_id.substr(slash + 1);
    report.incarnation = 1000;
    report.sequence = ++sequences_[full_id];
    report.state = node_state;
    return report;
  }
  HeartbeatVerdict beat(const std::string& full_id, NodeState node_state = NodeState::kUp,
                        std::uint32_t interval_ms = 1000) {
    Report next = report(full_id, node_state);
    next.interval_ms = interval_ms;
    return state_.apply_heartbeat(next, now());
  }
  void beat_all() {
    for (const ClusterModel& cluster : state_.model().clusters()) {
      for (const NodeModel& node : cluster.nodes) {
        ASSERT_EQ(beat(node.full_id), HeartbeatVerdict::kAccepted);
      }
    }
  }
  std::uint64_t serving(const std::string& cluster) {
    return state_.board()->serving_nodes(state_.model().find_cluster(cluster));
  }
  std::uint64_t last_good(const std::string& cluster) {
    return state_.board()->last_good_nodes(state_.model().find_cluster(cluster));
  }
  NodeStatus node(const std::string& full_id) {
    const std::size_t slash = full_id.find('/');
    const ClusterIndex cluster = state_.model().find_cluster(full_id.substr(0, slash));
    const auto index = state_.model().cluster(cluster).find_node(full_id.substr(slash + 1));
    return state_.status(clock_.mono())[cluster].nodes[*index];
  }
  NodeHealth health(const std::string& full_id) { return node(full_id).health; }

 private:
  FakeClock clock_;
  std::map<std::string, std::uint64_t> sequences_;
  FleetState state_;
};

}  // namespace gslb::fleet
