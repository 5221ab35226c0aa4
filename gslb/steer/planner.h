// The planning loop's one step: demand, loads and health in, an answer map and prices out.
//
// Source: steering.md (4).  Deterministic: the same inputs give the same plan.
//
// Load is turned into capacity for demand: a cluster that reports `current` while it is asked
// `demand` can take capacity = demand x target / current.  That ratio is the only feedback, and it
// moves slowly, so that DNS caches' delay can't make the plan oscillate.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/measure/estimator.h"
#include "gslb/steer/answer_map.h"
#include "gslb/steer/assign.h"
#include "gslb/steer/cost.h"
#include "gslb/steer/demand.h"

namespace gslb::steer {

// What the fleet says about one cluster when the plan is made.
struct ClusterInput {
  bool serving = false;  // some node may be named
  // max over resources of current / target, of the live nodes; 0: nothing reported.
  double utilisation = 0;
  bool has_capacity = false;  // a target is known for some resource
};

// What came out, beside the map; for metrics, status and explain.
struct PlanSummary {
  std::uint64_t number = 0;
  bool feasible = true;
  double over_scale = 1;  // > 1: targets were scaled by this to fit the demand
  std::size_t units = 0;
  std::size_t distinct_rows = 0;
  double demand_per_s = 0;
  double moved_share = 0;            // of demand, against the plan before
  std::vector<double> price_ms;      // per cluster
  std::vector<double> planned_load;  // per cluster, demand per s
  std::vector<double> capacity;      // per cluster, demand per s; infinity: no limit known
};

struct Plan {
  std::shared_ptr<const AnswerMap> map;
  std::shared_ptr<const measure::EstimateTable> estimates;  // it rests on; null: on distance
  PlanSummary summary;
};

// Keeps what is learnt between plans of one configuration and one geo map.  Not thread-safe: used
// by one thread at a time (the planner's).
class Planner {
 public:
  // REQUIRES: all outlive the planner.
  Planner(const CostModel& costs, const ServiceTable& services, const geo::GeoMap& geo);

  // Utilisation per planned demand/s of a cluster, as learnt; 0: not known.
  double load_factor(fleet::ClusterIndex cluster) const { return load_per_demand_[cluster]; }
  void set_load_factor(fleet::ClusterIndex cluster, double factor) {
    load_per_demand_[cluster] = factor;
  }

  // What samples taught of RTT; until then distance is all there is.  Candidates are found anew
  // where it matters.  REQUIRES: of the same units and clusters.  O(units x clusters).
  void set_estimates(std::shared_ptr<const measure::EstimateTable> estimates);
  const std::shared_ptr<const measure::EstimateTable>& estimates() const { return estimates_; }

  // `demand`: of every (service, unit).  `clusters`: one per cluster of the configuration.
  Plan plan(const Demand& demand, const std::vector<ClusterInput>& clusters);

 private:
  void build_candidates();
  std::vector<Candidate> find_candidates(ServiceIndex service, geo::UnitIndex unit) const;
  void learn_load_factors(const Demand& demand, const std::vector<ClusterInput>& clusters);
  std::vector<double> capacities(const std::vector<ClusterInput>& clusters) const;
  Assignment assign_scaled(const std::vector<double>& demand, std::vector<double>& capacity,
                           const std::vector<ClusterInput>& clusters, double* scale);
  Row make_row(std::size_t row, const Assigned& assigned, const std::vector<ClusterInput>& clusters,
               const Assignment& assignment) const;
  double moved_share(const std::vector<double>& demand, const Assignment& next) const;

  const CostModel& costs_;
  const ServiceTable& services_;
  const geo::GeoMap& geo_;
  std::vector<Candidate> candidates_;    // of all rows, cheapest first in each
  std::vector<std::uint32_t> offsets_;   // rows + 1
  std::shared_ptr<const measure::EstimateTable> estimates_;  // null: none yet
  // All candidates follow one table, but for units that differ from it, which follow the newest.
  std::shared_ptr<const measure::EstimateTable> base_estimates_;
  std::vector<bool> follows_newest_;     // by unit
  std::vector<double> load_per_demand_;  // utilisation per demand/s, learnt; 0: not known
  std::vector<double> planned_load_;     // of the last plan
  std::vector<Assigned> last_rows_;      // of the last plan; empty before the first
  std::uint64_t plans_made_ = 0;
};

}  // namespace gslb::steer
