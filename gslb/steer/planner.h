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
#include "gslb/steer/answer_map.h"
#include "gslb/steer/candidates.h"
#include "gslb/steer/demand.h"
#include "gslb/steer/fallback.h"
#include "gslb/steer/groups.h"
#include "gslb/steer/rows.h"
#include "gslb/steer/service_load.h"
#include "gslb/steer/switching.h"

namespace gslb::steer {

// Why a plan was not taken; the one before holds on.
enum class Refusal : std::uint8_t {
  kNone,
  kEmptyRow,  // somebody who had clusters would have none
  kOverMax,   // a cluster would be over its max, and none was
};
std::string_view to_string(Refusal refusal) noexcept;

// What came out, beside the map; for metrics, status and explain.
struct PlanSummary {
  std::uint64_t number = 0;
  bool feasible = true;
  bool is_exact = true;  // false: the solver was over its budget, see stable.h
  Refusal refusal = Refusal::kNone;
  double over_scale = 1;  // > 1: targets were scaled by this to fit the demand
  std::size_t units = 0;
  std::size_t distinct_rows = 0;
  double demand_per_s = 0;
  double moved_share = 0;  // of demand, against the plan before
  // Per cluster, then per group.
  std::vector<double> price_ms;          // with those of the groups it is part of
  std::vector<double> planned_load;      // queries per s, each times its service's load
  std::vector<double> capacity;          // the same; infinity: no limit known
  std::vector<double> surcharge_per_gb;  // see ClusterInput
  // What the others' targets would have to be multiplied with to take its clients should it die;
  // 1: they have room.
  std::vector<double> scale_if_lost;
  std::vector<double> service_load;  // by service, what a query takes, see ServiceLoads
};

// Whether `load`, by cluster, is over what some cluster may have at most.
bool passes_max(const PlanSummary& summary, const std::vector<double>& load,
                const std::vector<ClusterInput>& clusters);

struct Plan {
  std::shared_ptr<const AnswerMap> map;
  std::shared_ptr<const measure::EstimateTable> estimates;  // it rests on; null: on distance
  PlanSummary summary;
};

// Keeps what is learnt between plans of one configuration and one geo map.  Not thread-safe: used
// by one thread at a time (the planner's).
class Planner {
 public:
  // REQUIRES: all outlive the planner.  `slots`: rows of resolvers behind those of the units.
  Planner(const CostModel& costs, const ServiceTable& services, const geo::GeoMap& geo,
          std::size_t slots = 0);

  // Of a cluster or a group.
  double load_factor(HolderIndex holder) const { return capacity_.load_factor(holder); }
  void set_load_factor(HolderIndex holder, double factor) {
    capacity_.set_load_factor(holder, factor);
  }

  // What samples taught of RTT; until then distance is all there is.  Candidates are found anew
  // where it matters.  REQUIRES: of the same units and clusters.  O(units x clusters).
  void set_estimates(std::shared_ptr<const measure::EstimateTable> estimates) {
    candidates_.set_estimates(std::move(estimates));
  }
  const std::shared_ptr<const measure::EstimateTable>& estimates() const {
    return candidates_.estimates();
  }

  // Whose clients ask by which resolver.  REQUIRES: of as many slots
  void set_resolvers(std::shared_ptr<const measure::ResolverRows> resolvers);
  const measure::ResolverRows& resolvers() const { return *candidates_.resolvers(); }
  const GroupTree& groups() const noexcept { return groups_; }
  // What a query of each service takes of the clusters.
  ServiceLoads& service_loads() noexcept { return service_loads_; }
  const ServiceLoads& service_loads() const noexcept { return service_loads_; }

  // `demand`: of every (service, unit or slot).  `clusters`: one per cluster of the configuration,
  // then one per group.
  Plan plan(const Demand& demand, const std::vector<ClusterInput>& clusters);

 private:
  struct Alive;
  Demand weighed(Demand demand) const;
  // What is left for the rows that prices move, by holder.
  struct Room {
    std::vector<double> target;
    std::vector<double> most;  // up to max, >= target; infinity: no max is known
  };
  PlannedLoad load_of_last_plan(const Demand& demand) const;
  std::vector<float> switch_costs(MonoTime now) const;
  void forgive_returns(const std::vector<ClusterInput>& clusters,
                       std::vector<float>& switch_ms) const;
  Alive alive_candidates(const std::vector<double>& demand,
                         const std::vector<ClusterInput>& clusters) const;
  static Room room_beside(const std::vector<double>& capacity,
                          const std::vector<ClusterInput>& clusters,
                          const std::vector<double>& fixed_load);
  Assignment assign_within(SwitchProblem problem, const std::vector<double>& capacity);
  Assignment assign_scaled(const SwitchProblem& problem, const Room& room, double* scale);
  Assignment assign_beyond(const SwitchProblem& problem, const Room& room, double over,
                           double* scale);
  Assignment assign_calmly(SwitchProblem problem, const Room& room, bool may_move_all,
                           double* scale);
  Assignment assign_ramped(const SwitchProblem& problem, const Room& room, bool may_move_all,
                           double* scale);
  bool has_priorities() const;
  const GroupTree* tree() const { return groups_.parent.empty() ? nullptr : &groups_; }
  static Room room_left(const Room& room, const std::vector<double>& taken, double later,
                        double own);
  // Each priority's services in what those before have left, their reserves kept free.
  Assignment assign_in_order(const SwitchProblem& problem, const Room& room, bool may_move_all,
                             double* scale);
  // The same, unless that puts a cluster over its max where all `together` does not.
  Assignment put_in_order(Assignment together, const SwitchProblem& problem, const Room& room,
                          bool may_move_all, double* scale);
  Assignment limit_growth(Assignment next, const std::vector<double>& room,
                          std::span<const double> demand, double elapsed_s) const;
  std::shared_ptr<const AnswerMap> make_map(const Assignment& assignment,
                                            const Fallbacks& fallbacks,
                                            const std::vector<FixedRow>& fixed,
                                            const std::vector<ClusterInput>& clusters,
                                            const std::vector<double>& use) const;
  std::uint8_t ttl_step(std::size_t row, const Row& made, const std::vector<ClusterInput>& clusters,
                        const std::vector<double>& use) const;
  Refusal refusal_of(const AnswerMap& map, const PlanSummary& summary, const PlannedLoad& load,
                     const std::vector<ClusterInput>& clusters) const;
  double moved_share(std::span<const double> demand, const Assignment& next) const;
  double moved_fixed(std::span<const double> demand, const std::vector<FixedRow>& fixed) const;
  void remember(Assignment assignment, const std::vector<ClusterInput>& clusters, MonoTime now);

  const CostModel& costs_;
  const ServiceTable& services_;
  const geo::GeoMap& geo_;
  GroupTree groups_;
  CandidateTable candidates_;
  CapacityModel capacity_;
  ServiceLoads service_loads_;
  std::vector<double> planned_load_;               // of the last plan
  std::vector<Assigned> last_rows_;                // of the last plan; empty before the first
  std::vector<FixedRow> last_fixed_;               // the same of rows that prices don't move
  std::vector<MonoTime> moved_at_;                 // when a row last changed its clusters
  std::vector<bool> served_;                       // clusters, at the last plan
  std::vector<std::vector<ServiceIndex>> failed_;  // the same: services they could not serve
  std::shared_ptr<const AnswerMap> last_map_;
  MonoTime last_at_{};
  std::size_t patience_ = 0;      // of the last plan, see assign_calmly()
  std::uint64_t steps_left_ = 0;  // of the plan being made
  std::uint64_t plans_made_ = 0;
};

}  // namespace gslb::steer
