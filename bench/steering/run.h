// One simulated afternoon: a policy, a scene, and what happens to them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bench/steering/policy.h"

namespace bench::steering {

// The parts of a run, in order of time.
enum class Phase : std::uint8_t { kWarmUp, kQuiet, kLiar, kFlash, kSettle, kDeath, kReturn };
inline constexpr std::size_t kPhases = 7;
std::string_view to_string(Phase phase);

struct RunOptions {
  double pace = 1;          // lengths of all phases are divided by this
  bool diurnal = true;      // demand follows the sun
  bool real_caches = true;  // else every resolver forgets at once
  bool liar = true;         // one cluster reports half of its load for a while
  double lost_reports = 0.02;
  double load_noise = 0.03;
};

// Of one phase.
struct PhaseFigures {
  double steps = 0;
  double penalty_ms = 0;      // mean over traffic that was served, against the unit's best cluster
  double penalty_p95_ms = 0;  // mean over time
  double over_share = 0;      // of the traffic: above a living cluster's max
  double lost_share = 0;      // of the traffic: to a dead cluster
  double moved_per_min = 0;   // of the demand: answers that changed
};

struct Sample {
  double at_s;
  double over_share;
  double penalty_ms;
  double moved_per_min;
};

struct RunResult {
  std::array<PhaseFigures, kPhases> phases;
  double drain_10_s = -1;  // until the dead cluster's traffic was down to 10 %; -1: it wasn't
  double drain_2_5_s = -1;
  double named_dead_s = 0;  // how long new answers went on naming it
  double named_dead_after_detection_s = 0;
  std::vector<Sample> samples;
};

RunResult run(const Scene& scene, const Contender& contender, const RunOptions& options);

}  // namespace bench::steering
