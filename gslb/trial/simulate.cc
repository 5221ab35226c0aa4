#include "gslb/trial/simulate.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "gslb/base/units.h"
#include "gslb/fleet/admin_state.h"

namespace gslb::trial {
namespace {

// Clusters and groups.
std::vector<steer::HolderIndex> matches(const Trial& trial, const std::string& glob,
                                        Problems& problems) {
  std::vector<steer::HolderIndex> found;
  const fleet::FleetModel& fleet = *trial.compiled().fleet;
  for (std::size_t i = 0; i < fleet.holder_count(); ++i) {
    if (fleet::glob_matches(glob, fleet.holder_id(i))) {
      found.push_back(static_cast<steer::HolderIndex>(i));
    }
  }
  if (found.empty()) {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < fleet.holder_count(); ++i) { known.push_back(fleet.holder_id(i)); }
    const std::string near = did_you_mean(glob, known);
    problems.error({}, "no cluster is called '" + glob + "'",
                   near.empty() ? "a cluster's id, or a pattern such as 'eu-*'"
                                : "did you mean '" + near + "'?");
  }
  return found;
}

void apply(const Changes& changes, Trial& trial, Problems& problems) {
  for (const auto* const globs : {&changes.outages, &changes.drains}) {
    for (const std::string& glob : *globs) {
      for (const auto holder : matches(trial, glob, problems)) {
        for (std::size_t i = 0; i < trial.clusters(); ++i) {
          const auto cluster = static_cast<fleet::ClusterIndex>(i);
          const bool is_in = cluster == holder || trial.groups().is_within(cluster, holder);
          if (is_in) { trial.set_serving(cluster, false); }
        }
      }
    }
  }
  for (const auto& [glob, factor] : changes.capacity) {
    for (const auto holder : matches(trial, glob, problems)) {
      trial.scale_capacity(holder, factor);
    }
  }
}

// Of a row: the service's id, the unit's or resolver's.
using RowName = std::pair<std::string, std::string>;
// … → by the cluster's id, its share, so that two configurations can be compared.
using Shares = std::map<RowName, std::map<std::string, double>>;

RowName name_of(const Trial& trial, std::size_t row) {
  const control::Compiled& compiled = trial.compiled();
  const std::size_t stride = trial.epoch().demand->units();
  const auto at = static_cast<geo::UnitIndex>(row % stride);
  const measure::Mixture* const mixture = trial.plan().map->mixture(at);
  const bool is_unit = at < compiled.geo->units().size();
  return {compiled.services->services[row / stride].id,
          mixture != nullptr ? mixture->resolver.to_string()
          : is_unit          ? std::to_string(compiled.geo->units()[at].id)
                             : ""};
}

Shares by_id(const Trial& trial, const std::vector<RowShare>& shares) {
  const control::Compiled& compiled = trial.compiled();
  Shares made;
  for (const RowShare& each : shares) {
    const std::string cluster =
        each.cluster == fleet::kNoCluster ? "" : compiled.fleet->cluster(each.cluster).id;
    made[name_of(trial, each.row)][cluster] += each.per_s / trial.demand()[each.row];
  }
  return made;
}

void compare(const Shares& before, const Trial& trial, const std::vector<RowShare>& shares,
             Simulation& into) {
  const Shares after = by_id(trial, shares);
  double total = 0;
  double compared = 0;
  double moved = 0;
  for (std::size_t row = 0; row < trial.demand().size(); ++row) {
    const double demand = trial.demand()[row];
    total += demand;
    const RowName key = name_of(trial, row);
    const auto was = before.find(key);
    const auto is = after.find(key);
    if (was == before.end() || is == after.end()) { continue; }
    double stays = 0;
    for (const auto& [cluster, share] : is->second) {
      const auto old = was->second.find(cluster);
      if (old != was->second.end()) { stays += std::min(share, old->second); }
    }
    compared += demand;
    moved += demand * (1 - std::min(1.0, stays));
  }
  if (total <= 0) { return; }
  into.compared = compared / total;
  into.moved = moved / total;
}

void check_limits(const Limits& limits, Simulation& result) {
  const auto percent = [](double share) { return format_number(std::round(share * 1000) / 10); };
  for (const SimulatedCluster& each : result.clusters) {
    const double use = std::max(each.at_once_use.value_or(0), each.after_use.value_or(0));
    if (limits.utilisation && use > *limits.utilisation) {
      result.passed_limits.push_back(each.id + " is at " + percent(use) +
                                     " % of its target, over " + percent(*limits.utilisation) +
                                     " %");
    }
  }
  if (limits.moved && result.moved > *limits.moved) {
    result.passed_limits.push_back(percent(result.moved) + " % of the clients move, over " +
                                   percent(*limits.moved) + " %");
  }
  const double slower = result.after.rtt_p95_ms - result.before.rtt_p95_ms;
  if (limits.rtt_p95_increase_ms && slower > *limits.rtt_p95_increase_ms) {
    result.passed_limits.push_back("the 95th percentile of the round-trip time grows by " +
                                   format_number(std::round(slower * 10) / 10) + " ms, over " +
                                   format_number(*limits.rtt_p95_increase_ms) + " ms");
  }
}

// What is kept of `before` when its own trial goes on as `after`.
struct Past {
  std::vector<std::string> ids;
  std::vector<bool> serving;
  std::vector<double> factors;
};

Past past_of(const Trial& trial) {
  Past past;
  for (std::size_t i = 0; i < trial.inputs().size(); ++i) {
    past.ids.push_back(trial.compiled().fleet->holder_id(i));
    past.serving.push_back(trial.inputs()[i].serving);
    past.factors.push_back(trial.load_factor(static_cast<steer::HolderIndex>(i)));
  }
  return past;
}

void list_clusters(const Past& past, const Trial& after, Simulation& result) {
  const auto use = [](double load, double factor) {
    return factor > 0 ? std::optional(load * factor) : std::nullopt;
  };
  const auto put_past = [&](std::size_t at, SimulatedCluster& into) {
    into.was_serving = past.serving[at];
    into.before_per_s = result.before.per_s[at];
    into.before_use = use(result.before.load[at], past.factors[at]);
  };
  for (std::size_t i = 0; i < after.inputs().size(); ++i) {
    const auto holder = static_cast<steer::HolderIndex>(i);
    const double factor = after.load_factor(holder);
    SimulatedCluster& each = result.clusters.emplace_back();
    each.id = after.compiled().fleet->holder_id(i);
    each.is_group = i >= after.clusters();
    each.is_serving = after.inputs()[i].serving;
    each.after_per_s = result.after.per_s[i];
    each.after_use = use(result.after.load[i], factor);
    each.max_per_target = after.max_per_target(holder);
    if (result.at_once) {
      each.at_once_per_s = result.at_once->per_s[i];
      each.at_once_use = use(result.at_once->load[i], factor);
    }
    const auto was = std::ranges::find(past.ids, each.id);
    if (was != past.ids.end()) { put_past(static_cast<std::size_t>(was - past.ids.begin()), each); }
  }
  for (std::size_t i = 0; i < past.ids.size(); ++i) {
    if (after.compiled().fleet->find_holder(past.ids[i]) != fleet::kNoCluster) { continue; }
    SimulatedCluster& each = result.clusters.emplace_back();
    each.id = past.ids[i];
    put_past(i, each);
  }
}

}  // namespace

Simulation simulate(Trial& before, Trial* after, const Changes& changes, const Limits& limits,
                    Problems& problems) {
  Simulation result;
  result.plans = before.settle();
  const std::vector<RowShare> named = name_clusters(before, serving_of(before));
  result.before = count_traffic(before, named);
  const Shares shares_before = by_id(before, named);
  const Past past = past_of(before);
  Trial& next = after == nullptr ? before : *after;
  apply(changes, next, problems);
  if (problems.has_errors()) { return result; }
  if (after == nullptr && !changes.empty()) {
    result.at_once = count_traffic(before, name_clusters(before, serving_of(before)));
  }
  result.plans += next.settle();
  const std::vector<RowShare> renamed = name_clusters(next, serving_of(next));
  result.after = count_traffic(next, renamed);
  compare(shares_before, next, renamed, result);
  list_clusters(past, next, result);
  check_limits(limits, result);
  return result;
}

}  // namespace gslb::trial
