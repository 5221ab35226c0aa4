// Monitors' results on their way into the fleet state.
#include "gslb/base/log.h"
#include "gslb/control/supervisor.h"

namespace gslb::control {

void Supervisor::take_result(fleet::MonitorResult result) {
  loop_->post([this, result = std::move(result)] {
    const fleet::Moment now = moment();
    fleet_->apply_monitor(result, now);
    // That a service's failing nodes are held must not be silent either.
    const auto& events = fleet_->events();
    for (auto each = events.rbegin(); each != events.rend() && each->at == now.wall; ++each) {
      if (each->kind != fleet::EventKind::kSuspicion || each->target.empty()) { continue; }
      log_warning("health", each->text, {{"service", each->target}});
    }
  });
}

std::vector<fleet::MonitorStatus> Supervisor::monitors() {
  return loop_->call([this] { return fleet_->monitor_status(); });
}

// Once a change: a guard that holds dead nodes in answers must not be silent.
void Supervisor::note_suspicion() {
  const fleet::SuspicionStatus status = fleet_->suspicion_status();
  if (status.active == std::exchange(suspicious_, status.active)) { return; }
  if (status.active) {
    log_warning("health", "much of the capacity seems dead at once: held, as rather we can't see",
                {{"share", status.share}, {"nodes", status.held_nodes}});
  } else {
    log_info("health", "nothing is held any more");
  }
}

}  // namespace gslb::control
