#include "gslb/trial/n_minus_1.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

const LocatedString& id_of(const config::Config& config, std::size_t holder) {
  const std::size_t clusters = config.clusters.size();
  return holder < clusters ? config.clusters[holder].id : config.groups[holder - clusters].id;
}

// By cluster and group, once `lost` is gone and its clients are where `taken` says.
std::vector<double> load_after(const Trial& trial, std::size_t lost,
                               const std::vector<double>& taken) {
  std::vector<double> load = trial.plan().summary.planned_load;
  for (std::size_t i = 0; i < trial.clusters(); ++i) {
    const bool is_lost =
        i == lost || trial.groups().is_within(static_cast<steer::HolderIndex>(i),
                                              static_cast<steer::HolderIndex>(lost));
    load[i] = is_lost ? 0 : load[i] + taken[i];
  }
  trial.groups().add_up(load);
  return load;
}

// Returns true when the death overfills or strands nobody.
bool check_death(const Trial& trial, std::size_t lost, const std::vector<double>& taken,
                 bool is_strict, Problems& problems) {
  const config::Config& config = trial.compiled().config;
  const LocatedString& id = id_of(config, lost);
  const Location& at = id.at;
  const std::vector<double> load = load_after(trial, lost, taken);
  bool is_good = true;
  for (std::size_t i = 0; i < load.size(); ++i) {
    const auto holder = static_cast<steer::HolderIndex>(i);
    const double use = load[i] * trial.load_factor(holder);
    const bool is_taker = load[i] > trial.plan().summary.planned_load[i];
    if (!is_taker || use <= 1 + kTolerance) { continue; }
    const double max = trial.max_per_target(holder);
    const bool is_over_max = use > max + kTolerance;
    report(problems, is_strict && is_over_max, at,
           "if '" + id.text + "' dies, '" + id_of(config, i).text + "' is at " + percent(use) +
               " of its target" + (is_over_max ? ", over its max of " : ", its max is ") +
               percent(max),
           id.text);
    is_good = false;
  }
  if (taken.back() > 0) {
    const auto& planned = trial.plan().summary.planned_load;
    const double all = std::accumulate(
        planned.begin(), planned.begin() + static_cast<std::ptrdiff_t>(trial.clusters()), 0.0);
    report(
        problems, is_strict, at,
        "if '" + id.text + "' dies, nobody takes " + percent(taken.back() / all) + " of the demand",
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
  std::size_t good_groups = 0;
  std::size_t groups = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const bool is_group = i >= trial.clusters();
    if (is_group && !config.groups[i - trial.clusters()].fails_together) { continue; }
    groups += is_group ? 1U : 0U;
    (is_group ? good_groups : good) +=
        check_death(trial, i, taken[i], is_strict, problems) ? 1U : 0U;
  }
  std::string line = "N-1: " + std::to_string(good) + " of " + std::to_string(trial.clusters()) +
                     " clusters can be lost";
  if (groups > 0) {
    line += ", " + std::to_string(good_groups) + " of " + std::to_string(groups) + " groups";
  }
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
