#include "gslb/measure/estimator.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "gslb/base/check.h"

namespace gslb::measure {
namespace {

constexpr double kMostMs = 60'000;
// Connections of one interval share their path and its mood: the hundredth says little more than
// the tenth.
constexpr double kMostWeight = 6;

double weight_of(std::uint32_t count) {
  return std::min(1 + std::log2(std::max(1.0, static_cast<double>(count))), kMostWeight);
}

bool is_rtt(double ms) { return ms > 0 && ms <= kMostMs; }  // false for a NaN

// Of a report's connections; each weighs its share of what they weigh together.
std::vector<LogHistogram::Point> points_of(const Sample& sample) {
  const double weight = weight_of(sample.count);
  if (sample.spread.empty()) {
    return {{static_cast<float>(log_of_ms(sample.rtt_ms)), static_cast<float>(weight)}};
  }
  double connections = 0;
  for (const Sample::Share& share : sample.spread) { connections += double{share.connections}; }
  std::vector<LogHistogram::Point> points;
  for (const Sample::Share& share : sample.spread) {
    points.push_back({static_cast<float>(log_of_ms(double{share.rtt_ms})),
                      static_cast<float>(weight * double{share.connections} / connections)});
  }
  return points;
}

}  // namespace

EstimateTable::EstimateTable(std::size_t units, std::size_t clusters)
    : units_(units), clusters_(clusters), cells_(units * clusters), sources_(units * clusters) {}

RttEstimate EstimateTable::at(geo::UnitIndex unit, fleet::ClusterIndex cluster) const noexcept {
  const std::size_t at = std::size_t{unit} * clusters_ + cluster;
  return {cells_[at].mean_ms, cells_[at].sigma_ms, sources_[at], quality(unit, cluster)};
}

Estimator::Estimator(const std::vector<geo::Unit>& units, std::vector<Site> sites,
                     const PriorLine& line, const Limits& limits)
    : units_(units),
      geo_units_(units.size()),
      sites_(std::move(sites)),
      line_(line),
      limits_(limits),
      clusters_(sites_.size() - limits.vantages) {
  for (const Site& site : sites_) {
    geo::Unit unit;
    unit.has_place = true;
    unit.place = site.place;
    units_.push_back(unit);
  }
  tracks_.resize(units_.size());
  hit_ratios_.resize(clusters_);
}

std::vector<PairTrack>::iterator Estimator::find(std::size_t unit, fleet::ClusterIndex cluster) {
  return std::lower_bound(
      tracks_[unit].begin(), tracks_[unit].end(), cluster,
      [](const PairTrack& track, fleet::ClusterIndex wanted) { return track.cluster() < wanted; });
}

SampleVerdict Estimator::add(const Sample& sample, WallTime now) {
  if (sample.unit >= geo_units_) {
    ++figures_.out_of_range;
    return SampleVerdict::kOutOfRange;
  }
  return add_to(sample.unit, sample, now);
}

SampleVerdict Estimator::add_mesh(fleet::ClusterIndex from, fleet::ClusterIndex to, double rtt_ms,
                                  WallTime now) {
  if (from >= sites_.size() || from == to) {
    ++figures_.out_of_range;
    return SampleVerdict::kOutOfRange;
  }
  return add_to(geo_units_ + from, {.cluster = to, .rtt_ms = rtt_ms}, now);
}

SampleVerdict Estimator::add_to(std::size_t unit, const Sample& sample, WallTime now) {
  bool in_range = is_rtt(sample.rtt_ms) && sample.spread.size() <= LogHistogram::kPoints;
  for (const Sample::Share& share : sample.spread) {
    in_range = in_range && is_rtt(double{share.rtt_ms}) && share.connections > 0;
  }
  if (sample.cluster >= sites_.size() || !in_range) {
    ++figures_.out_of_range;
    return SampleVerdict::kOutOfRange;
  }
  auto track = find(unit, sample.cluster);
  if (track == tracks_[unit].end() || track->cluster() != sample.cluster) {
    if (figures_.pairs >= limits_.pairs) {
      ++figures_.full;
      return SampleVerdict::kFull;
    }
    track = tracks_[unit].insert(track, PairTrack(sample.cluster));
    ++figures_.pairs;
  }
  if (track->add(points_of(sample), now)) { ++figures_.resets; }
  if (!sample.is_probe) { track->note_clients(); }
  track->add_path(sample.path, {{static_cast<float>(sample.path.sent),
                                 static_cast<float>(sample.path.retransmitted)},
                                sample.requests,
                                sample.is_probe ? 0.0F : static_cast<float>(sample.count)});
  ++figures_.taken;
  news_ = true;
  return SampleVerdict::kTaken;
}

// Room for an eighth of the limit, so that it isn't full again with the next sample.
void Estimator::evict(WallTime now, std::span<const double> demand) {
  if (figures_.pairs < limits_.pairs) { return; }
  struct Worth {
    double value;
    std::uint32_t unit;
    fleet::ClusterIndex cluster;
  };
  std::vector<Worth> all;
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    for (const PairTrack& track : tracks_[unit]) {
      const double wanted = unit < demand.size() ? demand[unit] : 1;
      all.push_back({wanted / (1e-3 + double{track.value(now).variance}),
                     static_cast<std::uint32_t>(unit), track.cluster()});
    }
  }
  const std::size_t surplus = std::min(all.size(), figures_.pairs - limits_.pairs / 8 * 7);
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(surplus), all.end(),
                   [](const Worth& a, const Worth& b) {
                     return std::tie(a.value, a.unit, a.cluster) <
                            std::tie(b.value, b.unit, b.cluster);
                   });
  for (std::size_t i = 0; i < surplus; ++i) {
    tracks_[all[i].unit].erase(find(all[i].unit, all[i].cluster));
  }
  figures_.evicted += surplus;
  figures_.pairs -= surplus;
}

std::shared_ptr<const EstimateTable> Estimator::refresh(WallTime now,
                                                        std::span<const double> demand) {
  evict(now, demand);
  PairValues pairs;
  pairs.offsets.reserve(units_.size() + 1);
  pairs.values.reserve(figures_.pairs);
  pairs.offsets.push_back(0);
  for (const auto& of_unit : tracks_) {
    for (const PairTrack& track : of_unit) { pairs.values.push_back(track.value(now)); }
    pairs.offsets.push_back(static_cast<std::uint32_t>(pairs.values.size()));
  }
  const Model model({units_, sites_, line_, pairs});
  auto table = std::make_shared<EstimateTable>(geo_units_, clusters_);
  std::vector<RttEstimate> row(sites_.size());
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    model.row(static_cast<geo::UnitIndex>(unit), row);
    for (std::size_t c = 0; c < clusters_; ++c) {
      const std::size_t at = unit * clusters_ + c;
      table->cells_[at] = {static_cast<float>(row[c].mean_ms), static_cast<float>(row[c].sigma_ms)};
      table->sources_[at] = row[c].source;
    }
    for (const PairTrack& track : tracks_[unit]) {
      if (track.cluster() >= clusters_) { continue; }
      RttSource& source = table->sources_[unit * clusters_ + track.cluster()];
      if (source == RttSource::kMeasured && !track.has_clients()) { source = RttSource::kProbe; }
    }
  }
  judge_reach(now);
  note_paths(*table, now);
  table->facts_ = model.facts();
  table->figures_ = figures_;
  news_ = false;
  return table;
}

}  // namespace gslb::measure
