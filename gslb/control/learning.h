// From heartbeats to what the planner knows of round-trip times.
//
// Source: steering.md (2).  Control loop: samples of a heartbeat → units.  Planning thread: units'
// samples → estimator → planner, once a plan.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "gslb/control/epoch.h"
#include "gslb/fleet/report.h"

namespace gslb::control {

// Samples that wait for the next plan.  Bounded: a flood of heartbeats costs samples, not memory.
// Thread-compatible.
class SampleInbox {
 public:
  static constexpr std::size_t kMost = 65'536;

  // The samples of an accepted heartbeat: prefix → leaf → unit.
  void add(const Compiled& compiled, const fleet::Report& report, WallTime now);
  // One that was got otherwise.
  void add(TimedSample sample);
  // What came together; of each cluster's cache one sum, so that it counts once a plan.
  std::vector<TimedSample> take();
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct CacheSum {
    measure::CacheCount count;
    WallTime at;  // of the last report
  };
  std::vector<TimedSample> samples_;
  std::map<fleet::ClusterIndex, CacheSum> caches_;
  std::uint64_t lost_ = 0;
};

// What of the estimator is kept on disk, and what came of it; for logs.
inline constexpr const char* kRttFile = "rtt.txt";
inline constexpr std::chrono::minutes kRttSaveInterval{5};
void save_rtt(const Epoch& epoch, const std::string& path);  // planning thread
void restore_rtt(Epoch& epoch, const std::string& path);     // planning thread

}  // namespace gslb::control
