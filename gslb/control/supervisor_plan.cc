// The planning loop: what runs on the planning thread and what its results change.
#include "gslb/base/log.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

void Supervisor::start_plan(MonoTime now) {
  planning_ = true;
  // A cluster that came or went doesn't wait for estimates.
  const bool is_urgent = plan_wanted_ && now < next_plan_;
  plan_wanted_ = false;
  next_plan_ = now + milliseconds(epoch_->compiled->config.steering.plan_interval_ms);
  const std::string rtt_file = now < next_rtt_save_ ? "" : state_file(kRttFile);
  if (now >= next_rtt_save_) { next_rtt_save_ = now + kRttSaveInterval; }
  planning_loop_->post([this, now, epoch = epoch_, inputs = cluster_inputs(*fleet_),
                        samples = is_urgent ? std::vector<TimedSample>() : samples_.take(),
                        rtt_file, is_urgent] {
    const auto start = std::chrono::steady_clock::now();
    if (!is_urgent) { learn(*epoch, samples, std::chrono::system_clock::now()); }
    if (!rtt_file.empty()) { save_rtt(*epoch, rtt_file); }
    steer::Plan plan = make_plan(*epoch, inputs, {now, std::chrono::system_clock::now()});
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
  estimates_ = std::move(plan.estimates);
  publish(*epoch, std::move(plan.map));
  if (!server_) { start_server(); }
}

void Supervisor::publish(const Epoch& epoch, std::shared_ptr<const steer::AnswerMap> map) {
  auto snapshot = std::make_shared<answer::Snapshot>();
  snapshot->generation = ++generation_;
  snapshot->identity = epoch.identity;
  snapshot->protection = epoch.protection;
  snapshot->zones = zones_;
  snapshot->routed_sets = routed_sets_;
  snapshot->compact = compact_;
  snapshot->geo = epoch.compiled->geo;
  snapshot->services = epoch.compiled->services;
  snapshot->map = std::move(map);
  snapshot->estimates = estimates_;
  snapshot->fleet = epoch.compiled->fleet;
  snapshot->health = fleet_->board();
  snapshot->demand = epoch.demand;
  snapshot->decisions = epoch.decisions;
  snapshot_ = snapshot;
  if (published_) {
    published_->publish(std::move(snapshot));
    // An idle worker would hold the one before until its next query, whatever that takes.
    if (server_) { server_->nudge(); }
  } else {
    published_ = std::make_unique<Published<answer::Snapshot>>(std::move(snapshot));
  }
}

}  // namespace gslb::control
