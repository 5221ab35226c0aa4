// How much demand each cluster can take: from what its load was under the last plans.
//
// Source: steering.md (4): the slow cost factor, the only feedback; (guards): slow start.
//
// A cluster that reports `current` while it is asked `demand` can take capacity = demand x target /
// current.  The ratio moves slowly, so that DNS caches' delay can't make the plan oscillate.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/health_board.h"

namespace gslb::steer {

// What the fleet says about one cluster when the plan is made.
struct ClusterInput {
  bool serving = false;  // some node may be named
  // max over resources of current / target, of the live nodes; 0: nothing reported.
  double utilisation = 0;
  bool has_capacity = false;  // a target is known for some resource
  // min over resources of max / target: how far over its target it may go; >= 1.
  double most_utilisation = std::numeric_limits<double>::infinity();
  // Nodes that are named though they are silent: what is left of the capacity, and whether load is
  // missing from `utilisation`.
  double capacity_share = 1;
  bool blind = false;
  // Money per GB on top of the configured cost, as its traffic is near what is paid for; see
  // commit.h.  Of clusters only, their groups' included.
  double surcharge_per_gb = 0;
  // Services that it can't serve, whose own monitors have all its nodes down.  Ascending.
  std::vector<std::uint16_t> fails{};

  bool serves(std::size_t service) const {
    return serving && !std::binary_search(fails.begin(), fails.end(), service);
  }
};

// The same as each service sees it: what it can't use doesn't serve.  Refers to `all`.
class ServiceInputs {
 public:
  ServiceInputs(const std::vector<ClusterInput>& all, std::size_t services);
  const std::vector<ClusterInput>& of(std::size_t service) const {
    return own_[service].empty() ? all_ : own_[service];
  }

 private:
  const std::vector<ClusterInput>& all_;
  std::vector<std::vector<ClusterInput>> own_;  // by service; empty: as all
};

// Loads by cluster, demand a second.
struct PlannedLoad {
  std::vector<double> planned;  // by the last plan
  std::vector<double> asked;    // of the last epoch's queries, by the shares of the last plan
  std::vector<double> carried;  // of the demand to be planned now, if nobody moved
};

// Planning-thread-only.
class CapacityModel {
 public:
  explicit CapacityModel(std::size_t clusters);

  // Utilisation per demand/s of a cluster, as learnt; 0: not known.
  double load_factor(fleet::ClusterIndex cluster) const { return load_per_demand_[cluster]; }
  void set_load_factor(fleet::ClusterIndex cluster, double factor) {
    load_per_demand_[cluster] = factor;
  }

  // What the load since the last plan teaches.  REQUIRES: all as long as there are clusters.
  void learn(const PlannedLoad& load, const std::vector<ClusterInput>& clusters);

  // Demand a second each cluster can take; infinity: no limit known; 0: does not serve.
  std::vector<double> capacities(const PlannedLoad& load,
                                 const std::vector<ClusterInput>& clusters) const;

  // A cluster that was gone for longer than answers live comes back with a cold cache: from now on
  // ramp() of it grows 5, 10, 25, 50, 100 %, a step a TTL while its load stays within its target.
  void watch_returns(const std::vector<ClusterInput>& clusters, MonoTime now, double ttl_s);
  // Share of its capacity a cluster may be given; 1: all.
  double ramp(fleet::ClusterIndex cluster) const;

 private:
  struct Standing {
    bool serving = false;
    MonoTime since;         // of `serving`
    std::size_t stage = 0;  // of the ramp
    MonoTime stage_since;
  };
  std::vector<double> load_per_demand_;
  std::vector<Standing> standings_;
  bool watched_ = false;
};

}  // namespace gslb::steer
