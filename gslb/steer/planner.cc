#include "gslb/steer/planner.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gslb/base/check.h"
#include "gslb/steer/fallback.h"

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

// Candidates kept a row: the nearest, and some far ones so that a plan exists when a whole region
// is full or dead.
constexpr std::size_t kNearest = 24;
static_assert(kNearest < kMaxRowChoices);
// What leaving a cluster costs a client, ms and share of what being there costs; it fades while a
// row stays where it is, so that a small but lasting gain is taken in the end.
constexpr double kSwitchMs = 10;
constexpr double kSwitchShare = 0.1;
constexpr double kMostSwitchMs = 100;
constexpr double kSwitchFadeS = 1200;
constexpr double kLeastSwitchMs = 0.5;
// More than this share of the demand moves in one plan only where capacity or health ask for it.
constexpr double kMostMoved = 0.05;
// What a switch costs, times this, until no more moves: the last is as good as never.
constexpr std::array kPatience = {1.0, 2.0, 4.0, 8.0, 32.0, 1000.0};

// An estimate that moved by less than this moves nobody.
constexpr double kLeastChangeMs = 0.5;
constexpr double kLeastChangeShare = 0.03;

bool differs(const measure::EstimateTable& a, const measure::EstimateTable& b,
             geo::UnitIndex unit) {
  for (std::size_t c = 0; c < a.clusters(); ++c) {
    const double before = measure::cautious_ms(a.at(unit, static_cast<ClusterIndex>(c)));
    const double now = measure::cautious_ms(b.at(unit, static_cast<ClusterIndex>(c)));
    if (std::abs(now - before) > std::max(kLeastChangeMs, kLeastChangeShare * before)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Planner::Planner(const CostModel& costs, const ServiceTable& services, const geo::GeoMap& geo)
    : costs_(costs),
      services_(services),
      geo_(geo),
      capacity_(costs.cluster_count()),
      planned_load_(costs.cluster_count(), 0) {
  build_candidates();
}

// The clusters that may serve the unit, cheapest first: beyond the nearest, an even sample.
std::vector<Candidate> Planner::find_candidates(ServiceIndex service, geo::UnitIndex unit) const {
  const auto cluster_count = static_cast<ClusterIndex>(costs_.cluster_count());
  const geo::Unit& from = geo_.units()[unit];
  std::vector<Candidate> all;
  for (ClusterIndex cluster = 0; cluster < cluster_count; ++cluster) {
    const Cost cost = estimates_
                          ? costs_.cost(service, from, cluster, estimates_->at(unit, cluster))
                          : costs_.cost(service, from, cluster);
    if (cost.mask != Mask::kNone) { continue; }
    all.push_back({cluster, static_cast<float>(cost.total_ms)});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost_ms < b.cost_ms; });
  if (all.size() <= kMaxRowChoices) { return all; }
  const std::size_t rest = all.size() - kNearest;
  const std::size_t relief = kMaxRowChoices - kNearest;
  for (std::size_t i = 0; i < relief; ++i) {
    all[kNearest + i] = all[kNearest + i * rest / relief];
  }
  all.resize(kMaxRowChoices);
  return all;
}

void Planner::build_candidates() {
  candidates_.clear();
  offsets_.assign(1, 0);
  for (std::size_t service = 0; service < services_.services.size(); ++service) {
    for (std::size_t unit = 0; unit < geo_.units().size(); ++unit) {
      const auto candidates =
          find_candidates(static_cast<ServiceIndex>(service), static_cast<geo::UnitIndex>(unit));
      candidates_.insert(candidates_.end(), candidates.begin(), candidates.end());
      offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    }
  }
}

void Planner::set_estimates(std::shared_ptr<const measure::EstimateTable> estimates) {
  const std::size_t units = geo_.units().size();
  CHECK(estimates->units() == units && estimates->clusters() == costs_.cluster_count());
  estimates_ = std::move(estimates);
  std::vector<geo::UnitIndex> changed;
  std::size_t different = 0;
  for (std::size_t i = 0; base_estimates_ && i < units; ++i) {
    const auto unit = static_cast<geo::UnitIndex>(i);
    const bool differs_now = differs(*base_estimates_, *estimates_, unit);
    if (differs_now || follows_newest_[unit]) { changed.push_back(unit); }
    follows_newest_[unit] = differs_now;
    different += differs_now ? 1 : 0;
  }
  if (!base_estimates_ || different > units / 8) {
    build_candidates();
    base_estimates_ = estimates_;
    follows_newest_.assign(units, false);
    return;
  }
  for (std::size_t service = 0; service < services_.services.size(); ++service) {
    for (const geo::UnitIndex unit : changed) {
      // Masks don't depend on RTT: as many as before.
      const auto candidates = find_candidates(static_cast<ServiceIndex>(service), unit);
      std::copy(candidates.begin(), candidates.end(),
                candidates_.begin() + offsets_[service * units + unit]);
    }
  }
}

PlannedLoad Planner::load_of_last_plan(const Demand& demand) const {
  const std::size_t clusters = costs_.cluster_count();
  PlannedLoad load{planned_load_, std::vector<double>(clusters, 0),
                   std::vector<double>(clusters, 0)};
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    const Assigned& assigned = last_rows_[row];
    for (std::size_t i = 0; i < assigned.count; ++i) {
      const Share& share = assigned.shares[i];
      load.asked[share.cluster] += static_cast<double>(demand.recent[row]) * share.fraction;
      load.carried[share.cluster] += demand.expected[row] * share.fraction;
    }
  }
  return load;
}

double Planner::cost_ms(std::size_t row, const Assigned& assigned) const {
  double sum = 0;
  for (std::uint32_t at = offsets_[row]; at < offsets_[row + 1]; ++at) {
    for (std::size_t i = 0; i < assigned.count; ++i) {
      if (assigned.shares[i].cluster != candidates_[at].cluster) { continue; }
      sum += assigned.shares[i].fraction * static_cast<double>(candidates_[at].cost_ms);
    }
  }
  return sum;
}

// What it costs each row to leave where it is.
std::vector<float> Planner::switch_costs(MonoTime now) const {
  std::vector<float> costs(last_rows_.size(), 0);
  for (std::size_t row = 0; row < costs.size(); ++row) {
    const Assigned& last = last_rows_[row];
    if (last.count == 0) { continue; }
    const double whole = std::clamp(kSwitchShare * cost_ms(row, last), kSwitchMs, kMostSwitchMs);
    const double settled_s = std::chrono::duration<double>(now - moved_at_[row]).count();
    costs[row] =
        static_cast<float>(std::max(kLeastSwitchMs, whole * std::exp(-settled_s / kSwitchFadeS)));
  }
  return costs;
}

// Rows with the clusters that serve: those that can't are no candidates, so their rows start at the
// cheapest that can.
struct Planner::Alive {
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
};

Planner::Alive Planner::alive_candidates(const std::vector<ClusterInput>& clusters) const {
  Alive alive;
  alive.candidates.reserve(candidates_.size());
  alive.offsets.reserve(offsets_.size());
  for (std::size_t row = 0; row + 1 < offsets_.size(); ++row) {
    for (std::uint32_t at = offsets_[row]; at < offsets_[row + 1]; ++at) {
      if (clusters[candidates_[at].cluster].serving) {
        alive.candidates.push_back(candidates_[at]);
      }
    }
    alive.offsets.push_back(static_cast<std::uint32_t>(alive.candidates.size()));
  }
  return alive;
}

// Capacities that can't hold the demand are scaled together until they do: everyone is then over
// target by the same share, instead of one cluster by all of it.
Assignment Planner::assign_scaled(SwitchProblem problem, std::vector<double> capacity,
                                  double* scale) {
  constexpr double kMostScale = 14;
  constexpr double kFirstStep = 1.01;
  double wanted = 0;
  double room = 0;
  for (const double each : problem.rows.demand) { wanted += each; }
  for (const double each : capacity) { room += each; }
  const auto scale_by = [&](double factor) {
    *scale *= factor;
    for (double& each : capacity) { each *= factor; }
  };
  *scale = 1;
  if (room > 0 && wanted > room) { scale_by(std::min(kMostScale, wanted / room * kFirstStep)); }
  for (double step = kFirstStep;; step *= step) {
    problem.rows.capacity = capacity;
    Assignment assignment = assign_switching(problem);
    if (assignment.feasible || *scale >= kMostScale) { return assignment; }
    scale_by(std::min(step, 1.25));
  }
}

// Moves what has to be moved, and of the rest the most useful first, so that at most a part of the
// demand changes its cluster at once.
Assignment Planner::assign_calmly(SwitchProblem problem, const std::vector<double>& capacity,
                                  bool may_move_all, double* scale) {
  const std::vector<float> costs(problem.switch_ms.begin(), problem.switch_ms.end());
  Assignment eager;
  double eager_moved = 0;
  for (const double patience : kPatience) {
    std::vector<float> patient = costs;
    for (float& each : patient) { each *= static_cast<float>(patience); }
    problem.switch_ms = patient;
    Assignment assignment = assign_scaled(problem, capacity, scale);
    const double moved = moved_share(problem.rows.demand, assignment);
    if (may_move_all || problem.last.empty()) { return assignment; }
    if (moved <= kMostMoved && !eager.rows.empty()) {
      // The next step would be too far: as much of it as may be.
      const double share = (kMostMoved - moved) / (eager_moved - moved);
      return blend(assignment, eager, share, problem.rows.demand);
    }
    if (moved <= kMostMoved || patience == kPatience.back()) { return assignment; }
    eager = std::move(assignment);
    eager_moved = moved;
  }
  return {};  // not reached
}

// Thresholds out of 256 for the shares, in cluster order, so that a change of weight moves only the
// names between the old and the new border.
Row Planner::make_row(std::size_t row, const Assigned& assigned,
                      const std::vector<ClusterInput>& clusters, const Assignment& assignment,
                      ClusterIndex fallback) const {
  Row result;
  std::vector<Share> shares(assigned.shares.begin(),
                            assigned.shares.begin() + static_cast<std::ptrdiff_t>(assigned.count));
  std::erase_if(shares, [](const Share& share) { return share.fraction < 0.5 / 256; });
  std::sort(shares.begin(), shares.end(),
            [](const Share& a, const Share& b) { return a.cluster < b.cluster; });
  double total = 0;
  for (const Share& share : shares) { total += share.fraction; }
  double sum = 0;
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    sum += shares[i].fraction / total;
    const long least = i == 0 ? 1 : result.thresholds.back() + 1L;
    const auto most = static_cast<long>(256 - (shares.size() - 1 - i));
    result.thresholds.push_back(
        static_cast<std::uint8_t>(std::clamp(std::lround(sum * 256), least, most)));
  }
  for (const Share& share : shares) { result.choices.push_back(share.cluster); }

  std::vector<Candidate> rest(candidates_.begin() + offsets_[row],
                              candidates_.begin() + offsets_[row + 1]);
  const auto cheapest = std::find_if(rest.begin(), rest.end(), [&](const Candidate& candidate) {
    return clusters[candidate.cluster].serving;
  });
  for (std::size_t i = 0; i < result.choices.size(); ++i) {
    if (cheapest != rest.end() && result.choices[i] != cheapest->cluster) {
      result.spilled = static_cast<std::uint8_t>(result.spilled | 1U << i);
    }
  }
  std::erase_if(rest, [&](const Candidate& candidate) {
    return std::find(result.choices.begin(), result.choices.end(), candidate.cluster) !=
           result.choices.end();
  });
  for (Candidate& candidate : rest) {
    candidate.cost_ms += static_cast<float>(assignment.price_ms[candidate.cluster]);
  }
  std::stable_sort(rest.begin(), rest.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost_ms < b.cost_ms; });
  const auto heir = std::find_if(rest.begin(), rest.end(), [&](const Candidate& candidate) {
    return candidate.cluster == fallback;
  });
  if (heir != rest.end()) { std::rotate(rest.begin(), heir, heir + 1); }
  for (const Candidate& candidate : rest) { result.choices.push_back(candidate.cluster); }
  return result;
}

// Returning clusters are filled slowly, unless the others would be over their targets for it.
Assignment Planner::assign_ramped(const SwitchProblem& problem, const std::vector<double>& capacity,
                                  bool may_move_all, double* scale) {
  std::vector<double> ramped = capacity;
  for (std::size_t i = 0; i < ramped.size(); ++i) {
    ramped[i] *= capacity_.ramp(static_cast<ClusterIndex>(i));
  }
  Assignment assignment = assign_calmly(problem, ramped, may_move_all, scale);
  if (*scale == 1 || ramped == capacity) { return assignment; }
  return assign_calmly(problem, capacity, may_move_all, scale);
}

double Planner::longest_ttl_s() const {
  double longest = 1;
  for (const Service& service : services_.services) {
    longest = std::max(longest, static_cast<double>(service.ttl_s));
  }
  return longest;
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

void Planner::remember(Assignment assignment, const std::vector<ClusterInput>& clusters,
                       MonoTime now) {
  // Only who was sent to a dearer cluster is to stay there for a while: whoever is on his way back
  // goes step by step, as room is found for him.
  moved_at_.resize(assignment.rows.size(), now);
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    const Assigned& from = last_rows_[row];
    const Assigned& to = assignment.rows[row];
    if (moved_fraction(from, to) > 1.0 / 256 && cost_ms(row, to) > cost_ms(row, from)) {
      moved_at_[row] = now;
    }
  }
  planned_load_ = std::move(assignment.load);
  last_rows_ = std::move(assignment.rows);
  served_.clear();
  for (const ClusterInput& cluster : clusters) { served_.push_back(cluster.serving); }
}

Plan Planner::plan(const Demand& full_demand, const std::vector<ClusterInput>& clusters) {
  const std::vector<double>& demand = full_demand.expected;
  const std::size_t units = geo_.units().size();
  CHECK(demand.size() + 1 == offsets_.size() && clusters.size() == costs_.cluster_count());
  const PlannedLoad load = load_of_last_plan(full_demand);
  if (!last_rows_.empty()) { capacity_.learn(load, clusters); }
  Plan plan;
  PlanSummary& summary = plan.summary;
  capacity_.watch_returns(clusters, full_demand.at, longest_ttl_s());
  summary.capacity = capacity_.capacities(load, clusters);
  const Alive alive = alive_candidates(clusters);
  std::vector<float> switch_ms = switch_costs(full_demand.at);
  bool came = false;
  bool flipped = false;
  for (std::size_t i = 0; i < served_.size(); ++i) {
    came |= clusters[i].serving && !served_[i];
    flipped |= served_[i] != clusters[i].serving;
  }
  // Whoever had to leave a cluster comes back with it.
  if (came) { std::fill(switch_ms.begin(), switch_ms.end(), 0.0F); }
  const SwitchProblem problem{{alive.candidates, alive.offsets, demand, {}}, last_rows_, switch_ms};
  Assignment assignment = assign_ramped(problem, summary.capacity, flipped, &summary.over_scale);

  std::vector<double> room = summary.capacity;
  for (double& each : room) { each *= summary.over_scale; }
  const Fallbacks fallbacks =
      assign_fallbacks({alive.candidates, alive.offsets, demand, room}, assignment);
  summary.scale_if_lost = fallbacks.scale_if_lost;

  auto map = std::make_shared<AnswerMap>(services_.services.size(), units);
  for (std::size_t row = 0; row < demand.size(); ++row) {
    map->set_row(static_cast<ServiceIndex>(row / units), static_cast<geo::UnitIndex>(row % units),
                 make_row(row, assignment.rows[row], clusters, assignment, fallbacks.first[row]));
    summary.demand_per_s += demand[row];
  }
  summary.number = ++plans_made_;
  summary.feasible = assignment.feasible;
  summary.units = units;
  summary.distinct_rows = map->distinct_rows();
  summary.moved_share = moved_share(demand, assignment);
  summary.price_ms = assignment.price_ms;
  summary.planned_load = assignment.load;
  remember(std::move(assignment), clusters, full_demand.at);
  plan.map = std::move(map);
  plan.estimates = estimates_;
  return plan;
}

}  // namespace gslb::steer
