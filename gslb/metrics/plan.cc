// The planning loop: what the last plan came to, and what it thinks of each cluster.
#include <algorithm>
#include <cmath>

#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

constexpr double kMillisecond = 1e-3;

// `values` has one entry a cluster, then one a group.  Infinity means "no limit", which no graph
// can show.
void add_per_cluster(const Input& input, Exposition& out, const std::vector<double>& values,
                     double scale = 1) {
  const std::size_t count = std::min(values.size(), input.clusters.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite(values[i])) {
      out.sample(values[i] * scale, {{"cluster", input.clusters[i].id}});
    }
  }
}

// The same of groups; nothing, not even the name, where there are none.
void add_per_group(const Input& input, Exposition& out, const std::vector<double>& values,
                   double scale = 1) {
  const std::size_t clusters = input.clusters.size();
  for (std::size_t i = clusters; i < std::min(values.size(), clusters + input.groups.size()); ++i) {
    if (std::isfinite(values[i])) {
      out.sample(values[i] * scale, {{"group", input.groups[i - clusters].id}});
    }
  }
}

void add_groups(const Input& input, const steer::PlanSummary& plan, Exposition& out) {
  if (input.groups.empty()) { return; }
  out.gauge("proxima_group_planned_demand_per_second",
            "Routed queries a second the last plan gave the group's clusters.");
  add_per_group(input, out, plan.planned_load);
  out.gauge("proxima_group_capacity_demand_per_second",
            "Routed queries a second the group can take; absent: no limit is known.");
  add_per_group(input, out, plan.capacity);
  out.gauge("proxima_group_price_seconds",
            "Latency the plan adds to the cost of the group's clusters because it is full.");
  add_per_group(input, out, plan.price_ms, kMillisecond);
  out.gauge("proxima_group_loss_target_scale_ratio",
            "Factor the others' targets would have to be raised by to take the group's clients.");
  add_per_group(input, out, plan.scale_if_lost);
}

void add_summary(const Input& input, const steer::PlanSummary& plan, Exposition& out) {
  out.gauge("proxima_plan_feasible",
            "1: the last plan keeps every cluster within its target, as scaled.",
            plan.feasible ? 1 : 0);
  out.gauge("proxima_plan_exact",
            "0: the last plan was shared out in a hurry, as the exact solver took too many steps.",
            plan.is_exact ? 1 : 0);
  out.gauge("proxima_plan_refused",
            "1: the last plan was worse than the one before, which holds on.",
            plan.refusal != steer::Refusal::kNone ? 1 : 0);
  out.gauge("proxima_plan_target_scale_ratio",
            "Factor all targets were raised by to fit the demand; 1: they fit.", plan.over_scale);
  out.gauge("proxima_plan_moved_ratio", "Share of demand that changed cluster in the last plan.",
            plan.moved_share);
  out.gauge("proxima_plan_distinct_rows", "Different rows of clusters in the last plan.",
            static_cast<double>(plan.distinct_rows));
  out.gauge("proxima_plan_demand_per_second",
            "Routed queries a second the last plan reckoned with.", plan.demand_per_s);
  out.gauge("proxima_cluster_planned_demand_per_second",
            "Routed queries a second the last plan gave the cluster.");
  add_per_cluster(input, out, plan.planned_load);
  out.gauge("proxima_cluster_capacity_demand_per_second",
            "Routed queries a second the cluster can take; absent: no limit is known.");
  add_per_cluster(input, out, plan.capacity);
  out.gauge("proxima_cluster_price_seconds",
            "Latency the plan adds to the cluster's cost because it is full.");
  add_per_cluster(input, out, plan.price_ms, kMillisecond);
  out.gauge("proxima_cluster_loss_target_scale_ratio",
            "Factor the others' targets would have to be raised by to take its clients.");
  add_per_cluster(input, out, plan.scale_if_lost);
  out.gauge("proxima_service_load_ratio",
            "What a query of the service takes of a cluster, against the mean of all.");
  for (std::size_t i = 0; input.snapshot && i < plan.service_load.size(); ++i) {
    out.sample(plan.service_load[i], {{"service", input.snapshot->services->services[i].id}});
  }
  add_groups(input, plan, out);
  out.gauge("proxima_cluster_surcharge_per_gigabyte",
            "Money on top of the cluster's cost, as its traffic is near what is paid for.");
  add_per_cluster(input, out, plan.surcharge_per_gb);
}

}  // namespace

void add_plan(const Input& input, Exposition& out) {
  out.counter("proxima_plans_total", "Plans made and published.", static_cast<double>(input.plans));
  if (input.last_plan_at) {
    out.gauge("proxima_last_plan_timestamp_seconds", "When the last plan was made, since 1970.",
              std::chrono::duration<double>(input.last_plan_at->time_since_epoch()).count());
    out.gauge("proxima_last_plan_duration_seconds", "How long the last plan took.",
              input.last_plan_duration_s);
  }
  if (input.plan) { add_summary(input, *input.plan, out); }
}

}  // namespace gslb::metrics
