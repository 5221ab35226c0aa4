#include "gslb/measure/levels.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace gslb::measure {
namespace {

constexpr float kEarthKm = 6371.0088F;
// Anchors are cells of about 3 degrees: fine enough for the near kernel, few enough (about 1,500 on
// land) for all pairs of them.
constexpr double kAnchorDegrees = 3;
constexpr double kCoarseDegrees = 15;
constexpr float kFarKm = 5000;
constexpr float kNearKm = 400;

// Variance of what each level adds to the one above; ln(rtt + 5) against the line.
constexpr float kAllVariance = 0.05F * 0.05F;
constexpr float kFarVariance = 0.15F * 0.15F;
constexpr float kCountryVariance = 0.126F * 0.126F;
constexpr float kNearVariance = 0.19F * 0.19F;
constexpr float kNetworkVariance = 0.10F * 0.10F;
constexpr float kUnitVariance = 0.12F * 0.12F;
// A single residual says no more than this about its level: one odd unit must not bend a country.
constexpr float kMostResidual = 1.2F;

// The cell of a place on a grid of cells about as wide as high.
std::uint64_t cell_key(const geo::Place& place, double degrees) {
  const double band = std::floor((place.latitude + 90) / degrees);
  const double middle = (band + 0.5) * degrees - 90;
  const double width = degrees / std::max(0.05, std::cos(middle * std::numbers::pi / 180));
  const double column = std::floor((place.longitude + 180) / width);
  return static_cast<std::uint64_t>(band) << 32 | static_cast<std::uint64_t>(column);
}

// A level's mean corrects the belief from above in proportion to what is known on either side.
void update(Belief& belief, float level_variance, float below_variance, float value, float weight) {
  belief.variance += level_variance;
  if (weight < 1e-4F) { return; }
  const float gain = belief.variance / (belief.variance + below_variance / weight);
  belief.mean += gain * (value / weight - belief.mean);
  belief.variance *= 1 - gain;
}

}  // namespace

Direction direction_of(const geo::Place& place) noexcept {
  const double latitude = place.latitude * std::numbers::pi / 180;
  const double longitude = place.longitude * std::numbers::pi / 180;
  return {static_cast<float>(std::cos(latitude) * std::cos(longitude)),
          static_cast<float>(std::cos(latitude) * std::sin(longitude)),
          static_cast<float>(std::sin(latitude))};
}

float distance_km(const Direction& a, const Direction& b) noexcept {
  // The chord keeps its digits where the dot product of near points loses them.
  const float x = a.x - b.x;
  const float y = a.y - b.y;
  const float z = a.z - b.z;
  const float half_chord = 0.5F * std::sqrt(x * x + y * y + z * z);
  return 2 * kEarthKm * std::asin(std::min(1.0F, half_chord));
}

Levels::Levels(std::span<const geo::Unit> units, std::size_t cluster_count)
    : clusters_(cluster_count) {
  group(units);
  clear();
}

void Levels::group(std::span<const geo::Unit> units) {
  std::map<std::uint64_t, std::int32_t> anchors;
  std::map<std::uint16_t, std::int32_t> countries;
  std::map<std::uint64_t, std::int32_t> networks;
  const auto index_in = [](auto& map, auto key) {
    return map.emplace(key, static_cast<std::int32_t>(map.size())).first->second;
  };
  std::vector<std::uint32_t> members;
  chains_.resize(units.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    const geo::Unit& unit = units[i];
    Chain& chain = chains_[i];
    const auto country =
        static_cast<std::uint16_t>(static_cast<unsigned char>(unit.country[0]) << 8 |
                                   static_cast<unsigned char>(unit.country[1]));
    if (country != 0) { chain.country = index_in(countries, country); }
    if (unit.asn != 0) {
      chain.network = index_in(networks, std::uint64_t{unit.asn} << 16 | country);
    }
    if (!unit.has_place) { continue; }
    chain.anchor = index_in(anchors, cell_key(unit.place, kAnchorDegrees));
    const auto anchor = static_cast<std::size_t>(chain.anchor);
    const Direction here = direction_of(unit.place);
    if (anchor == anchors_.size()) {
      anchors_.push_back(here);
      members.push_back(1);
      continue;
    }
    // The running mean of the members' directions.
    Direction& mean = anchors_[anchor];
    const float share = 1 / static_cast<float>(++members[anchor]);
    mean.x += share * (here.x - mean.x);
    mean.y += share * (here.y - mean.y);
    mean.z += share * (here.z - mean.z);
  }
  countries_ = countries.size();
  networks_ = networks.size();
  group_anchors();
}

void Levels::group_anchors() {
  std::map<std::uint64_t, std::uint32_t> cells;
  for (Direction& mean : anchors_) {
    const float length = std::sqrt(mean.x * mean.x + mean.y * mean.y + mean.z * mean.z);
    mean = {mean.x / length, mean.y / length, mean.z / length};
    const geo::Place place{std::asin(double{mean.z}) * 180 / std::numbers::pi,
                           std::atan2(double{mean.y}, double{mean.x}) * 180 / std::numbers::pi};
    const auto cell =
        cells.emplace(cell_key(place, kCoarseDegrees), static_cast<std::uint32_t>(cells.size()));
    if (cell.second) { coarse_.push_back(mean); }
    coarse_of_.push_back(cell.first->second);
    own_far_weight_.push_back(std::exp(-distance_km(mean, coarse_[cell.first->second]) / kFarKm));
  }
}

void Levels::clear() {
  all_.assign(clusters_, {});
  by_anchor_.assign(anchors_.size() * clusters_, {});
  by_country_.assign(countries_ * clusters_, {});
  by_network_.clear();
  network_rows_.assign(networks_, -1);
  far_ = by_anchor_;
  near_ = by_anchor_;
}

// A measurement as sure as the unit's own peculiarity counts half a unit.
Levels::Sum Levels::sum_of(const Residual& residual) noexcept {
  const float weight = kUnitVariance / (kUnitVariance + residual.variance);
  return {weight * std::clamp(residual.value, -kMostResidual, kMostResidual), weight};
}

void Levels::add(const Chain& chain, const Residual& residual) {
  const Sum more = sum_of(residual);
  const auto add_to = [&](std::vector<Sum>& sums, std::int32_t row) {
    if (row < 0) { return; }
    Sum& sum = at(sums, static_cast<std::size_t>(row), residual.cluster);
    sum.value += more.value;
    sum.weight += more.weight;
  };
  add_to(all_, 0);
  add_to(by_anchor_, chain.anchor);
  add_to(by_country_, chain.country);
  if (chain.network < 0) { return; }
  std::int32_t& row = network_rows_[static_cast<std::size_t>(chain.network)];
  if (row < 0) {
    row = static_cast<std::int32_t>(by_network_.size() / clusters_);
    by_network_.resize(by_network_.size() + clusters_);
  }
  add_to(by_network_, row);
}

void Levels::finish() {
  spread_far();
  spread_near();
}

void Levels::spread_far() {
  std::vector<Sum> by_coarse(coarse_.size() * clusters_);
  for (std::size_t i = 0; i < anchors_.size(); ++i) {
    for (std::size_t c = 0; c < clusters_; ++c) {
      Sum& into = at(by_coarse, coarse_of_[i], c);
      into.value += by_anchor_[i * clusters_ + c].value;
      into.weight += by_anchor_[i * clusters_ + c].weight;
    }
  }
  for (std::size_t i = 0; i < anchors_.size(); ++i) {
    for (std::size_t source = 0; source < coarse_.size(); ++source) {
      const float weight = std::exp(-distance_km(anchors_[i], coarse_[source]) / kFarKm);
      for (std::size_t c = 0; c < clusters_; ++c) {
        const Sum& from = by_coarse[source * clusters_ + c];
        far_[i * clusters_ + c].value += weight * from.value;
        far_[i * clusters_ + c].weight += weight * from.weight;
      }
    }
  }
}

void Levels::spread_near() {
  std::vector<std::size_t> sources;  // anchors that have sums
  for (std::size_t i = 0; i < anchors_.size(); ++i) {
    const auto* row = &by_anchor_[i * clusters_];
    if (std::any_of(row, row + clusters_, [](const Sum& sum) { return sum.weight > 0; })) {
      sources.push_back(i);
    }
  }
  constexpr float kLeastDot = 0.95F;  // about 2,000 km; e^-5 is nothing
  for (std::size_t i = 0; i < anchors_.size(); ++i) {
    const Direction& here = anchors_[i];
    for (const std::size_t source : sources) {
      const Direction& there = anchors_[source];
      if (here.x * there.x + here.y * there.y + here.z * there.z < kLeastDot) { continue; }
      const float weight = source == i ? 1 : std::exp(-distance_km(here, there) / kNearKm);
      for (std::size_t c = 0; c < clusters_; ++c) {
        const Sum& from = by_anchor_[source * clusters_ + c];
        near_[i * clusters_ + c].value += weight * from.value;
        near_[i * clusters_ + c].weight += weight * from.weight;
      }
    }
  }
}

void Levels::predict(const Chain& chain, std::span<const Residual> own,
                     std::span<Belief> out) const {
  const auto row_of = [this](const std::vector<Sum>& sums, std::int32_t row) {
    return row < 0 || sums.empty() ? nullptr : &sums[static_cast<std::size_t>(row) * clusters_];
  };
  const std::int32_t network =
      chain.network < 0 ? -1 : network_rows_[static_cast<std::size_t>(chain.network)];
  struct Level {
    const Sum* sums;
    float variance;
    float own = 1;  // the weight own sums have in it
  };
  const std::array<Level, 5> levels{
      {{all_.data(), kAllVariance},
       {row_of(far_, chain.anchor), kFarVariance,
        chain.anchor < 0 ? 0 : own_far_weight_[static_cast<std::size_t>(chain.anchor)]},
       {row_of(by_country_, chain.country), kCountryVariance},
       {row_of(near_, chain.anchor), kNearVariance},
       {row_of(by_network_, network), kNetworkVariance}}};
  auto mine = own.begin();
  for (std::size_t c = 0; c < clusters_; ++c) {
    Sum less;
    if (mine != own.end() && mine->cluster == c) { less = sum_of(*mine++); }
    Belief belief;
    float below = kAllVariance + kFarVariance + kCountryVariance + kNearVariance +
                  kNetworkVariance + kUnitVariance;
    for (const Level& level : levels) {
      below -= level.variance;
      if (level.sums == nullptr) {
        belief.variance += level.variance;
        continue;
      }
      const Sum& sum = level.sums[c];
      const float weight = sum.weight - level.own * less.weight;
      update(belief, level.variance, below, sum.value - level.own * less.value, weight);
      if (&level > &levels[1]) { belief.support = std::max(belief.support, weight); }
    }
    belief.variance += kUnitVariance;
    out[c] = belief;
  }
}

}  // namespace gslb::measure
