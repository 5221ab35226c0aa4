// What is known of one (unit, cluster) pair: its samples, faded by age, and whether the route under
// them has changed.
//
// Source: steering.md (2): half-life 10 min to 6 h; reset when the recent median leaves [p10, p90]
// twice (route change).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gslb/base/clock.h"
#include "gslb/fleet/health_board.h"
#include "gslb/measure/histogram.h"
#include "gslb/measure/reach.h"

namespace gslb::measure {

// RTT is carried as ln(ms + 5): a millisecond matters the less the farther the cluster is, and
// below 5 ms it hardly matters at all.
inline constexpr double kLogOffsetMs = 5;
double log_of_ms(double rtt_ms) noexcept;
double ms_of_log(double log_rtt) noexcept;

// A pair as the model sees it.
struct PairValue {
  fleet::ClusterIndex cluster = 0;
  float log_rtt = 0;   // log_of_ms
  float variance = 0;  // of log_rtt: samples that are few, old or far apart
};

// How data got through, as one report tells it.
struct PathCount {
  double sent = 0;           // segments
  double retransmitted = 0;  // of them
  double bits_per_s = 0;     // 0: not told
};

// Thread-compatible; deterministic; no allocation.
class PairTrack {
 public:
  static constexpr std::size_t kWindow = 5;  // samples whose median is compared with the rest

  explicit PairTrack(fleet::ClusterIndex cluster) noexcept : cluster_(cluster) {}

  // `weight`: how many connections or probes stand behind it, dampened by the caller.  A time
  // before the last sample's counts as that.  True: the route has changed, and what was known
  // before is forgotten.
  bool add(double log_rtt, double weight, WallTime now) noexcept;
  // The same of one report's histogram, ascending, whose weights add up to what stands behind it.
  // REQUIRES: not empty.
  bool add(std::span<const LogHistogram::Point> points, WallTime now) noexcept;
  // Belongs to the last add().
  void add_path(const PathCount& count, const Reach& reach) noexcept;
  // Clients' own connections stand behind it, not only probes.
  void note_clients() noexcept { has_clients_ = true; }
  PairValue value(WallTime now) const noexcept;

  fleet::ClusterIndex cluster() const noexcept { return cluster_; }
  WallTime updated() const noexcept { return updated_; }
  bool has_clients() const noexcept { return has_clients_; }
  // Faded as the RTT is.
  const PathCount& path() const noexcept { return path_; }
  // What was tried in the last minutes.
  Reach reach(WallTime now) const noexcept;
  // Finds out whether the way is broken, if there was news.  The sums are those of is_broken().
  void judge(const Reach& unit, const Reach& cluster, WallTime now) noexcept;
  WallTime broken_at() const noexcept { return broken_at_; }  // when that was last seen, or never
  const LogHistogram& history() const noexcept { return history_; }
  // As it was written down by another run: the points of its histogram.
  void restore(const LogHistogram& history, WallTime updated) noexcept;
  void restore_path(const PathCount& path, WallTime broken_at) noexcept {
    path_ = path;
    broken_at_ = broken_at;
  }

 private:
  float keep(WallTime now) const noexcept;
  bool close_window() noexcept;
  void learn_bounds() noexcept;

  LogHistogram history_;
  WallTime updated_{};
  std::array<float, kWindow> recent_{};
  float low_ = 0;  // p10 and p90 when the last window fitted
  float high_ = 0;
  fleet::ClusterIndex cluster_;
  std::uint8_t recent_count_ = 0;
  std::uint8_t strikes_ = 0;
  bool has_bounds_ = false;
  bool has_clients_ = false;
  bool has_reach_news_ = false;
  PathCount path_;
  Reach reach_;
  WallTime broken_at_{};
};

}  // namespace gslb::measure
