// The planning loop's one step: demand, loads and health in, an answer map and prices out.
//
// Source: steering.md (4).  Deterministic: the same inputs give the same plan.
//
// How load becomes capacity: capacity.h.  What keeps clients where they are: switching.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/measure/estimator.h"
#include "gslb/steer/answer_map.h"
#include "gslb/steer/assign.h"
#include "gslb/steer/capacity.h"
#include "gslb/steer/cost.h"
#include "gslb/steer/demand.h"
#include "gslb/steer/switching.h"

namespace gslb::steer {

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
  // Per cluster: what the others' targets would have to be multiplied with to take its clients
  // should it die; 1: they have room.
  std::vector<double> scale_if_lost;
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

  double load_factor(fleet::ClusterIndex cluster) const { return capacity_.load_factor(cluster); }
  void set_load_factor(fleet::ClusterIndex cluster, double factor) {
    capacity_.set_load_factor(cluster, factor);
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
  struct Alive;
  PlannedLoad load_of_last_plan(const Demand& demand) const;
  double cost_ms(std::size_t row, const Assigned& assigned) const;
  std::vector<float> switch_costs(MonoTime now) const;
  Alive alive_candidates(const std::vector<ClusterInput>& clusters) const;
  static Assignment assign_scaled(SwitchProblem problem, std::vector<double> capacity,
                                  double* scale);
  Assignment assign_calmly(SwitchProblem problem, const std::vector<double>& capacity,
                           bool may_move_all, double* scale);
  Assignment assign_ramped(const SwitchProblem& problem, const std::vector<double>& capacity,
                           bool may_move_all, double* scale);
  double longest_ttl_s() const;
  Row make_row(std::size_t row, const Assigned& assigned, const std::vector<ClusterInput>& clusters,
               const Assignment& assignment, fleet::ClusterIndex fallback) const;
  double moved_share(std::span<const double> demand, const Assignment& next) const;
  void remember(Assignment assignment, const std::vector<ClusterInput>& clusters, MonoTime now);

  const CostModel& costs_;
  const ServiceTable& services_;
  const geo::GeoMap& geo_;
  CapacityModel capacity_;
  std::vector<Candidate> candidates_;                        // of all rows, cheapest first in each
  std::vector<std::uint32_t> offsets_;                       // rows + 1
  std::shared_ptr<const measure::EstimateTable> estimates_;  // null: none yet
  // All candidates follow one table, but for units that differ from it, which follow the newest.
  std::shared_ptr<const measure::EstimateTable> base_estimates_;
  std::vector<bool> follows_newest_;  // by unit
  std::vector<double> planned_load_;  // of the last plan
  std::vector<Assigned> last_rows_;   // of the last plan; empty before the first
  std::vector<MonoTime> moved_at_;    // when a row last changed its clusters
  std::vector<bool> served_;          // clusters, at the last plan
  std::uint64_t plans_made_ = 0;
};

}  // namespace gslb::steer
