// The planning loop and reloads: what runs on the planning thread and what its results change.
#include <algorithm>
#include <tuple>

#include "gslb/base/log.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

namespace {

std::vector<steer::ClusterInput> cluster_inputs(const fleet::FleetState& fleet) {
  const auto& board = *fleet.board();
  std::vector<steer::ClusterInput> inputs;
  for (std::size_t i = 0; i < fleet.model().clusters().size(); ++i) {
    const auto index = static_cast<fleet::ClusterIndex>(i);
    const auto load = fleet.load(index);
    inputs.push_back({.serving = board.serving_nodes(index) != 0,
                      .utilisation = fleet.utilisation(index),
                      .has_capacity = std::any_of(load.begin(), load.end(), [](const auto& each) {
                        return each.target > 0;
                      })});
  }
  return inputs;
}

// What is set up once: sockets, threads, the admin listener and its token, the log.
void warn_of_restart(const config::Config& before, const config::Config& after) {
  const auto tied = [](const config::Config& config) {
    const auto& [server, log, admin] = std::tie(config.server, config.log, config.admin);
    return std::tie(server.listen, server.workers, server.tcp_idle_ms, server.tcp_clients,
                    log.level, log.format, admin.listen, admin.token, admin.tls_certificate,
                    admin.tls_key);
  };
  if (tied(before) == tied(after)) { return; }
  log_warning("reload",
              "changes of [admin], [log] and of listen, workers, tcp_idle and tcp_clients in "
              "[server] take effect at the next start");
}

// Planning thread.
steer::Plan make_plan(Epoch& epoch, const std::vector<steer::ClusterInput>& inputs, MonoTime now) {
  epoch.ledger.update(now);
  return epoch.planner.plan(epoch.ledger.demand(epoch.compiled->geo->units()), inputs);
}

}  // namespace

void Supervisor::start_plan(MonoTime now) {
  planning_ = true;
  plan_wanted_ = false;
  next_plan_ = now + milliseconds(epoch_->compiled->config.steering.plan_interval_ms);
  planning_loop_->post([this, now, epoch = epoch_, inputs = cluster_inputs(*fleet_)] {
    const auto start = std::chrono::steady_clock::now();
    steer::Plan plan = make_plan(*epoch, inputs, now);
    const std::chrono::duration<double> duration = std::chrono::steady_clock::now() - start;
    loop_->post([this, epoch, plan = std::move(plan), duration]() mutable {
      finish_plan(epoch, std::move(plan), duration.count());
    });
  });
}

void Supervisor::finish_plan(const std::shared_ptr<Epoch>& epoch, steer::Plan plan,
                             double duration_s) {
  planning_ = false;
  if (stopping_ || epoch != epoch_) { return; }  // a reload came between, with its own plan
  ++plans_;
  last_plan_duration_s_ = duration_s;
  last_plan_at_ = std::chrono::system_clock::now();
  if (!plan.summary.feasible || plan.summary.over_scale > 1) {
    log_warning("plan", "demand exceeds the clusters' targets",
                {{"scale", plan.summary.over_scale}, {"feasible", plan.summary.feasible}});
  }
  plan_summary_ = std::move(plan.summary);
  publish(*epoch, std::move(plan.map));
  if (!server_) { start_server(); }
}

void Supervisor::publish(const Epoch& epoch, std::shared_ptr<const steer::AnswerMap> map) {
  auto snapshot = std::make_shared<answer::Snapshot>();
  snapshot->generation = ++generation_;
  snapshot->identity = epoch.identity;
  snapshot->zones = epoch.compiled->zones;
  snapshot->geo = epoch.compiled->geo;
  snapshot->services = epoch.compiled->services;
  snapshot->map = std::move(map);
  snapshot->fleet = epoch.compiled->fleet;
  snapshot->health = fleet_->board();
  snapshot->demand = epoch.demand;
  snapshot->decisions = epoch.decisions;
  snapshot_ = snapshot;
  if (published_) {
    published_->publish(std::move(snapshot));
  } else {
    published_ = std::make_unique<Published<answer::Snapshot>>(std::move(snapshot));
  }
}

void Supervisor::look_at_geo_files() {
  if (geo_looking_ || reload_.running) { return; }
  geo_looking_ = true;
  planning_loop_->post([this] { run_reload(true); });
}

std::uint64_t Supervisor::reload() {
  return loop_->call([this] {
    if (reload_.running || stopping_) { return reload_.number; }
    reload_.number += 1;
    reload_.running = true;
    log_info("reload", "started", {{"file", config_file_}});
    planning_loop_->post([this] { run_reload(false); });
    return reload_.number;
  });
}

ReloadReport Supervisor::reload_report() {
  return loop_->call([this] { return reload_; });
}

// Planning thread.  The epoch is only replaced by jobs of this thread, so it is stable here.  The
// new configuration is planned before it takes over: its first snapshot comes with it.
void Supervisor::run_reload(bool geo_only) {
  const std::shared_ptr<Epoch> old = loop_->call([this] { return epoch_; });
  const std::string fingerprint = geo_fingerprint(old->compiled->config);
  if (geo_only && (fingerprint == old->compiled->geo_fingerprint || fingerprint == geo_refused_)) {
    loop_->call([this] { geo_looking_ = false; });
    return;
  }
  Problems problems;
  const auto compiled = geo_only ? recompile_geo(*old->compiled, problems)
                                 : compile(config_file_, problems, old->compiled.get());
  geo_refused_ = compiled ? "" : fingerprint;  // one complaint a bad file
  std::shared_ptr<Epoch> epoch;
  steer::Plan plan;
  if (compiled) {
    const MonoTime now = std::chrono::steady_clock::now();
    epoch = std::make_shared<Epoch>(compiled, workers_, now);
    epoch->inherit(*old);
    const auto inputs = loop_->call([&] {
      fleet::FleetState heir(compiled->fleet, moment());
      heir.adopt(*fleet_, moment());
      return cluster_inputs(heir);
    });
    plan = make_plan(*epoch, inputs, now);
  }
  loop_->call([&] {
    if (epoch) { adopt(std::move(epoch), std::move(plan)); }
    finish_reload(compiled != nullptr, problems, geo_only);
  });
}

void Supervisor::finish_reload(bool succeeded, const Problems& problems, bool geo_only) {
  geo_looking_ = false;
  for (const Problem& problem : problems.list()) {
    log(problem.severity == Severity::kError ? LogLevel::kError : LogLevel::kWarning, "reload",
        problem.to_string());
  }
  ++(succeeded ? reloads_succeeded_ : reloads_failed_);
  if (geo_only && reload_.running) { return; }  // the report is of the operator's, yet to come
  reload_.running = false;
  reload_.succeeded = succeeded;
  reload_.finished = std::chrono::system_clock::now();
  reload_.problems.clear();
  for (const Problem& problem : problems.list()) {
    reload_.problems.push_back(problem.to_string());
  }
  if (succeeded) {
    log_info("reload", "done", {{"geo_only", geo_only}, {"generation", generation_}});
  } else {
    log_error("reload", "refused; what was loaded before keeps serving",
              {{"errors", problems.error_count()}});
  }
}

void Supervisor::adopt(std::shared_ptr<Epoch> epoch, steer::Plan plan) {
  warn_of_restart(epoch_->compiled->config, epoch->compiled->config);
  auto fleet = std::make_unique<fleet::FleetState>(epoch->compiled->fleet, moment());
  fleet->adopt(*fleet_, moment());
  fleet_ = std::move(fleet);
  epoch_ = std::move(epoch);
  if (published_) {
    ++plans_;
    plan_summary_ = std::move(plan.summary);
    publish(*epoch_, std::move(plan.map));
  }
  serving_.clear();  // whatever changed while that was planned is seen by the next plan
  plan_wanted_ = true;
}

}  // namespace gslb::control
