#include "bench/steering/mixtures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "gslb/control/epoch.h"
#include "gslb/measure/probes.h"
#include "gslb/steer/row_cost.h"

namespace bench::steering {
namespace {

using gslb::geo::UnitIndex;
using gslb::measure::EstimateTable;

constexpr int kMeasurements = 3;  // a unit
constexpr double kNoise = 0.05;   // of one of them

// Of the clients that come by one resolver.
struct Audience {
  std::vector<std::size_t> networks;
  std::vector<double> weights;  // of these
  std::vector<double> rtt_ms;   // by cluster: their mean
  double weight = 0;
  double best_ms = 0;
};

using Audiences = std::map<std::size_t, Audience>;  // by the resolver's network

Audiences audiences_of(const Scene& scene) {
  Audiences all;
  for (std::size_t i = 0; i < scene.networks.size(); ++i) {
    const Network& network = scene.networks[i];
    Audience& audience = all[network.resolver];
    audience.networks.push_back(i);
    audience.weights.push_back(network.weight);
    audience.weight += network.weight;
    audience.rtt_ms.resize(network.rtt_ms.size(), 0);
    for (std::size_t c = 0; c < network.rtt_ms.size(); ++c) {
      audience.rtt_ms[c] += network.weight * network.rtt_ms[c];
    }
  }
  for (auto& [resolver, audience] : all) {
    for (double& each : audience.rtt_ms) { each /= audience.weight; }
    audience.best_ms = *std::min_element(audience.rtt_ms.begin(), audience.rtt_ms.end());
  }
  return all;
}

// What edges and probes have learnt of the units' own clients.
std::shared_ptr<const EstimateTable> learn_rtt(const Scene& scene, gslb::control::Epoch& epoch,
                                               std::mt19937_64& random) {
  std::vector<std::vector<double>> rtt_ms(scene.units.size());
  std::vector<double> demand(scene.units.size(), 0);
  for (const Network& network : scene.networks) {
    rtt_ms[network.unit] = network.rtt_ms;
    demand[network.unit] += network.weight * scene.demand;
  }
  std::normal_distribution<double> normal;
  const std::size_t many = scene.units.size();
  const gslb::WallTime now{std::chrono::hours(1)};
  auto table = epoch.estimator.refresh(now, demand);
  for (int round = 0; round < kMeasurements; ++round) {
    for (const auto& order :
         plan_probes(*table, demand, std::vector<bool>(scene.clusters.size(), true),
                     {.orders = many, .per_cluster = many, .least_gain_ms = 0})) {
      const double noise = std::exp(kNoise * std::abs(normal(random)));
      epoch.estimator.add({order.unit, order.cluster, rtt_ms[order.unit][order.cluster] * noise, 1},
                          now);
    }
    table = epoch.estimator.refresh(now, demand);
  }
  return table;
}

// Joins of clients drawn by their traffic.
gslb::measure::Mixtures join(const Scene& scene, const Audiences& audiences, std::size_t joins,
                             std::mt19937_64& random) {
  gslb::measure::Mixtures mixtures(scene.compiled->geo->units(), audiences.size());
  for (const auto& [resolver, audience] : audiences) {
    std::discrete_distribution<std::size_t> draw(audience.weights.begin(), audience.weights.end());
    const Network& from = scene.networks[resolver];
    for (std::size_t i = 0; i < joins; ++i) {
      const Network& client = scene.networks[audience.networks[draw(random)]];
      mixtures.add({from.prefix, from.unit, client.unit, gslb::WallTime(std::chrono::hours(1))});
    }
  }
  return mixtures;
}

std::size_t cheapest(const std::vector<gslb::steer::Cost>& costs) {
  const auto best = std::min_element(costs.begin(), costs.end(),
                                     [](auto& a, auto& b) { return a.total_ms < b.total_ms; });
  return static_cast<std::size_t>(best - costs.begin());
}

}  // namespace

std::vector<Mixed> measure_mixtures(const Scene& scene, const std::vector<std::size_t>& joins) {
  std::mt19937_64 random(scene.options.seed + 1234);
  gslb::control::Epoch epoch(scene.compiled, 1, gslb::MonoTime());
  const auto table = learn_rtt(scene, epoch, random);
  const gslb::steer::CostView view{epoch.costs, scene.compiled->geo->units(), table.get()};
  const Audiences audiences = audiences_of(scene);
  std::vector<Mixed> results;
  std::vector<std::size_t> rounds = joins;
  rounds.insert(rounds.begin(), 0);
  for (const std::size_t count : rounds) {
    auto mixtures = join(scene, audiences, count, random);
    const auto rows = mixtures.rows(gslb::WallTime(std::chrono::hours(1)));
    std::vector<std::pair<double, double>> penalties;  // ms, weight
    double sum = 0;
    double weight = 0;
    for (const auto& [resolver, audience] : audiences) {
      const Network& from = scene.networks[resolver];
      const auto slot = rows->find(from.prefix.address());
      std::vector<gslb::steer::Cost> costs;
      for (std::size_t c = 0; c < scene.clusters.size() && !slot; ++c) {
        costs.push_back(
            unit_cost(view, 0, from.unit, static_cast<gslb::fleet::ClusterIndex>(c), 0));
      }
      if (slot) { costs = mixed_costs(view, 0, *rows->at(*slot), 0).by_cluster; }
      const double penalty = audience.rtt_ms[cheapest(costs)] - audience.best_ms;
      penalties.emplace_back(penalty, audience.weight);
      sum += penalty * audience.weight;
      weight += audience.weight;
    }
    std::sort(penalties.begin(), penalties.end());
    double below = 0;
    std::size_t at = 0;
    while (at + 1 < penalties.size() && (below += penalties[at].second) < 0.95 * weight) { ++at; }
    results.push_back({count, sum / weight, penalties[at].first});
  }
  return results;
}

}  // namespace bench::steering
