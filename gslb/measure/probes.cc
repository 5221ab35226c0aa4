#include "gslb/measure/probes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace gslb::measure {
namespace {

// A pair that is measured this well (share of its RTT, and ms) has nothing more to tell.
constexpr double kMeasuredShare = 0.08;
constexpr double kMeasuredMs = 0.5;

// E[max(0, X)] of X normal around `mean`.
double expected_excess(double mean, double sigma) {
  if (sigma <= 0) { return std::max(0.0, mean); }
  const double z = mean / sigma;
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
  return mean * 0.5 * std::erfc(-z / std::numbers::sqrt2) + sigma * density;
}

// The same of X by Student's t with 3 degrees of freedom, for whose distribution there is a
// formula.
double expected_excess_heavy(double mean, double sigma) {
  if (sigma <= 0) { return std::max(0.0, mean); }
  const double z = mean / sigma;
  const double root = std::numbers::sqrt3;
  const double density = 6 * root / (std::numbers::pi * (3 + z * z) * (3 + z * z));
  const double below = 0.5 + (z / root / (1 + z * z / 3) + std::atan(z / root)) / std::numbers::pi;
  return mean * below + sigma * (3 + z * z) / 2 * density;
}

double reducible_sigma(const RttEstimate& rtt) {
  const double left = kMeasuredShare * rtt.mean_ms + kMeasuredMs;
  return std::sqrt(std::max(0.0, rtt.sigma_ms * rtt.sigma_ms - left * left));
}

}  // namespace

double expected_gain_ms(std::span<const RttEstimate> row, std::size_t cluster, std::size_t best) {
  const double sigma = reducible_sigma(row[cluster]);
  if (sigma <= 0) { return 0; }
  if (cluster != best) { return expected_excess(row[best].mean_ms - row[cluster].mean_ms, sigma); }
  if (row.size() == 1) { return 0; }  // nowhere else to go
  double second_ms = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (c != best) { second_ms = std::min(second_ms, row[c].mean_ms); }
  }
  return expected_excess_heavy(row[best].mean_ms - second_ms, sigma);
}

std::vector<ProbeOrder> plan_probes(const EstimateTable& table, std::span<const double> demand,
                                    const std::vector<bool>& may_probe, const ProbeLimits& limits) {
  std::vector<ProbeOrder> all;
  std::vector<fleet::ClusterIndex> clusters;
  for (std::size_t c = 0; c < may_probe.size(); ++c) {
    // What a distrusted cluster says isn't believed: asking it would be asked again and again.
    if (may_probe[c] && !table.facts().distrusted[c]) {
      clusters.push_back(static_cast<fleet::ClusterIndex>(c));
    }
  }
  if (clusters.empty()) { return all; }
  std::vector<RttEstimate> row(clusters.size());
  for (std::size_t unit = 0; unit < table.units(); ++unit) {
    if (demand[unit] <= 0) { continue; }
    const auto index = static_cast<geo::UnitIndex>(unit);
    for (std::size_t i = 0; i < row.size(); ++i) { row[i] = table.at(index, clusters[i]); }
    const auto best =
        static_cast<std::size_t>(std::min_element(row.begin(), row.end(),
                                                  [](const RttEstimate& a, const RttEstimate& b) {
                                                    return cautious_ms(a) < cautious_ms(b);
                                                  }) -
                                 row.begin());
    ProbeOrder order{.unit = index};
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!limits.probers.empty() && !limits.probers[clusters[i]]) { continue; }
      const double gain = expected_gain_ms(row, i, best);
      if (gain > order.gain) {
        order.gain = gain;
        order.cluster = clusters[i];
      }
    }
    if (order.gain < limits.least_gain_ms) { continue; }
    order.gain *= demand[unit];
    all.push_back(order);
  }
  std::sort(all.begin(), all.end(), [](const ProbeOrder& a, const ProbeOrder& b) {
    return a.gain != b.gain ? a.gain > b.gain : a.unit < b.unit;
  });
  std::vector<std::size_t> given(may_probe.size(), 0);
  std::vector<ProbeOrder> orders;
  for (const ProbeOrder& order : all) {
    if (orders.size() == limits.orders) { break; }
    if (given[order.cluster]++ < limits.per_cluster) { orders.push_back(order); }
  }
  return orders;
}

}  // namespace gslb::measure
