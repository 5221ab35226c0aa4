// What a node has learnt of demand, loads and round-trip times, as text: kept over restarts, asked
// for by `proximactl simulate`, put before a recording.
//
//   proxima-learnt 1
//   cluster fra up 0.73 target 0.0021 1.2
//   resolver 192.0.2.0/24 00c0ffee00c0ffee 1790000000000 00c0ffee00c0ffee:12 …
//   group metro up 0.4 target 0.0007 1.5
//   demand web 00c0ffee00c0ffee 12.5
//   load web 40 12.5 120 500000 0.25
//   proxima-rtt 1
//   …
//
// cluster: id, up or down, utilisation, whether a target is known (target, none), utilisation per
// query a second (0: not known), max / target (0: not known), services whose own monitors have it
// down.  group: the same.  resolver: as
// Mixtures::write() says.  demand: service, unit or resolver, queries a second.  load: service,
// plans in which edges told of it, queries, requests and octets a second, egress's share of all
// clusters' load.  What follows
// "proxima-rtt" is the estimator's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/control/epoch.h"

namespace gslb::control {

struct LearntCluster {
  std::string id;
  bool is_group = false;
  steer::ClusterInput input;
  double load_factor = 0;
  double max_per_target = 0;
  std::vector<std::string> fails{};  // services that it can't serve, instead of input.fails
};

struct LearntDemand {
  std::string service;
  std::uint64_t unit_id = 0;
  std::optional<Prefix> resolver{};  // instead of a unit: of a row of its own
  double queries_per_s = 0;
};

struct LearntLoad {
  std::string service;
  steer::ServiceNeed need;
};

struct Learnt {
  std::vector<LearntCluster> clusters;  // and groups
  std::string resolvers;                // Mixtures::write(); may be empty
  std::vector<LearntDemand> demand;
  std::vector<LearntLoad> loads;
  double egress_share = 0;
  std::string rtt;  // Estimator::write(); may be empty
  std::size_t useless_lines = 0;

  const LearntCluster* find(std::string_view holder) const noexcept;
};

// What the fleet knows of clusters, then groups, beside their identity.
struct FleetView {
  std::vector<steer::ClusterInput> inputs;
  std::vector<double> max_per_target;  // smallest of its resources; 0: not known
};
FleetView fleet_view(const fleet::FleetState& fleet);  // control loop only

// Without RTT.  `view`: of the epoch's clusters, or empty.  Planning thread only.
Learnt learnt_of(const Epoch& epoch, const FleetView& view);
std::string write_learnt(const Learnt& learnt);
// Total: what is of no use is left out and counted.
Learnt parse_learnt(std::string_view text);

// Demand, load factors, mixtures and RTT into a fresh epoch, by ids: the configuration and geo data
// may be others.  What has no place there is left out.  Planning thread only.
void apply_learnt(const Learnt& learnt, Epoch& epoch);

// In state_dir, without RTT, which has a file of its own.  What fails is logged.
inline constexpr const char* kLearntFile = "learnt.txt";
void save_learnt(const Epoch& epoch, const FleetView& view, const std::string& path);
void restore_learnt(Epoch& epoch, const std::string& path);

}  // namespace gslb::control
