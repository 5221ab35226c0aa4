#include "gslb/steer/planner.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gslb/base/check.h"

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Candidates kept a row: the nearest, and some far ones so that a plan exists when a whole region
// is full or dead.
constexpr std::size_t kNearest = 24;
static_assert(kNearest < kMaxRowChoices);
// The feedback's gain an epoch, and the gain once a cluster is over its target by half: then being
// late costs more than being nervous.
constexpr double kGain = 0.1;
constexpr double kUrgentGain = 0.5;
constexpr double kUrgentUtilisation = 1.5;
// How much more a cluster below its target may be given at once, against its factor.
constexpr double kMostGrowth = 0.25;
// Below this demand a cluster's load says nothing about what its queries cost.
constexpr double kLeastDemand = 1e-3;

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
      load_per_demand_(costs.cluster_count(), 0),
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

// What the last epoch's queries, answered by the last plan, cost each cluster.  Against the
// smoothed demand alone a rising crowd would look dear (its load is there before its demand) and
// too much would be moved; so the larger of both is taken.
void Planner::learn_load_factors(const Demand& demand, const std::vector<ClusterInput>& clusters) {
  if (last_rows_.empty()) { return; }
  std::vector<double> asked(clusters.size(), 0);
  for (std::size_t row = 0; row < last_rows_.size(); ++row) {
    if (demand.recent[row] <= 0) { continue; }
    const Assigned& assigned = last_rows_[row];
    for (std::size_t i = 0; i < assigned.count; ++i) {
      asked[assigned.shares[i].cluster] += demand.recent[row] * assigned.shares[i].fraction;
    }
  }
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].serving) { continue; }
    const double load = std::max(asked[i], planned_load_[i]);
    double& factor = load_per_demand_[i];
    // Below target, load without queries says nothing about what queries cost: an old verdict
    // fades.  Above it, somebody has to go, whatever the load is from.
    if (clusters[i].utilisation <= 1 && asked[i] <= 0) {
      if (load < kLeastDemand) { factor *= 1 - kGain; }
      continue;
    }
    if (load < kLeastDemand) { continue; }
    const double observed = clusters[i].utilisation / load;
    const double gain = clusters[i].utilisation > kUrgentUtilisation ? kUrgentGain : kGain;
    factor = factor == 0 ? observed : factor + gain * (observed - factor);
  }
}

std::vector<double> Planner::capacities(const std::vector<ClusterInput>& clusters) const {
  std::vector<double> capacity(clusters.size(), kInfinity);
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].serving) {
      capacity[i] = 0;
    } else if (clusters[i].has_capacity && load_per_demand_[i] > 0) {
      capacity[i] = 1 / load_per_demand_[i];
      // Below its target a cluster keeps what it has and may grow, whatever a young factor says.
      const double headroom = 1 / std::max(clusters[i].utilisation, 0.01) - 1;
      if (headroom >= 0) {
        const double growth = 1 + std::min(kGain * headroom, kMostGrowth);
        capacity[i] = std::max(capacity[i], planned_load_[i] * growth);
      }
    }
  }
  return capacity;
}

// Capacities that can't hold the demand are scaled together until they do: everyone is then over
// target by the same share, instead of one cluster by all of it.
Assignment Planner::assign_scaled(const std::vector<double>& demand, std::vector<double>& capacity,
                                  const std::vector<ClusterInput>& clusters, double* scale) {
  // Clusters that can't serve are no candidates: their rows start at the cheapest that can.
  std::vector<Candidate> alive;
  std::vector<std::uint32_t> offsets;
  alive.reserve(candidates_.size());
  offsets.reserve(offsets_.size());
  offsets.push_back(0);
  for (std::size_t row = 0; row + 1 < offsets_.size(); ++row) {
    for (std::uint32_t at = offsets_[row]; at < offsets_[row + 1]; ++at) {
      if (clusters[candidates_[at].cluster].serving) { alive.push_back(candidates_[at]); }
    }
    offsets.push_back(static_cast<std::uint32_t>(alive.size()));
  }
  *scale = 1;
  constexpr int kScalings = 12;  // 1.25^12 = 14 times the targets
  constexpr double kStep = 1.25;
  for (int i = 0;; ++i) {
    Assignment assignment = assign({alive, offsets, demand, capacity});
    if (assignment.feasible || i == kScalings) { return assignment; }
    *scale *= kStep;
    for (double& each : capacity) { each *= kStep; }
  }
}

// Thresholds out of 256 for the shares, in cluster order, so that a change of weight moves only the
// names between the old and the new border.
Row Planner::make_row(std::size_t row, const Assigned& assigned,
                      const std::vector<ClusterInput>& clusters,
                      const Assignment& assignment) const {
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
  for (const Candidate& candidate : rest) { result.choices.push_back(candidate.cluster); }
  return result;
}

double Planner::moved_share(const std::vector<double>& demand, const Assignment& next) const {
  double moved = 0;
  double total = 0;
  for (std::size_t row = 0; row < next.rows.size(); ++row) {
    total += demand[row];
    if (last_rows_.empty()) { continue; }
    if (next.rows[row].shares[0].cluster != last_rows_[row].shares[0].cluster) {
      moved += demand[row];
    }
  }
  return total > 0 ? moved / total : 0;
}

Plan Planner::plan(const Demand& full_demand, const std::vector<ClusterInput>& clusters) {
  const std::vector<double>& demand = full_demand.expected;
  const std::size_t units = geo_.units().size();
  CHECK(demand.size() + 1 == offsets_.size() && clusters.size() == costs_.cluster_count());
  learn_load_factors(full_demand, clusters);
  Plan plan;
  PlanSummary& summary = plan.summary;
  summary.capacity = capacities(clusters);
  std::vector<double> capacity = summary.capacity;
  Assignment assignment = assign_scaled(demand, capacity, clusters, &summary.over_scale);

  auto map = std::make_shared<AnswerMap>(services_.services.size(), units);
  for (std::size_t row = 0; row < demand.size(); ++row) {
    map->set_row(static_cast<ServiceIndex>(row / units), static_cast<geo::UnitIndex>(row % units),
                 make_row(row, assignment.rows[row], clusters, assignment));
    summary.demand_per_s += demand[row];
  }
  planned_load_ = assignment.load;
  summary.number = ++plans_made_;
  summary.feasible = assignment.feasible;
  summary.units = units;
  summary.distinct_rows = map->distinct_rows();
  summary.moved_share = moved_share(demand, assignment);
  summary.price_ms = assignment.price_ms;
  summary.planned_load = assignment.load;
  last_rows_ = std::move(assignment.rows);
  plan.map = std::move(map);
  plan.estimates = estimates_;
  return plan;
}

}  // namespace gslb::steer
