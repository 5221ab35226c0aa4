#include "gslb/measure/trust.h"

#include <algorithm>

namespace gslb::measure {
namespace {

constexpr double kMostShare = 0.35;
// Timestamps are coarse, and places are not points.
constexpr double kSlackMs = 0.5;

// Distances that judgement takes again and again.
struct Distances {
  explicit Distances(const Model::Input& input) {
    for (const Site& a : input.sites) {
      for (const Site& b : input.sites) { sites.push_back(geo::distance_km(a.place, b.place)); }
    }
    for (std::size_t unit = 0; unit < input.units.size(); ++unit) {
      for (std::uint32_t i = input.pairs.offsets[unit]; i < input.pairs.offsets[unit + 1]; ++i) {
        const geo::Place& site = input.sites[input.pairs.values[i].cluster].place;
        pairs.push_back(geo::distance_km(input.units[unit].place, site));
      }
    }
  }
  std::vector<double> sites;  // sites x sites
  std::vector<double> pairs;  // as the input's
};

// What one unit's pairs say about each other and about its place.
void judge_unit(const Model::Input& input, const Distances& distances, std::size_t unit,
                const std::vector<bool>& distrusted, std::vector<bool>& is_bad) {
  const std::uint32_t begin = input.pairs.offsets[unit];
  const std::uint32_t end = input.pairs.offsets[unit + 1];
  const geo::Unit& from = input.units[unit];
  for (std::uint32_t i = begin; i < end; ++i) {
    const PairValue& pair = input.pairs.values[i];
    if (distrusted[pair.cluster]) { continue; }
    if (from.has_place && contradicts(pair, distances.pairs[i], from.place_sigma_km)) {
      is_bad[i] = true;
    }
    for (std::uint32_t j = begin; j < i; ++j) {
      const PairValue& other = input.pairs.values[j];
      if (distrusted[other.cluster]) { continue; }
      const double between_km = distances.sites[pair.cluster * input.sites.size() + other.cluster];
      if (ms_of_log(double{pair.log_rtt}) + ms_of_log(double{other.log_rtt}) + kSlackMs <
          light_ms(between_km)) {
        is_bad[i] = true;
        is_bad[j] = true;
      }
    }
  }
}

}  // namespace

double light_ms(double km) noexcept {
  // 0.010 in fibre alone; 0.0067 in air.
  constexpr double kMsPerKm = 0.009;
  return kMsPerKm * std::max(0.0, km);
}

bool contradicts(const PairValue& pair, double km, double place_sigma_km) noexcept {
  return ms_of_log(double{pair.log_rtt}) + kSlackMs < light_ms(km - 2 * place_sigma_km);
}

std::vector<bool> find_distrusted(const Model::Input& input) {
  std::vector<bool> distrusted(input.sites.size(), false);
  const Distances distances(input);
  for (;;) {
    std::vector<bool> is_bad(input.pairs.values.size(), false);
    for (std::size_t unit = 0; unit < input.units.size(); ++unit) {
      judge_unit(input, distances, unit, distrusted, is_bad);
    }
    std::vector<double> all(distrusted.size(), 0);
    std::vector<double> bad(distrusted.size(), 0);
    for (std::size_t i = 0; i < is_bad.size(); ++i) {
      const fleet::ClusterIndex cluster = input.pairs.values[i].cluster;
      all[cluster] += 1;
      bad[cluster] += is_bad[i] ? 1 : 0;
    }
    double worst_share = kMostShare;
    std::size_t worst = distrusted.size();
    for (std::size_t c = 0; c < distrusted.size(); ++c) {
      const double share = (bad[c] + 0.5) / (all[c] + 2);
      if (bad[c] > 0 && !distrusted[c] && share > worst_share) {
        worst_share = share;
        worst = c;
      }
    }
    if (worst == distrusted.size()) { break; }
    distrusted[worst] = true;
  }
  // Half of them wrong: the measuring itself is (all of them behind one proxy, or one machine that
  // plays the planet), or of two nobody knows which.
  std::vector<bool> reports(distrusted.size(), false);
  for (const PairValue& pair : input.pairs.values) { reports[pair.cluster] = true; }
  const auto wrong = std::ranges::count(distrusted, true);
  return 2 * wrong >= std::ranges::count(reports, true) && wrong > 0 ? reports : distrusted;
}

}  // namespace gslb::measure
