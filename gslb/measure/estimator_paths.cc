// How well data gets through: loss leant from few to many, broken ways, caches.
#include <algorithm>

#include "gslb/measure/estimator.h"

namespace gslb::measure {
namespace {

// So many segments tell as much of a pair as all others do of what it leans to.
constexpr double kTellingSegments = 2000;

double lean(const PathCount& path, double to) {
  return (path.retransmitted + kTellingSegments * to) / (path.sent + kTellingSegments);
}

void count(PathCount& sum, const PathCount& more) {
  sum.sent += more.sent;
  sum.retransmitted += more.retransmitted;
}

}  // namespace

PathQuality EstimateTable::quality(geo::UnitIndex unit,
                                   fleet::ClusterIndex cluster) const noexcept {
  PathQuality quality;
  if (!hit_ratios_.empty()) { quality.hit_ratio = hit_ratios_[cluster]; }
  if (!unit_loss_.empty()) {
    quality.loss = double{unit_loss_[unit]};
    quality.loss_source = LossSource::kUnit;
  }
  if (paths_.empty()) { return quality; }
  const auto begin = paths_.begin() + path_offsets_[unit];
  const auto end = paths_.begin() + path_offsets_[unit + 1];
  const auto at = std::lower_bound(
      begin, end, cluster,
      [](const MeasuredPath& path, fleet::ClusterIndex wanted) { return path.cluster < wanted; });
  if (at == end || at->cluster != cluster) { return quality; }
  if (!unit_loss_.empty()) { quality.loss = double{at->loss}; }
  if (at->is_own_loss) { quality.loss_source = LossSource::kPair; }
  quality.bits_per_s = double{at->bits_per_s};
  quality.trouble_ms = double{at->trouble_ms};
  return quality;
}

void Estimator::add_cache(fleet::ClusterIndex cluster, const CacheCount& count) {
  if (cluster < clusters_ && hit_ratios_[cluster].add(count)) { news_ = true; }
}

void Estimator::judge_reach(WallTime now) {
  std::vector<Reach> by_cluster(sites_.size());
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    for (const PairTrack& track : tracks_[unit]) {
      by_cluster[track.cluster()].add(track.reach(now));
    }
  }
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    Reach of_unit;
    for (const PairTrack& track : tracks_[unit]) { of_unit.add(track.reach(now)); }
    for (PairTrack& track : tracks_[unit]) {
      track.judge(of_unit, by_cluster[track.cluster()], now);
    }
  }
}

// An unmeasured pair is taken to lose what the unit loses elsewhere: its last mile is on every way,
// so nobody leaves a cluster for one that is better only because nothing was measured there.
void Estimator::note_paths(EstimateTable& table, WallTime now) {
  PathCount all;
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    for (const PairTrack& track : tracks_[unit]) { count(all, track.path()); }
  }
  const bool knows_loss = all.sent >= kTellingSegments;
  const double mean = knows_loss ? all.retransmitted / all.sent : 0;
  has_troubles_ = false;
  table.broken_.assign(clusters_, 0);
  table.path_offsets_.push_back(0);
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    PathCount of_unit;
    for (const PairTrack& track : tracks_[unit]) { count(of_unit, track.path()); }
    const double unit_loss = lean(of_unit, mean);
    if (knows_loss) { table.unit_loss_.push_back(static_cast<float>(unit_loss)); }
    for (const PairTrack& track : tracks_[unit]) {
      const PathCount& path = track.path();
      const double trouble = trouble_ms(track.broken_at(), now);
      if (track.cluster() >= clusters_) { continue; }
      if (path.sent <= 0 && path.bits_per_s <= 0 && trouble == 0) { continue; }
      table.paths_.push_back({static_cast<float>(lean(path, unit_loss)),
                              static_cast<float>(path.bits_per_s), static_cast<float>(trouble),
                              track.cluster(), knows_loss && path.sent >= kTellingSegments});
      if (trouble > 0) {
        has_troubles_ = true;
        ++table.broken_[track.cluster()];
      }
    }
    table.path_offsets_.push_back(static_cast<std::uint32_t>(table.paths_.size()));
  }
  for (const HitRatio& each : hit_ratios_) { table.hit_ratios_.push_back(each.value()); }
}

}  // namespace gslb::measure
