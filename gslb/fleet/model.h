// The clusters and nodes of one configuration as small numbers: what health words, steering rows
// and reports agree on.
//
// Indexes are positions in the configuration, so they change at a reload; ids and hashes do not.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/config/config.h"
#include "gslb/dns/name.h"
#include "gslb/fleet/health_board.h"

namespace gslb::fleet {

enum class HealthKind : std::uint8_t {
  kHeartbeat,  // serves while its heartbeats say so
  kAssumedUp,  // `health = "none"`: serves unless the operator says otherwise
};

struct NodeModel {
  std::string id;       // "node-1"
  std::string full_id;  // "fra/node-1"
  std::optional<Address> ipv4;
  std::optional<Address> ipv6;
  double weight = 1;
  std::uint64_t hash = 0;  // of full_id: for rendezvous, stable over reloads and machines
};

// nodes[n] is bit n of the cluster's health word.
struct ClusterModel {
  std::string id;
  HealthKind health = HealthKind::kHeartbeat;
  std::vector<NodeModel> nodes;
  std::vector<config::Capacity> capacity;
  std::string key;  // empty: takes no heartbeats
  // Answered instead of addresses; then one node stands for its health and the operator's word.
  std::optional<dns::Name> cname;
  std::optional<dns::Name> host;  // leads to this cluster alone

  std::optional<unsigned> find_node(std::string_view node_id) const noexcept;  // O(nodes)
};

// [health], with durations as such.
struct HealthRules {
  milliseconds heartbeat_interval{1000};
  unsigned missed_heartbeats = 3;
  unsigned up_thresh = 1;
  milliseconds max_clock_skew{30'000};

  // How long a node that reports every `interval_ms` may stay silent: missed_heartbeats times its
  // own interval, so that an edge which promises more is held to it and one which promises less
  // does not flap.  The interval is clamped to [kMinInterval, kMaxInterval] and to at most
  // kMaxIntervalFactor times what the operator expects: a mistyped interval must not hide a death.
  milliseconds silence_allowed(std::int64_t interval_ms) const noexcept;

  static constexpr milliseconds kMinInterval{100};
  static constexpr milliseconds kMaxInterval{60'000};
  static constexpr int kMaxIntervalFactor = 10;
};

// Immutable; shared by the fleet state and every snapshot made from one configuration.
class FleetModel {
 public:
  // REQUIRES: a configuration accepted by config::load (counts within its limits, unique ids).
  static std::shared_ptr<const FleetModel> compile(const config::Config& config);

  const std::vector<ClusterModel>& clusters() const noexcept { return clusters_; }
  const ClusterModel& cluster(ClusterIndex index) const { return clusters_[index]; }
  // kNoCluster when there is none.  O(log clusters)
  ClusterIndex find_cluster(std::string_view id) const noexcept;
  const HealthRules& rules() const noexcept { return rules_; }

 private:
  FleetModel() = default;

  std::vector<ClusterModel> clusters_;
  std::map<std::string, ClusterIndex, std::less<>> by_id_;
  HealthRules rules_;
};

}  // namespace gslb::fleet
