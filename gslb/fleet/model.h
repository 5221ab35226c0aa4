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
#include <utility>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/config/config.h"
#include "gslb/dns/name.h"
#include "gslb/fleet/health_board.h"
#include "gslb/fleet/suspicion.h"

namespace gslb::fleet {

enum class HealthKind : std::uint8_t {
  kHeartbeat,  // serves while its heartbeats say so
  kAssumedUp,  // `health = "none"`: serves unless the operator says otherwise
  kMonitors,   // serves while its monitors say so; its own "down" or "draining" is heard
  kBoth,       // serves unless either says otherwise; silence alone doesn't while monitors see it
  kAny,        // serves while either says so
};
std::string_view to_string(HealthKind kind) noexcept;  // as in the configuration
constexpr bool hears_heartbeats(HealthKind kind) noexcept {
  return kind == HealthKind::kHeartbeat || kind == HealthKind::kBoth || kind == HealthKind::kAny;
}

// A monitor of one address (or name).  Nodes whose monitors ask the same share one.
struct MonitorTarget {
  std::shared_ptr<const config::Monitor> monitor;
  std::optional<Address> address;  // none: a name, which only a command is asked about
  std::string item;                // the address or name
  std::string key;                 // all that is asked and how: equal keys, equal results
  std::string service{};           // whose id is in its options; "": it is about none
  std::string name() const { return monitor->id.text + (service.empty() ? "" : '/' + service); }
  std::string label() const { return name() + ' ' + item; }
};

struct NodeModel {
  std::string id;       // "node-1"
  std::string full_id;  // "fra/node-1"
  std::optional<Address> ipv4;
  std::optional<Address> ipv6;
  double weight = 1;
  std::uint64_t hash = 0;  // of full_id: for rendezvous, stable over reloads and machines
  std::vector<std::uint32_t> monitors;  // indexes of FleetModel::monitors()
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

// What clusters share.
struct GroupModel {
  std::string id;
  std::vector<config::Capacity> capacity;
  std::vector<ClusterIndex> members;  // also those of the groups within, ascending
  bool fails_together = true;
};

// A service with monitors of its own: who is asked what for it.
struct ServiceChecks {
  std::string id;
  std::size_t service = 0;  // its position in the configuration
  // By cluster and node: indexes of FleetModel::monitors().  A cluster it can't use has no nodes.
  std::vector<std::vector<std::vector<std::uint32_t>>> monitors;
  bool uses(ClusterIndex cluster) const { return !monitors[cluster].empty(); }
};

// The monitor as it asks about the service, and whether that makes a difference.
std::pair<config::Monitor, bool> for_service(const config::Monitor& monitor,
                                             const std::string& service);

// [health], with durations as such.
struct HealthRules {
  milliseconds heartbeat_interval{1000};
  unsigned missed_heartbeats = 3;
  unsigned up_thresh = 1;
  milliseconds max_clock_skew{30'000};
  SuspicionRules suspicion;

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
  const std::vector<GroupModel>& groups() const noexcept { return groups_; }
  // Clusters, then groups, in one row of numbers.
  std::size_t holder_count() const noexcept { return clusters_.size() + groups_.size(); }
  const std::string& holder_id(std::size_t holder) const {
    return holder < clusters_.size() ? clusters_[holder].id
                                     : groups_[holder - clusters_.size()].id;
  }
  // kNoCluster when there is none.
  ClusterIndex find_holder(std::string_view id) const noexcept;
  const HealthRules& rules() const noexcept { return rules_; }
  // Each is asked once, however many nodes it is of.
  const std::vector<MonitorTarget>& monitors() const noexcept { return monitors_; }
  std::optional<std::uint32_t> find_monitor(std::string_view key) const noexcept;
  // What each node is of the fleet's capacity, by cluster; none of clusters that are assumed up.
  // Of a service: none of clusters it can't use.
  std::vector<std::vector<double>> capacity_weights(
      const ServiceChecks* of_service = nullptr) const;
  const std::vector<ServiceChecks>& service_checks() const noexcept { return checks_; }
  std::optional<std::size_t> find_checks(std::string_view service_id) const noexcept;
  // Which view of the health board tells who may be named for a service: 0, or 1 + the position in
  // service_checks().
  std::size_t view_of(std::size_t service) const noexcept { return views_[service]; }

 private:
  using MonitorTable = std::map<std::string, std::shared_ptr<const config::Monitor>, std::less<>>;

  FleetModel() = default;
  // The monitor's targets at one node; `into` gets their indexes.
  void add_targets(const std::shared_ptr<const config::Monitor>& monitor,
                   const config::Cluster& cluster, std::size_t node, const std::string& service,
                   std::vector<std::uint32_t>& into);
  void add_service_monitors(const config::Config& config, const MonitorTable& monitors);
  void add_monitors(const config::Config& config);
  void add_groups(const config::Config& config);

  std::vector<ClusterModel> clusters_;
  std::vector<GroupModel> groups_;  // as in the configuration
  std::map<std::string, ClusterIndex, std::less<>> by_id_;
  HealthRules rules_;
  std::vector<MonitorTarget> monitors_;
  std::map<std::string, std::uint32_t, std::less<>> by_key_;
  std::vector<ServiceChecks> checks_;
  std::vector<std::uint16_t> views_;  // by service
};

}  // namespace gslb::fleet
