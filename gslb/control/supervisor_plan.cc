// The planning loop: what runs on the planning thread and what its results change.
#include "gslb/base/log.h"
#include "gslb/control/debug_name.h"
#include "gslb/control/learnt.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

void Supervisor::start_plan(MonoTime now) {
  planning_ = true;
  // A cluster that came or went doesn't wait for estimates.
  const bool is_urgent = plan_wanted_ && now < next_plan_;
  plan_wanted_ = false;
  next_plan_ = now + milliseconds(epoch_->compiled->config.steering.plan_interval_ms);
  const bool saves = now >= next_rtt_save_ && !state_file().empty();
  if (now >= next_rtt_save_) { next_rtt_save_ = now + kRttSaveInterval; }
  const std::chrono::duration<double> longest_ttl(
      steer::longest_ttl_s(*epoch_->compiled->services));
  fleet_->balance(now, std::chrono::duration_cast<milliseconds>(longest_ttl));
  FleetView view = fleet_view(*fleet_);
  billing_.count(*fleet_, std::chrono::system_clock::now());
  billing_.charge(fleet_->model(), view.inputs);
  PlanInputs inputs{.mono = now,
                    .wall = std::chrono::system_clock::now(),
                    .learns = !is_urgent,
                    .samples = is_urgent ? std::vector<TimedSample>() : take_samples(),
                    .joins = {},
                    .clusters = view.inputs};
  if (!is_urgent) {
    inputs.joins = observer_->take_joins();
    inputs.use = {observer_->take_uses(now), egress_share(*fleet_)};
  }
  planning_loop_->post([this, epoch = epoch_,
                        choices = observer_->probe_choices(*epoch_->compiled, now),
                        inputs = std::move(inputs), view = std::move(view),
                        rtt_file = saves ? state_file(kRttFile) : "",
                        learnt_file = saves ? state_file(kLearntFile) : "",
                        commit_file = saves && !billing_.empty() ? state_file(kCommitFile) : "",
                        commits = saves ? billing_.write() : ""] {
    const auto start = std::chrono::steady_clock::now();
    Planned planned{.plan = plan_step(*epoch, inputs), .probes = {}};
    if (inputs.learns) {
      planned.probes = plan_probes(*epoch, choices, inputs.clusters, inputs.wall);
    }
    const std::chrono::duration<double> duration = std::chrono::steady_clock::now() - start;
    planned.duration_s = duration.count();
    loop_->post([this, epoch, planned] { finish_plan(epoch, planned); });
    recorder_.add(*epoch, inputs, planned.plan);
    // Only an epoch's own beginning can be planned again from.
    if (recorder_.is_full()) { renew_epoch(*epoch); }
    if (!rtt_file.empty()) { save_rtt(*epoch, rtt_file); }
    if (!learnt_file.empty()) { save_learnt(*epoch, view, learnt_file); }
    if (!commit_file.empty()) { save_commitments(commits, commit_file); }
  });
}

std::vector<TimedSample> Supervisor::take_samples() {
  observer_->collect(*epoch_->compiled, moment());
  return observer_->take();
}

void Supervisor::finish_plan(const std::shared_ptr<Epoch>& epoch, Planned planned) {
  planning_ = false;
  if (stopping_ || epoch != epoch_) { return; }  // a reload came between, with its own plan
  observer_->set_wishes(planned.probes);
  steer::Plan& plan = planned.plan;
  ++plans_;
  last_plan_duration_s_ = planned.duration_s;
  last_plan_at_ = std::chrono::system_clock::now();
  if (!plan.summary.feasible || plan.summary.over_scale > 1) {
    log_warning("plan", "demand exceeds the clusters' targets",
                {{"scale", plan.summary.over_scale}, {"feasible", plan.summary.feasible}});
  }
  if (plan.summary.refusal != steer::Refusal::kNone) {
    log_warning("plan", "refused, the last one holds on",
                {{"why", steer::to_string(plan.summary.refusal)}});
  }
  if (!plan.summary.is_exact) {
    log_warning("plan", "took too many steps: clients are shared out by stable allocation");
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
  snapshot->debug = make_debug(epoch_, plan_summary_->price_ms);
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

// Made on the planning thread, which may be busy for seconds: nobody waits for it.
std::shared_ptr<const std::string> Supervisor::learnt() {
  return loop_->call([this]() -> std::shared_ptr<const std::string> {
    if (learnt_text_) { return std::exchange(learnt_text_, nullptr); }
    if (learnt_asked_ || stopping_) { return nullptr; }
    learnt_asked_ = true;
    planning_loop_->post([this, epoch = epoch_, view = fleet_view(*fleet_)] {
      Learnt learnt = learnt_of(*epoch, view);
      learnt.rtt = epoch->estimator.write();
      loop_->post([this, text = std::make_shared<const std::string>(write_learnt(learnt))] {
        learnt_text_ = text;
        learnt_asked_ = false;
      });
    });
    return nullptr;
  });
}

}  // namespace gslb::control
