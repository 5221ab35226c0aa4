// A small planet with bent paths for tests of the estimator: units, clusters and their true RTT.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "gslb/base/hash.h"
#include "gslb/measure/estimator.h"
#include "gslb/measure/probes.h"

namespace measure_testing {

using namespace gslb;
using namespace gslb::measure;

inline constexpr WallTime kNow{std::chrono::hours(24 * 365 * 50)};

// Uniform in [0, 1), from a seed and a place in the sequence.
inline double uniform(std::uint64_t seed, std::uint64_t at) {
  return static_cast<double>(hash_combine(seed, at) >> 11) / 9007199254740992.0;
}

struct Planet {
  std::vector<geo::Unit> units;
  std::vector<Site> sites;
  std::vector<std::vector<double>> rtt_ms;  // [unit][cluster], true

  std::size_t best(std::size_t unit) const {
    std::size_t best = 0;
    for (std::size_t c = 1; c < sites.size(); ++c) {
      if (rtt_ms[unit][c] < rtt_ms[unit][best]) { best = c; }
    }
    return best;
  }
  // Mean of true RTT above the best's, over units, should each go where the table says.
  double penalty_ms(const EstimateTable& table) const {
    double sum = 0;
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      const auto index = static_cast<geo::UnitIndex>(unit);
      fleet::ClusterIndex chosen = 0;
      for (fleet::ClusterIndex c = 1; c < sites.size(); ++c) {
        if (cautious_ms(table.at(index, c)) < cautious_ms(table.at(index, chosen))) { chosen = c; }
      }
      sum += rtt_ms[unit][chosen] - rtt_ms[unit][best(unit)];
    }
    return sum / static_cast<double>(units.size());
  }
};

// Units on a band around the Earth; to every (unit's tenth, cluster) an own detour, to every unit
// an own last mile.  `wrong`: the share of units that claim to be elsewhere.
inline Planet make_planet(std::size_t units, std::size_t clusters, double wrong,
                          std::uint64_t seed) {
  Planet planet;
  const auto place = [&](std::uint64_t salt, std::uint64_t at) {
    return geo::Place{uniform(seed + salt, at) * 100 - 45,
                      uniform(seed + salt + 1, at) * 360 - 180};
  };
  for (std::size_t c = 0; c < clusters; ++c) {
    planet.sites.push_back({"c" + std::to_string(c), place(10, c)});
  }
  for (std::size_t u = 0; u < units; ++u) {
    const geo::Place at = place(20, u);
    geo::Unit unit;
    unit.id = hash_combine(seed, u);
    unit.has_place = true;
    unit.place = uniform(seed + 30, u) < wrong ? place(40, u) : at;
    unit.place_sigma_km = 50;
    planet.units.push_back(unit);
    const double last_mile_ms = 2 + 10 * uniform(seed + 50, u);
    auto& row = planet.rtt_ms.emplace_back();
    for (std::size_t c = 0; c < clusters; ++c) {
      const auto region = static_cast<std::uint64_t>((at.longitude + 180) / 36);
      const double bend = 1.1 + uniform(seed + 60, region * 1000 + c);
      row.push_back(last_mile_ms + 0.01 * bend * geo::distance_km(at, planet.sites[c].place));
    }
  }
  return planet;
}

// `rounds` times the most useful pair of every unit is measured, with 5 % of noise.
inline std::shared_ptr<const EstimateTable> learn(const Planet& planet, Estimator& estimator,
                                                  int rounds) {
  const std::vector<double> demand(planet.units.size(), 1);
  const std::vector<bool> all(planet.sites.size(), true);
  const ProbeLimits limits{.orders = 100'000, .per_cluster = 100'000};
  auto table = estimator.refresh(kNow, demand);
  for (int round = 0; round < rounds; ++round) {
    for (const ProbeOrder& order : plan_probes(*table, demand, all, limits)) {
      const double noise = 1 + 0.1 * (uniform(hash_combine(order.unit, order.cluster), 0) - 0.5);
      estimator.add({.unit = order.unit,
                     .cluster = order.cluster,
                     .rtt_ms = noise * planet.rtt_ms[order.unit][order.cluster]},
                    kNow);
    }
    table = estimator.refresh(kNow, demand);
  }
  return table;
}

}  // namespace measure_testing
