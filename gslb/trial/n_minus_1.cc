#include "gslb/trial/n_minus_1.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/file.h"
#include "gslb/base/units.h"
#include "gslb/control/learning.h"
#include "gslb/trial/loads.h"

namespace gslb::trial {
namespace {

// Rounding of borders to 1/256 is no fault of a plan.
constexpr double kTolerance = 0.005;

std::string percent(double share) { return format_number(std::round(share * 1000) / 10) + " %"; }

void report(Problems& problems, bool is_error, const Location& at, const std::string& what,
            const std::string& lost) {
  const std::string hint = "see: proximactl simulate --outage " + lost;
  if (is_error) {
    problems.error(at, what, hint);
  } else {
    problems.warning(at, what, hint);
  }
}

// Returns true when the death overfills or strands nobody.
bool check_death(const Trial& trial, std::size_t lost, const std::vector<double>& taken,
                 bool is_strict, Problems& problems) {
  const auto& clusters = trial.compiled().config.clusters;
  const LocatedString& id = clusters[lost].id;
  const Location& at = id.at;
  bool is_good = true;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const auto cluster = static_cast<fleet::ClusterIndex>(i);
    const double use =
        (trial.plan().summary.planned_load[i] + taken[i]) * trial.load_factor(cluster);
    if (i == lost || taken[i] <= 0 || use <= 1 + kTolerance) { continue; }
    const double max = trial.max_per_target(cluster);
    const bool is_over_max = use > max + kTolerance;
    report(problems, is_strict && is_over_max, at,
           "if '" + id.text + "' dies, '" + clusters[i].id.text + "' is at " + percent(use) +
               " of its target" + (is_over_max ? ", over its max of " : ", its max is ") +
               percent(max),
           id.text);
    is_good = false;
  }
  if (taken.back() > 0) {
    report(problems, is_strict, at,
           "if '" + id.text + "' dies, nobody takes " +
               percent(taken.back() / trial.plan().summary.demand_per_s) + " of the demand",
           id.text);
    is_good = false;
  }
  return is_good;
}

}  // namespace

control::Learnt read_state(const std::string& state_dir) {
  if (state_dir.empty()) { return {}; }
  const auto learnt = read_file(state_dir + '/' + control::kLearntFile);
  const auto rtt = read_file(state_dir + '/' + control::kRttFile);
  control::Learnt read = learnt ? control::parse_learnt(*learnt) : control::Learnt();
  if (rtt) { read.rtt = *rtt; }
  return read;
}

std::string prove_n_minus_1(const std::shared_ptr<const control::Compiled>& compiled,
                            const NMinusOneOptions& options, WallTime now, Problems& problems) {
  const config::Config& config = compiled->config;
  if (options.mode == NMinusOne::kOff) { return {}; }
  const control::Learnt learnt =
      read_state(options.state_dir.empty() ? config.server.state_dir : options.state_dir);
  const bool is_auto = options.mode == NMinusOne::kIfLearnt;
  const bool is_possible = config.clusters.size() > 1 && !compiled->services->services.empty();
  if (is_auto && (learnt.clusters.empty() || !is_possible)) { return {}; }
  Trial trial(compiled);
  trial.take(learnt, nullptr, now);
  const bool knows = trial.knows_loads();
  const std::size_t assumed = trial.assume_loads(trial.estimate_use(options.assumption));
  const bool is_strict = options.mode == NMinusOne::kStrict;
  if (!trial.knows_loads() || !is_possible) {
    if (is_auto) { return {}; }
    report(problems, is_strict, {config.file},
           "N-1 can't be proven: no cluster has a target, or "
           "there is no other one",
           "'*'");
    return "N-1: not proven";
  }
  trial.settle();
  const std::vector<std::vector<double>> taken = takeovers(trial);
  std::size_t good = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    good += check_death(trial, i, taken[i], is_strict, problems) ? 1U : 0U;
  }
  std::string line = "N-1: " + std::to_string(good) + " of " + std::to_string(taken.size()) +
                     " clusters can be lost";
  if (!knows) {
    return line + ", were " + percent(options.assumption.use_of_targets) + " of all targets in use";
  }
  line += " at " + format_number(std::round(trial.plan().summary.demand_per_s * 10) / 10) +
          " queries/s";
  if (assumed > 0) {
    line += "; loads of " + std::to_string(assumed) + " taken to be like the others'";
  }
  return line;
}

}  // namespace gslb::trial
