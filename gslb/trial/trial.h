// One configuration under trial: the shipped planner with given demand, loads and health, run until
// its plan settles.
//
// Source: steering.md (4).  Loads follow the plan at once, without caches in between: what is asked
// is where things end, not how they get there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gslb/control/epoch.h"
#include "gslb/control/learnt.h"
#include "gslb/trial/queries.h"

namespace gslb::trial {

// How loads are made up where none was learnt.
struct Assumption {
  // The share of all targets together that the demand takes.
  double use_of_targets = 0.7;
};

// Thread-compatible.
class Trial {
 public:
  explicit Trial(std::shared_ptr<const control::Compiled> compiled);

  // Demand, RTT, health and what a query costs each cluster.  Where a target is another than in
  // `learnt_with` (null: the same), the cost follows it.  Before assume_loads().
  void take(const control::Learnt& learnt, const control::Compiled* learnt_with, WallTime now);
  // Shares of the demand from `queries` instead; what they sum up to stays, or is `rate_per_s` when
  // that isn't 0, or their count when nothing was known.  Returns how much of the count is of names
  // that are not routed here.
  double ask(const std::vector<AskedQuery>& queries, double rate_per_s);
  // The demand is as large as this; its shares stay.
  void set_rate(double rate_per_s);
  // What a query takes of the resource most clusters have a target for: the median of those whose
  // load is known, else by the assumption; 0: no cluster has a target.
  double estimate_use(const Assumption& assumption) const;
  // Loads of the clusters and groups that have a target and no learnt load.  Returns how many these
  // are.
  std::size_t assume_loads(double use);

  void set_serving(fleet::ClusterIndex cluster, bool serving) {
    inputs_[cluster].serving = serving;
  }
  // A cluster or a group can take `factor` times as much.  REQUIRES: factor > 0
  void scale_capacity(steer::HolderIndex holder, double factor);

  // Plans until nobody moves any more; returns how many plans that took.
  unsigned settle();

  const control::Epoch& epoch() const noexcept { return *epoch_; }
  const control::Compiled& compiled() const noexcept { return *epoch_->compiled; }
  const steer::Plan& plan() const noexcept { return plan_; }
  const std::vector<double>& demand() const noexcept { return demand_.expected; }
  const std::vector<steer::ClusterInput>& inputs() const noexcept { return inputs_; }
  // What a query of the row takes of a cluster's room, against one of a service with 1.
  double load_of_query(std::size_t row) const {
    return epoch_->planner.service_loads().of(row / epoch_->demand->units());
  }
  std::size_t clusters() const { return compiled().config.clusters.size(); }
  const steer::GroupTree& groups() const { return epoch_->planner.groups(); }
  // Utilisation of a cluster or a group by each query a second; 0: not known.
  double load_factor(steer::HolderIndex holder) const { return factors_[holder]; }
  // By the smallest of its resources, at least 1; 1 when no max is known.
  double max_per_target(steer::HolderIndex holder) const { return max_per_target_[holder]; }
  bool knows_loads() const noexcept;
  bool knows_demand() const noexcept { return knows_demand_; }

 private:
  void set_max(std::size_t holder, double max_per_target);  // 0: not known

  std::unique_ptr<control::Epoch> epoch_;
  steer::Demand demand_;
  // By cluster, then by group.
  std::vector<steer::ClusterInput> inputs_;
  std::vector<double> factors_;
  std::vector<double> max_per_target_;
  steer::Plan plan_;
  bool knows_demand_ = false;  // from what was learnt
};

}  // namespace gslb::trial
