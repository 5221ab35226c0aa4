#include "gslb/measure/pair_track.h"

#include <algorithm>
#include <cmath>

namespace gslb::measure {
namespace {

// Half-lives by how much is known: a pair with little keeps it long, a busy one can afford to be
// quick.  weight x half-life is about constant.
constexpr double kShortestS = 600;
constexpr double kLongestS = 6 * 3600;
constexpr double kLongestUpTo = 4;  // weight

// Outside the bounds by less than this (10 %) is no other route.
constexpr float kTolerance = 0.1F;
// Spread of single samples, one standard deviation, until a pair shows its own; counts as two.
constexpr double kSpread = 0.05;
constexpr double kSpreadWeight = 2;
// However many samples: path and clients change within the epoch.
constexpr double kFloor = 0.01;
// Of a spread beyond kUnimodal (several modes) this share stays, however many samples.
constexpr double kUnimodal = 0.25;
constexpr double kModesShare = 0.5;
constexpr double kP10ToP90 = 2.563;  // standard deviations of a normal distribution

double seconds_between(WallTime from, WallTime to) noexcept {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace

double log_of_ms(double rtt_ms) noexcept { return std::log(rtt_ms + kLogOffsetMs); }
double ms_of_log(double log_rtt) noexcept {
  return std::max(0.0, std::exp(log_rtt) - kLogOffsetMs);
}

float PairTrack::keep(WallTime now) const noexcept {
  const double half_life_s = std::clamp(
      kLongestS * kLongestUpTo / std::max(1e-3, double{history_.weight()}), kShortestS, kLongestS);
  return static_cast<float>(std::exp2(-seconds_between(updated_, now) / half_life_s));
}

bool PairTrack::add(double log_rtt, double weight, WallTime now) noexcept {
  const LogHistogram::Point point{static_cast<float>(log_rtt), static_cast<float>(weight)};
  return add(std::span(&point, 1), now);
}

bool PairTrack::add(std::span<const LogHistogram::Point> points, WallTime now) noexcept {
  const float faded = keep(now);
  if (!history_.empty()) { history_.decay(faded); }
  path_.sent *= double{faded};
  path_.retransmitted *= double{faded};
  reach_.fade(seconds_between(updated_, now));
  updated_ = std::max(updated_, now);
  LogHistogram fresh;
  for (const LogHistogram::Point& point : points) { fresh.add(point.value, point.weight); }
  recent_[recent_count_++] = points.size() == 1 ? points.front().value : fresh.quantile(0.5F);
  if (recent_count_ == kWindow && close_window()) {
    path_ = {};
    reach_ = {};
    broken_at_ = {};
    return true;
  }
  for (const LogHistogram::Point& point : points) { history_.add(point.value, point.weight); }
  return false;
}

void PairTrack::add_path(const PathCount& count, const Reach& reach) noexcept {
  constexpr double kRateGain = 0.2;
  reach_.add(reach);
  has_reach_news_ = has_reach_news_ || reach.segments.failed > 0 || reach.requests.failed > 0;
  path_.sent += count.sent;
  path_.retransmitted += count.retransmitted;
  if (count.bits_per_s <= 0) { return; }
  const bool is_first = path_.bits_per_s <= 0;
  path_.bits_per_s += (is_first ? 1 : kRateGain) * (count.bits_per_s - path_.bits_per_s);
}

Reach PairTrack::reach(WallTime now) const noexcept {
  Reach faded = reach_;
  faded.fade(seconds_between(updated_, now));
  return faded;
}

void PairTrack::judge(const Reach& unit, const Reach& cluster, WallTime now) noexcept {
  if (has_reach_news_ && is_broken(reach(now), unit, cluster)) { broken_at_ = now; }
  has_reach_news_ = false;
}

// The bounds stay as they were at the last window that fitted: else the new route's first window
// would widen them enough for the second to fit.
bool PairTrack::close_window() noexcept {
  recent_count_ = 0;
  std::array<float, kWindow> sorted = recent_;
  std::sort(sorted.begin(), sorted.end());
  const float median = sorted[kWindow / 2];
  const bool fits = !has_bounds_ || (median >= low_ - kTolerance && median <= high_ + kTolerance);
  if (!fits && ++strikes_ == 2) {
    history_.clear();
    for (const float each : recent_) { history_.add(each, 1); }
    learn_bounds();
    return true;
  }
  if (fits) { learn_bounds(); }
  return false;
}

void PairTrack::learn_bounds() noexcept {
  strikes_ = 0;
  low_ = history_.quantile(0.1F);
  high_ = history_.quantile(0.9F);
  has_bounds_ = !history_.empty();
}

PairValue PairTrack::value(WallTime now) const noexcept {
  const double weight = std::max(1e-3, double{history_.weight()} * keep(now));
  const double seen = (history_.quantile(0.9F) - history_.quantile(0.1F)) / kP10ToP90;
  const double spread_squared =
      (kSpreadWeight * kSpread * kSpread + weight * seen * seen) / (kSpreadWeight + weight);
  const double modes = kModesShare * std::max(0.0, seen - kUnimodal);
  const double variance = spread_squared / weight + modes * modes + kFloor * kFloor;
  return {cluster_, history_.trimmed_mean(), static_cast<float>(variance)};
}

void PairTrack::restore(const LogHistogram& history, WallTime updated) noexcept {
  history_ = history;
  updated_ = updated;
  learn_bounds();
}

}  // namespace gslb::measure
