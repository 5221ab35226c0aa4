// Monitors by target, and whether deaths are believed.
#include <bit>

#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

using fleet::MonitorState;
using fleet::MonitorStatus;

void add_suspicion(const fleet::SuspicionStatus& suspicion, Exposition& out) {
  out.gauge("proxima_health_suspicion",
            "1: much of the capacity seems dead at once, and what served is held.",
            suspicion.active ? 1 : 0);
  out.gauge("proxima_health_held_nodes", "Nodes that seem dead and are named all the same.",
            static_cast<double>(suspicion.held_nodes));
  out.gauge("proxima_health_sudden_death_ratio",
            "Of the capacity that was alive, the share that seems to have died at once.",
            suspicion.share);
  out.counter("proxima_health_suspicions_total", "Times the server has suspected itself.",
              static_cast<double>(suspicion.times));
}

void add_services(const Input& input, Exposition& out) {
  if (input.services.empty()) { return; }
  out.gauge("proxima_service_serving_nodes",
            "Nodes of the cluster that may be named for a service with monitors of its own.");
  for (const fleet::ServiceStatus& service : input.services) {
    for (const auto& cluster : service.clusters) {
      out.sample(std::popcount(cluster.serving_nodes),
                 {{"service", service.id}, {"cluster", cluster.id}});
    }
  }
  out.gauge("proxima_service_failing_nodes", "Nodes that the service's own monitors have down.");
  for (const fleet::ServiceStatus& service : input.services) {
    for (const auto& cluster : service.clusters) {
      out.sample(std::popcount(cluster.failing_nodes),
                 {{"service", service.id}, {"cluster", cluster.id}});
    }
  }
  out.gauge("proxima_service_suspicion",
            "1: much of the service's capacity fails its monitors at once, and is held.");
  for (const fleet::ServiceStatus& service : input.services) {
    out.sample(service.suspicion.active ? 1 : 0, {{"service", service.id}});
  }
}

}  // namespace

void add_monitors(const Input& input, Exposition& out) {
  add_suspicion(input.suspicion, out);
  add_services(input, out);
  if (input.monitors.empty()) { return; }
  out.gauge("proxima_monitor_up", "1: the monitor has its target up; absent before a result.");
  for (const MonitorStatus& each : input.monitors) {
    if (each.state == MonitorState::kUnknown) { continue; }
    out.sample(each.state == MonitorState::kUp ? 1 : 0,
               {{"monitor", each.monitor}, {"target", each.item}});
  }
  out.counter("proxima_monitor_results_total", "Results by what they say.");
  for (const MonitorStatus& each : input.monitors) {
    const auto sample = [&](fleet::Outcome outcome, std::uint64_t count) {
      out.sample(
          static_cast<double>(count),
          {{"monitor", each.monitor}, {"target", each.item}, {"outcome", to_string(outcome)}});
    };
    sample(fleet::Outcome::kGood, each.good);
    sample(fleet::Outcome::kBad, each.bad);
    sample(fleet::Outcome::kUnasked, each.unasked);
  }
  out.gauge("proxima_monitor_duration_seconds", "How long the last asking took.");
  for (const MonitorStatus& each : input.monitors) {
    if (!each.last_at) { continue; }
    out.sample(std::chrono::duration<double>(each.took).count(),
               {{"monitor", each.monitor}, {"target", each.item}});
  }
}

}  // namespace gslb::metrics
