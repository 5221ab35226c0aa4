// Reloads of all, of the geo files, of one zone.
#include <algorithm>
#include <tuple>

#include "gslb/base/log.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

struct Supervisor::ReloadOutcome {
  bool succeeded = false;
  bool geo_only = false;
  Problems problems;
  Problems kept_zones;  // what is wrong with files whose older copy stays
};

namespace {

// What is set up once: sockets, threads, the admin listener and its token, the log.
void warn_of_restart(const config::Config& before, const config::Config& after) {
  const auto tied = [](const config::Config& config) {
    const auto& [server, log, admin] = std::tie(config.server, config.log, config.admin);
    return std::tie(server.listen, server.listen_tls, server.workers, server.tcp_idle_ms,
                    server.tcp_clients, server.tcp_per_client, server.proxy_from,
                    server.compact_signatures, server.compact_names, log.level, log.format,
                    admin.listen, admin.token, admin.tls_certificate, admin.tls_key);
  };
  if (tied(before) == tied(after)) { return; }
  log_warning("reload",
              "changes of [admin], [log] and of listen, listen_tls, workers, tcp_*, "
              "compact_* and proxy_from in [server] take effect at the next start");
}

// Every zone is told of once: its first error.
std::size_t count_zones(const ZoneTable& table) {
  return static_cast<std::size_t>(std::ranges::count_if(
      table.rows(), [](const ZoneTable::Row& row) { return !row->problem.empty(); }));
}

}  // namespace

void Supervisor::look_at_geo_files() {
  if (geo_looking_ || reload_.running) { return; }
  geo_looking_ = true;
  planning_loop_->post([this] { run_geo_reload(); });
}

void Supervisor::reload(const ReloadRequest& request) {
  loop_->call([&] {
    if (stopping_) { return; }
    auto& waiting = reloads_waiting_;
    if (!reload_.running) {
      start_reload(request);
    } else if (std::find(waiting.begin(), waiting.end(), request) == waiting.end()) {
      waiting.push_back(request);
    }
  });
}

void Supervisor::start_reload(const ReloadRequest& request) {
  reload_.number += 1;
  reload_.running = true;
  if (request.zone) {
    log_info("reload", "started", {{"zone", request.zone->to_string()}});
  } else {
    log_info("reload", "started", {{"file", config_file_}});
  }
  planning_loop_->post(
      [this, request] { request.zone ? run_zone_reload(*request.zone) : run_reload(request); });
}

ReloadReport Supervisor::reload_report() {
  return loop_->call([this] { return reload_; });
}

// Planning thread.  The epoch is only replaced by jobs of this thread, so it is stable here.
void Supervisor::run_reload(const ReloadRequest& request) {
  const std::shared_ptr<Epoch> old = loop_->call([this] { return epoch_; });
  ReloadOutcome outcome;
  auto compiled = compile(config_file_, outcome.problems,
                          {.compiled = old->compiled.get(),
                           .zones = zone_store_.table().get(),
                           .force_zones = request.force,
                           .uses_geo_cache = true});
  geo_refused_ = compiled ? "" : geo_fingerprint(old->compiled->config);
  outcome.succeeded = compiled != nullptr;
  if (compiled) {
    outcome.kept_zones = std::exchange(compiled->kept_zones, {});
    take_over(std::move(compiled), *old);
  }
  finish_reload(outcome);
}

// Planning thread.
void Supervisor::run_geo_reload() {
  const std::shared_ptr<Epoch> old = loop_->call([this] { return epoch_; });
  const std::string fingerprint = geo_fingerprint(old->compiled->config);
  if (fingerprint == old->compiled->geo_fingerprint || fingerprint == geo_refused_) {
    loop_->call([this] { geo_looking_ = false; });
    return;
  }
  ReloadOutcome outcome;
  outcome.geo_only = true;
  auto compiled = recompile_geo(*old->compiled, outcome.problems);
  geo_refused_ = compiled ? "" : fingerprint;  // one complaint a bad file
  outcome.succeeded = compiled != nullptr;
  if (compiled) { take_over(std::move(compiled), *old); }
  finish_reload(outcome);
}

// Planning thread.  The file of one zone, with the configuration at work.
void Supervisor::run_zone_reload(const dns::Name& apex) {
  ReloadOutcome outcome;
  const ZoneTable::Row old = zone_store_.table()->find(apex);
  if (!old) {
    outcome.problems.error({}, "no zone '" + apex.to_string() + "' is configured",
                           "a new zone comes with a reload of all");
  } else if (old->file.empty()) {
    outcome.problems.error({}, "zone '" + apex.to_string() + "' has no file",
                           "its data come from its primaries");
  } else {
    const auto epoch = loop_->call([this] { return epoch_; });
    auto row = control::reload_zone(epoch->compiled->config, *old, outcome.problems);
    outcome.succeeded = row != nullptr;
    if (row) {
      zone_store_.adopt_row(std::move(row));
    } else {
      zone_store_.note_problem(apex, outcome.problems.list().back().to_string());
    }
  }
  publish_zones();
  finish_reload(outcome);
}

// Planned before it takes over: its first snapshot comes with it.
Supervisor::Begun Supervisor::begin_epoch(std::shared_ptr<const Compiled> compiled, Epoch& old) {
  const fleet::Moment now = moment();
  auto epoch = std::make_shared<Epoch>(std::move(compiled), workers_, now.mono);
  for (const TimedSample& each : loop_->call([this] { return take_samples(); })) {
    add_sample(old.estimator, each);
  }
  for (const auto& each : loop_->call([this] { return observer_->take_joins(); })) {
    old.mixtures.add(each);
  }
  epoch->inherit(old);
  recorder_.begin(*epoch, now.wall);
  const PlanInputs inputs{.mono = now.mono,
                          .wall = now.wall,
                          .learns = true,
                          .samples = {},
                          .joins = {},
                          .clusters = loop_->call([&] {
                            fleet::FleetState heir(epoch->compiled->fleet, moment());
                            heir.adopt(*fleet_, moment());
                            std::vector<steer::ClusterInput> found = cluster_inputs(heir);
                            billing_.charge(heir.model(), found);
                            return found;
                          })};
  steer::Plan plan = plan_step(*epoch, inputs);
  recorder_.add(*epoch, inputs, plan);
  return {std::move(epoch), std::move(plan)};
}

// Planning thread.
void Supervisor::take_over(std::shared_ptr<Compiled> compiled, Epoch& old) {
  take_over_zones(*compiled);
  auto zones = zone_store_.zones();
  make_routed_sets(*compiled, *zones);
  Begun begun = begin_epoch(std::move(compiled), old);
  const auto secondary = begun.epoch->compiled->secondary;
  transfers_.adopt(begun.epoch->compiled->config, statics_, *zones);
  loop_->call([&] { adopt(std::move(begun.epoch), std::move(begun.plan), std::move(zones)); });
  zone_store_.notify();
  save_zones();
  secondaries_.adopt(*secondary);
}

void Supervisor::renew_epoch(Epoch& old) {
  Begun begun = begin_epoch(old.compiled, old);
  auto zones = zone_store_.zones();
  loop_->call([&] { adopt(std::move(begun.epoch), std::move(begun.plan), std::move(zones)); });
}

// Planning thread.
void Supervisor::finish_reload(const ReloadOutcome& outcome) {
  const std::size_t kept = count_zones(*zone_store_.table());
  loop_->call([&] {
    if (outcome.geo_only) { geo_looking_ = false; }
    std::vector<std::string> problems;
    for (const Problems* list : {&outcome.problems, &outcome.kept_zones}) {
      for (const Problem& problem : list->list()) {
        problems.push_back(problem.to_string());
        log(problem.severity == Severity::kError ? LogLevel::kError : LogLevel::kWarning, "reload",
            problems.back());
      }
    }
    ++(outcome.succeeded ? reloads_succeeded_ : reloads_failed_);
    // The report is of the operator's reload, yet to come.
    if (outcome.geo_only && reload_.running) { return; }
    reload_.running = false;
    trim_wanted_ = true;
    reload_.succeeded = outcome.succeeded;
    reload_.kept_zones = kept;
    reload_.finished = std::chrono::system_clock::now();
    reload_.problems = std::move(problems);
    if (!outcome.succeeded) {
      log_error("reload", "refused; what was loaded before keeps serving",
                {{"errors", outcome.problems.error_count()}});
    } else if (kept > 0) {
      log_warning("reload", "done, but zones with errors keep their older copy",
                  {{"zones", kept}, {"generation", generation_}});
    } else {
      log_info("reload", "done", {{"geo_only", outcome.geo_only}, {"generation", generation_}});
    }
    if (reloads_waiting_.empty() || stopping_) { return; }
    const ReloadRequest next = std::move(reloads_waiting_.front());
    reloads_waiting_.pop_front();
    start_reload(next);
  });
}

void Supervisor::adopt(std::shared_ptr<Epoch> epoch, steer::Plan plan,
                       std::shared_ptr<const zone::ZoneSet> zones) {
  warn_of_restart(epoch_->compiled->config, epoch->compiled->config);
  auto fleet = std::make_unique<fleet::FleetState>(epoch->compiled->fleet, moment());
  fleet->adopt(*fleet_, moment());
  fleet_ = std::move(fleet);
  monitors_->configure(monitor::targets(*epoch->compiled->monitors, *epoch->compiled->fleet));
  epoch_ = std::move(epoch);
  observer_->adopt(*epoch_->compiled, moment());
  billing_.configure(epoch_->compiled->config);
  zones_ = std::move(zones);
  set_routed_sets();
  if (published_) {
    ++plans_;
    plan_summary_ = std::move(plan.summary);
    estimates_ = std::move(plan.estimates);
    publish(*epoch_, std::move(plan.map));
  }
  if (server_ && !server_->tls_endpoints().empty() && epoch_->compiled->tls) {
    server_->set_tls(epoch_->compiled->tls);
  }
  serving_.clear();  // whatever changed while that was planned is seen by the next plan
  plan_wanted_ = true;
}

}  // namespace gslb::control
