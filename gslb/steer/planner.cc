#include "gslb/steer/planner.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "gslb/base/check.h"

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

// What leaving a cluster costs a client, ms and share of what being there costs; it fades while a
// row stays where it is, so that a small but lasting gain is taken in the end.
constexpr double kSwitchMs = 10;
constexpr double kSwitchShare = 0.1;
constexpr double kMostSwitchMs = 100;
constexpr double kSwitchFadeS = 1200;
constexpr double kLeastSwitchMs = 0.5;

// Of the exact solver in one plan: some 7 s at 23 ns (400,000 rows at 98 % use, -O2), which is
// within the usual time between plans.
constexpr std::uint64_t kMostSteps = 300'000'000;
// Share of its capacity that a cluster may gain in the time answers live.
constexpr double kMostGain = 0.1;

// Where policies have put more than a cluster can take, others may still have this much of it.
constexpr double kLeastRoom = 0.05;

void add_load(const Row& row, double demand, std::vector<double>& load) {
  for (std::size_t rank = 0; rank <= row.thresholds.size(); ++rank) {
    load[row.choices[rank]] += demand * row.share(rank);
  }
}

// Of its capacity that each cluster is loaded with; 0: no limit.
std::vector<double> shares_of(const std::vector<double>& load,
                              const std::vector<double>& capacity) {
  std::vector<double> shares;
  for (std::size_t i = 0; i < load.size(); ++i) {
    shares.push_back(capacity[i] > 0 ? load[i] / capacity[i] : 0);
  }
  return shares;
}

std::vector<double> configured_loads(const ServiceTable& services) {
  std::vector<double> loads;
  for (const Service& each : services.services) { loads.push_back(each.load); }
  return loads;
}

std::vector<double> surcharges_of(const std::vector<ClusterInput>& inputs, std::size_t clusters) {
  std::vector<double> surcharges;
  for (std::size_t i = 0; i < clusters; ++i) { surcharges.push_back(inputs[i].surcharge_per_gb); }
  return surcharges;
}

}  // namespace

Planner::Planner(const CostModel& costs, const ServiceTable& services, const geo::GeoMap& geo,
                 std::size_t slots)
    : costs_(costs),
      services_(services),
      geo_(geo),
      groups_(group_tree(costs.config())),
      candidates_(costs, services, geo, slots),
      capacity_(groups_.size()),
      service_loads_(configured_loads(services)),
      planned_load_(groups_.size(), 0) {}

// A slot's new resolver begins as if it had never been planned for.
void Planner::set_resolvers(std::shared_ptr<const measure::ResolverRows> resolvers) {
  const std::size_t units = geo_.units().size();
  const std::size_t stride = candidates_.stride();
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    const bool is_mixed = row % stride >= units;
    if (is_mixed && changes_hands(*candidates_.resolvers(), *resolvers, row % stride - units)) {
      last_rows_[row] = {};
    }
  }
  candidates_.set_resolvers(std::move(resolvers));
}

// From queries to what they take.
Demand Planner::weighed(Demand demand) const {
  for (std::size_t row = 0; row < demand.expected.size(); ++row) {
    const double load = service_loads_.of(row / candidates_.stride());
    demand.expected[row] *= load;
    demand.recent[row] *= static_cast<float>(load);
  }
  return demand;
}

PlannedLoad Planner::load_of_last_plan(const Demand& demand) const {
  const std::size_t holders = groups_.size();
  PlannedLoad load{planned_load_, std::vector<double>(holders, 0), std::vector<double>(holders, 0)};
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    const Assigned& assigned = last_rows_[row];
    for (std::size_t i = 0; i < assigned.count; ++i) {
      const Share& share = assigned.shares[i];
      load.asked[share.cluster] += static_cast<double>(demand.recent[row]) * share.fraction;
      load.carried[share.cluster] += demand.expected[row] * share.fraction;
    }
  }
  for (const FixedRow& each : last_fixed_) {
    add_load(each.made, static_cast<double>(demand.recent[each.row]), load.asked);
    add_load(each.made, demand.expected[each.row], load.carried);
  }
  groups_.add_up(load.asked);
  groups_.add_up(load.carried);
  return load;
}

// What it costs each row to leave where it is.
std::vector<float> Planner::switch_costs(MonoTime now) const {
  std::vector<float> costs(last_rows_.size(), 0);
  for (std::size_t row = 0; row < costs.size(); ++row) {
    const Assigned& last = last_rows_[row];
    if (last.count == 0) { continue; }
    const double whole =
        std::clamp(kSwitchShare * candidates_.cost_ms(row, last), kSwitchMs, kMostSwitchMs);
    const double settled_s = std::chrono::duration<double>(now - moved_at_[row]).count();
    costs[row] =
        static_cast<float>(std::max(kLeastSwitchMs, whole * std::exp(-settled_s / kSwitchFadeS)));
  }
  return costs;
}

// Rows that prices decide about, with the clusters that serve: those that can't are no candidates,
// so their rows start at the cheapest that can.  The others are made here, and what they load.
struct Planner::Alive {
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
  std::vector<FixedRow> fixed;     // in order
  std::vector<double> fixed_load;  // by holder
};

Planner::Alive Planner::alive_candidates(const std::vector<double>& demand,
                                         const std::vector<ClusterInput>& clusters) const {
  Alive alive;
  const ServiceInputs inputs(clusters, services_.services.size());
  alive.offsets.reserve(candidates_.rows() + 1);
  alive.fixed_load.assign(clusters.size(), 0);
  for (std::size_t row = 0; row < candidates_.rows(); ++row) {
    const std::vector<ClusterInput>& known = inputs.of(row / candidates_.stride());
    if (const Inside* pool = candidates_.fixed_pool(row, known)) {
      alive.fixed.push_back(
          {row, policy_row(candidates_.row(row), *pool, candidates_.order(row), known)});
      add_load(alive.fixed.back().made, demand[row], alive.fixed_load);
    } else {
      const auto all = candidates_.row(row);
      std::copy_if(all.begin(), all.end(), std::back_inserter(alive.candidates),
                   [&](const Candidate& each) { return known[each.cluster].serving; });
    }
    alive.offsets.push_back(static_cast<std::uint32_t>(alive.candidates.size()));
  }
  groups_.add_up(alive.fixed_load);
  return alive;
}

// What nobody is forced to do is done slowly: of all moves so large a part that no cluster gains
// more than its caches can follow.
Assignment Planner::limit_growth(Assignment next, const std::vector<double>& room,
                                 std::span<const double> demand, double elapsed_s) const {
  if (last_rows_.empty()) { return next; }
  Assignment stay = next;
  stay.load.assign(next.load.size(), 0);
  for (std::size_t row = 0; row < next.rows.size(); ++row) {
    if (last_rows_[row].count > 0 && next.rows[row].count > 0) { stay.rows[row] = last_rows_[row]; }
    add_load(stay.rows[row], demand[row], stay.load);
  }
  groups_.add_up(stay.load);
  const double part_of_ttl = std::min(1.0, elapsed_s / longest_ttl_s(services_));
  double share = 1;
  for (std::size_t i = 0; i < room.size(); ++i) {
    if (stay.load[i] > room[i]) { return next; }
    const double most = kMostGain * part_of_ttl * room[i];
    const double gain = next.load[i] - stay.load[i];
    if (gain > most && i < groups_.clusters) { share = std::min(share, most / gain); }
  }
  return share < 1 ? blend(stay, next, share, demand, groups_) : next;
}

double Planner::moved_share(std::span<const double> demand, const Assignment& next) const {
  double moved = 0;
  double total = 0;
  for (std::size_t row = 0; row < next.rows.size(); ++row) {
    total += demand[row];
    if (last_rows_.empty()) { continue; }
    moved += demand[row] * moved_fraction(last_rows_[row], next.rows[row]);
  }
  return total > 0 ? moved / total : 0;
}

// The same of rows that prices don't move, and didn't before.
double Planner::moved_fixed(std::span<const double> demand,
                            const std::vector<FixedRow>& fixed) const {
  double moved = 0;
  auto last = last_fixed_.begin();
  for (const FixedRow& each : fixed) {
    while (last != last_fixed_.end() && last->row < each.row) { ++last; }
    if (last == last_fixed_.end()) { break; }
    if (last->row == each.row) { moved += demand[each.row] * moved_names(last->made, each.made); }
  }
  const double total = std::accumulate(demand.begin(), demand.end(), 0.0);
  return total > 0 ? moved / total : 0;
}

void Planner::remember(Assignment assignment, const std::vector<ClusterInput>& clusters,
                       MonoTime now) {
  // Only who was sent to a dearer cluster is to stay there for a while: whoever is on his way back
  // goes step by step, as room is found for him.
  moved_at_.resize(assignment.rows.size(), now);
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    const Assigned& from = last_rows_[row];
    const Assigned& to = assignment.rows[row];
    if (moved_fraction(from, to) > 1.0 / 256 &&
        candidates_.cost_ms(row, to) > candidates_.cost_ms(row, from)) {
      moved_at_[row] = now;
    }
  }
  planned_load_ = std::move(assignment.load);
  last_rows_ = std::move(assignment.rows);
  served_.clear();
  failed_.clear();
  for (const ClusterInput& cluster : clusters) {
    served_.push_back(cluster.serving);
    failed_.push_back(cluster.fails);
  }
}

// All clusters' capacity less what policies put there, which nothing moves.
Planner::Room Planner::room_beside(const std::vector<double>& capacity,
                                   const std::vector<ClusterInput>& clusters,
                                   const std::vector<double>& fixed_load) {
  Room room{.target = capacity, .most = capacity};
  for (std::size_t i = 0; i < capacity.size(); ++i) {
    const double ratio = clusters[i].most_utilisation;
    // 0 x infinity is none of both.
    room.most[i] = capacity[i] > 0 ? capacity[i] * ratio : 0;
    if (fixed_load[i] > 0) {
      room.most[i] = std::max(room.most[i] - fixed_load[i], 0.0);
      room.target[i] =
          std::min(std::max(capacity[i] - fixed_load[i], kLeastRoom * capacity[i]), room.most[i]);
    }
  }
  return room;
}

// Whoever had to leave a cluster that a service could not use comes back with it.
void Planner::forgive_returns(const std::vector<ClusterInput>& clusters,
                              std::vector<float>& switch_ms) const {
  const auto stride = static_cast<std::ptrdiff_t>(candidates_.stride());
  for (std::size_t i = 0; i < failed_.size() && !switch_ms.empty(); ++i) {
    for (const ServiceIndex service : failed_[i]) {
      if (!clusters[i].serves(service)) { continue; }
      std::fill_n(switch_ms.begin() + service * stride, stride, 0.0F);
    }
  }
}

Plan Planner::plan(const Demand& asked, const std::vector<ClusterInput>& clusters) {
  const Demand full_demand = weighed(asked);
  const std::vector<double>& demand = full_demand.expected;
  CHECK(demand.size() == candidates_.rows() && clusters.size() == groups_.size());
  const PlannedLoad load = load_of_last_plan(full_demand);
  if (!last_rows_.empty()) { capacity_.learn(load, clusters); }
  Plan plan;
  PlanSummary& summary = plan.summary;
  capacity_.watch_returns(clusters, full_demand.at, longest_ttl_s(services_));
  summary.capacity = capacity_.capacities(load, clusters);
  summary.service_load = service_loads_.all();
  summary.surcharge_per_gb = surcharges_of(clusters, groups_.clusters);
  candidates_.set_surcharges(summary.surcharge_per_gb);
  bool flipped = candidates_.set_time(full_demand.wall);
  Alive alive = alive_candidates(demand, clusters);
  std::vector<float> switch_ms = switch_costs(full_demand.at);
  bool came = flipped;
  for (std::size_t i = 0; i < served_.size(); ++i) {
    came |= clusters[i].serving && !served_[i];
    flipped |= served_[i] != clusters[i].serving || failed_[i] != clusters[i].fails;
  }
  forgive_returns(clusters, switch_ms);
  // Whoever had to leave a cluster comes back with it; other hours are other rules.
  if (came) { std::fill(switch_ms.begin(), switch_ms.end(), 0.0F); }
  const AssignProblem rows{alive.candidates, alive.offsets, demand, {}, 0, tree()};
  const SwitchProblem problem{rows, last_rows_, switch_ms};
  Room room = room_beside(summary.capacity, clusters, alive.fixed_load);
  steps_left_ = kMostSteps;
  Assignment assignment = assign_ramped(problem, room, flipped, &summary.over_scale);
  if (summary.over_scale > 1 && has_priorities()) {
    assignment = put_in_order(std::move(assignment), problem, room, flipped, &summary.over_scale);
  }
  if (!flipped && summary.over_scale == 1) {
    const double elapsed_s = std::chrono::duration<double>(full_demand.at - last_at_).count();
    assignment = limit_growth(std::move(assignment), room.target, demand, elapsed_s);
  }

  for (double& each : room.target) { each *= summary.over_scale; }
  const Fallbacks fallbacks = assign_fallbacks(
      {alive.candidates, alive.offsets, demand, room.target, steps_left_, tree()}, assignment);
  summary.scale_if_lost = fallbacks.scale_if_lost;
  summary.moved_share = moved_share(demand, assignment) + moved_fixed(demand, alive.fixed);
  summary.demand_per_s = std::accumulate(asked.expected.begin(), asked.expected.end(), 0.0);
  summary.number = ++plans_made_;
  summary.feasible = assignment.feasible;
  summary.units = geo_.units().size();
  summary.price_ms = assignment.price_ms;
  summary.is_exact = steps_left_ > 0;
  for (std::size_t i = 0; i < clusters.size(); ++i) { assignment.load[i] += alive.fixed_load[i]; }
  summary.planned_load = assignment.load;
  auto map = make_map(assignment, fallbacks, alive.fixed, clusters,
                      shares_of(assignment.load, summary.capacity));
  plan.estimates = candidates_.estimates();
  summary.refusal = refusal_of(*map, summary, flipped ? PlannedLoad{} : load, clusters);
  if (summary.refusal != Refusal::kNone) {
    plan.map = last_map_;
    summary.distinct_rows = last_map_->distinct_rows();
    summary.planned_load = load.carried;
    return plan;
  }
  summary.distinct_rows = map->distinct_rows();
  plan.map = last_map_ = std::move(map);
  last_fixed_ = std::move(alive.fixed);
  last_at_ = full_demand.at;
  remember(std::move(assignment), clusters, full_demand.at);
  return plan;
}

}  // namespace gslb::steer
