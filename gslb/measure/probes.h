// Which pair to measure next: where a measurement is likely to change an answer for many.
//
// Source: steering.md (2b); Mockus, "On Bayesian methods for seeking the extremum" (1975), the
// expected improvement; Frazier et al., "The knowledge gradient" (2009), for the best one itself.
#pragma once

#include <span>
#include <vector>

#include "gslb/measure/estimator.h"

namespace gslb::measure {

struct ProbeOrder {
  geo::UnitIndex unit = 0;
  fleet::ClusterIndex cluster = 0;
  double gain = 0;  // ms x demand that are expected to be saved
};

struct ProbeLimits {
  std::size_t orders = 1000;      // a round
  std::size_t per_cluster = 100;  // a round: what its probers can do
  double least_gain_ms = 0.05;    // expected improvement for one client below which it's not asked
  std::vector<bool> probers{};    // by cluster: can measure; empty: all that may be probed from
};

// What a measurement of the pair is expected to save the unit's clients, ms: of another cluster,
// that it is better than the one they get; of the one they get, that they should leave.
// `costs`: of all clusters that may serve the unit, ms.
double expected_gain_ms(std::span<const RttEstimate> row, std::size_t cluster, std::size_t best);

// At most one order a unit and round, the most useful first.  `demand`: by unit.  `may_probe`: by
// cluster; others are neither probed from nor counted as alternatives.  Deterministic.
std::vector<ProbeOrder> plan_probes(const EstimateTable& table, std::span<const double> demand,
                                    const std::vector<bool>& may_probe, const ProbeLimits& limits);

}  // namespace gslb::measure
