#include "bench/steering/learn.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gslb/base/clock.h"
#include "gslb/measure/probes.h"

namespace bench::steering {
namespace {

using gslb::measure::EstimateTable;

constexpr double kNoise = 0.05;     // of one measurement
constexpr double kMostQueueMs = 2;  // that its minimum may still have

Learnt judge(const Scene& scene, const EstimateTable& table, std::size_t measurements) {
  std::vector<std::pair<double, double>> penalties;  // ms, weight
  double sum = 0;
  double weight = 0;
  for (std::size_t unit = 0; unit < scene.units.size(); ++unit) {
    const UnitTruth& truth = scene.units[unit];
    if (truth.weight <= 0) { continue; }
    std::size_t best = 0;
    double best_ms = 1e9;
    for (std::size_t i = 0; i < truth.rtt_ms.size(); ++i) {
      const double cost_ms = gslb::measure::cautious_ms(table.at(
          static_cast<gslb::geo::UnitIndex>(unit), static_cast<gslb::fleet::ClusterIndex>(i)));
      if (cost_ms < best_ms) { best = i, best_ms = cost_ms; }
    }
    const double penalty = truth.rtt_ms[best] - truth.best_ms;
    penalties.emplace_back(penalty, truth.weight);
    sum += penalty * truth.weight;
    weight += truth.weight;
  }
  std::sort(penalties.begin(), penalties.end());
  double below = 0;
  std::size_t at = 0;
  while (at + 1 < penalties.size() && (below += penalties[at].second) < 0.95 * weight) { ++at; }
  return {measurements, sum / weight, penalties[at].first};
}

}  // namespace

std::vector<Learnt> learn(const Scene& scene, std::size_t most) {
  const auto& units = scene.compiled->geo->units();
  const auto& config = scene.compiled->config;
  std::vector<gslb::measure::Site> sites;
  for (const auto& cluster : config.clusters) {
    sites.push_back({cluster.id.text, {cluster.latitude, cluster.longitude}});
  }
  gslb::measure::Estimator estimator(units, sites,
                                     {config.steering.base_ms, config.steering.ms_per_km});
  std::vector<double> demand;
  for (const UnitTruth& unit : scene.units) { demand.push_back(unit.weight * scene.demand); }
  const gslb::FakeClock clock;
  std::mt19937_64 random(scene.options.seed + 99);
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> queue(1);
  const gslb::measure::ProbeLimits limits{
      .orders = units.size(), .per_cluster = units.size(), .least_gain_ms = 0};
  std::vector<Learnt> results;
  for (std::size_t round = 0;; ++round) {
    const auto table = estimator.refresh(clock.wall(), demand);
    results.push_back(judge(scene, *table, round));
    if (round == most) { return results; }
    const auto orders = plan_probes(*table, demand, std::vector<bool>(sites.size(), true), limits);
    for (const auto& order : orders) {
      const double truth_ms = scene.units[order.unit].rtt_ms[order.cluster];
      const double rtt_ms = truth_ms * std::exp(kNoise * std::abs(normal(random))) +
                            std::min(kMostQueueMs, 0.3 * queue(random));
      estimator.add({order.unit, order.cluster, rtt_ms, 1}, clock.wall());
    }
  }
}

}  // namespace bench::steering
