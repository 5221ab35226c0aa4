#include "gslb/trial/replay.h"

#include <algorithm>

#include "gslb/control/learnt.h"
#include "gslb/control/recording.h"

namespace gslb::trial {
namespace {

// All that a plan needs of a configuration, without a file but the recording.
std::shared_ptr<const control::Compiled> compile(const control::RecordedStart& start,
                                                 Problems& problems) {
  auto config =
      config::parse(start.config_text, start.config_path, problems, config::Secrets::kStandIns);
  if (!config) { return nullptr; }
  config->server.report_channel.reset();
  config->cookies.enabled = false;
  config->rate_limit = {};
  auto compiled = std::make_shared<control::Compiled>();
  compiled->config = std::move(*config);
  const std::size_t overrides = compiled->config.overrides.size();
  for (const geo::Unit& unit : start.units) {
    if (unit.override_index < -1 || unit.override_index >= static_cast<int>(overrides)) {
      problems.error({start.config_path}, "a unit names an override that isn't there");
      return nullptr;
    }
  }
  compiled->fleet = fleet::FleetModel::compile(compiled->config);
  compiled->services = steer::compile_services(compiled->config, problems);
  compiled->geo = geo::GeoMap::of_units(start.units);
  return compiled->services ? compiled : nullptr;
}

bool fits(const control::RecordedPlan& plan, const control::Epoch& epoch) {
  const std::size_t rows = epoch.compiled->services->services.size() * epoch.demand->units();
  const std::size_t services = epoch.compiled->services->services.size();
  return plan.inputs.clusters.size() == epoch.compiled->fleet->holder_count() &&
         std::ranges::all_of(plan.inputs.clusters,
                             [services](const steer::ClusterInput& each) {
                               return each.fails.empty() || each.fails.back() < services;
                             }) &&
         std::ranges::all_of(plan.inputs.use.services,
                             [services](const auto& each) { return each.service < services; }) &&
         std::ranges::all_of(plan.asked, [rows](const auto& each) { return each.first < rows; });
}

std::string difference(const control::PlanDigest& was, const control::PlanDigest& is,
                       const control::Epoch& epoch) {
  if (was.demand != is.demand) { return "the demand differs"; }
  if (was.estimates != is.estimates) { return "the estimates of round-trip times differ"; }
  if (was.map.size() != is.map.size()) { return "the number of services differs"; }
  for (std::size_t i = 0; i < was.map.size(); ++i) {
    if (was.map[i] == is.map[i]) { continue; }
    return "the answer map of service '" + epoch.compiled->services->services[i].id + "' differs";
  }
  if (was.prices != is.prices) { return "the prices of clusters differ"; }
  return was.loads != is.loads ? "the planned loads of clusters differ" : "";
}

}  // namespace

Replay replay(std::string_view recording, const std::string& name, Problems& problems) {
  control::RecordingReader reader(recording);
  const auto damaged = [&](const char* what) {
    problems.error({name, static_cast<std::uint32_t>(reader.line()), 0}, what,
                   "such files are written with [record] in the configuration");
  };
  const auto start = reader.start();
  if (!start) {
    damaged("this is no recording, or not the beginning of one");
    return {};
  }
  const auto compiled = compile(*start, problems);
  if (!compiled) { return {}; }
  control::Epoch epoch(compiled, 1, start->started);
  control::apply_learnt(control::parse_learnt(start->learnt), epoch);
  Replay done;
  while (const auto plan = reader.next()) {
    if (!fits(*plan, epoch)) {
      damaged("a plan is of other clusters or units than its recording");
      return done;
    }
    const std::size_t units = epoch.demand->units();
    for (const auto& [row, count] : plan->asked) {
      epoch.demand->count(0, static_cast<steer::ServiceIndex>(row / units),
                          static_cast<geo::UnitIndex>(row % units), count);
    }
    const steer::Plan made = control::plan_step(epoch, plan->inputs);
    ++done.plans;
    const std::string different = difference(plan->made, control::digest(epoch, made), epoch);
    if (!different.empty()) {
      done.difference = "plan " + std::to_string(plan->number) + ": " + different;
      return done;
    }
  }
  done.is_cut_off = reader.is_cut_off();
  return done;
}

}  // namespace gslb::trial
