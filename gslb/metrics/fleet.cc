// Clusters and nodes: health, the operator's states, heartbeats, load.
#include <algorithm>
#include <bit>
#include <set>

#include "gslb/metrics/parts.h"

namespace gslb::metrics {
namespace {

using fleet::ClusterStatus;
using fleet::NodeStatus;

void add_clusters(const Input& input, Exposition& out) {
  out.gauge("proxima_cluster_serving", "1: some node of the cluster may be named in an answer.");
  for (const ClusterStatus& cluster : input.clusters) {
    out.sample(cluster.serving_nodes != 0 ? 1 : 0, {{"cluster", cluster.id}});
  }
  out.gauge("proxima_cluster_serving_nodes", "Nodes of the cluster that may be named in answers.");
  for (const ClusterStatus& cluster : input.clusters) {
    out.sample(std::popcount(cluster.serving_nodes), {{"cluster", cluster.id}});
  }
  out.gauge("proxima_cluster_nodes", "Nodes the cluster is configured with.");
  for (const ClusterStatus& cluster : input.clusters) {
    out.sample(static_cast<double>(cluster.nodes.size()), {{"cluster", cluster.id}});
  }
  out.gauge("proxima_cluster_admin_state", "1 for the state the operator has put the cluster in.");
  for (const ClusterStatus& cluster : input.clusters) {
    for (const fleet::AdminState state : {fleet::AdminState::kNone, fleet::AdminState::kDrain,
                                          fleet::AdminState::kDown, fleet::AdminState::kUp}) {
      out.sample(cluster.admin == state ? 1 : 0,
                 {{"cluster", cluster.id}, {"state", to_string(state)}});
    }
  }
}

template <typename Visit>
void for_each_node(const Input& input, const Visit& visit) {
  for (const ClusterStatus& cluster : input.clusters) {
    for (const NodeStatus& node : cluster.nodes) { visit(cluster, node); }
  }
}

// What nodes say of themselves.  Kinds of conditions are the documented ones: an edge may make up
// others.
void add_figures(const Input& input, Exposition& out) {
  out.gauge("proxima_node_condition", "1: the node's heartbeats complain of it.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    for (const std::string_view kind : fleet::kConditionKinds) {
      const auto& conditions = node.figures.conditions;
      if (conditions.empty()) { break; }
      const bool is_so = std::any_of(conditions.begin(), conditions.end(),
                                     [&](const auto& each) { return each.kind == kind; });
      out.sample(is_so ? 1 : 0, {{"cluster", cluster.id}, {"node", node.id}, {"kind", kind}});
    }
  });
  const auto figure = [&](const char* name, const char* help,
                          std::uint64_t fleet::StoreUse::*memory,
                          std::uint64_t fleet::StoreUse::*disk) {
    out.gauge(name, help);
    for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
      const fleet::StoreUse& store = node.figures.store;
      const auto put = [&](std::string_view tier, std::uint64_t octets) {
        out.sample(static_cast<double>(octets),
                   {{"cluster", cluster.id}, {"node", node.id}, {"tier", tier}});
      };
      if (store.memory_budget > 0) { put("memory", store.*memory); }
      if (store.disk_budget > 0) { put("disk", store.*disk); }
    });
  };
  figure("proxima_node_store_bytes", "Octets in the node's cache; absent: not told.",
         &fleet::StoreUse::memory_octets, &fleet::StoreUse::disk_octets);
  figure("proxima_node_store_budget_bytes", "Octets the node's cache may hold; absent: not told.",
         &fleet::StoreUse::memory_budget, &fleet::StoreUse::disk_budget);
}

void add_nodes(const Input& input, Exposition& out) {
  using fleet::NodeHealth;
  out.gauge("proxima_node_serving", "1: the node may be named in an answer.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    out.sample(node.serving ? 1 : 0, {{"cluster", cluster.id}, {"node", node.id}});
  });
  out.gauge("proxima_node_health", "1 for the state the node's heartbeats or silence show.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    for (const NodeHealth health : {NodeHealth::kUnknown, NodeHealth::kUp, NodeHealth::kDraining,
                                    NodeHealth::kDown, NodeHealth::kStale}) {
      out.sample(node.health == health ? 1 : 0,
                 {{"cluster", cluster.id}, {"node", node.id}, {"state", to_string(health)}});
    }
  });
  out.gauge("proxima_node_heartbeat_age_seconds",
            "Since the node's last accepted heartbeat; absent before the first.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    if (!node.heartbeat_age) { return; }
    const std::chrono::duration<double> age = *node.heartbeat_age;
    out.sample(age.count(), {{"cluster", cluster.id}, {"node", node.id}});
  });
  out.gauge("proxima_node_load_ratio",
            "The node's load over its share of the cluster's by weight; absent: not known yet.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    if (node.load_ratio == 0) { return; }
    out.sample(node.load_ratio, {{"cluster", cluster.id}, {"node", node.id}});
  });
  out.gauge("proxima_node_yield_ratio",
            "Of what names would give the node, the part that goes to the cluster's other nodes.");
  for_each_node(input, [&](const ClusterStatus& cluster, const NodeStatus& node) {
    out.sample(node.yield, {{"cluster", cluster.id}, {"node", node.id}});
  });
  add_figures(input, out);
  out.counter("proxima_heartbeats_total", "Heartbeats by what became of them.");
  for (std::size_t i = 0; i < fleet::kHeartbeatVerdicts; ++i) {
    out.sample(static_cast<double>(input.heartbeats[i]),
               {{"verdict", to_string(static_cast<fleet::HeartbeatVerdict>(i))}});
  }
}

// An edge may report any resource, and a faulty one a new name every second: labels come from the
// configuration and from the documented names only.
std::set<std::string> known_resources(const Input& input) {
  std::set<std::string> known = {"requests_per_s", "egress_bits_per_s", "connections"};
  if (!input.snapshot) { return known; }
  for (const fleet::ClusterModel& cluster : input.snapshot->fleet->clusters()) {
    for (const config::Capacity& capacity : cluster.capacity) { known.insert(capacity.resource); }
  }
  return known;
}

void add_load(const Input& input, Exposition& out) {
  const std::set<std::string> known = known_resources(input);
  const auto figure = [&](const char* name, const char* help, double fleet::ResourceLoad::*member,
                          bool zero_is_unknown) {
    out.gauge(name, help);
    for (const ClusterStatus& cluster : input.clusters) {
      for (const fleet::ResourceLoad& load : cluster.load) {
        if (!known.contains(load.resource) || (zero_is_unknown && load.*member == 0)) { continue; }
        out.sample(load.*member, {{"cluster", cluster.id}, {"resource", load.resource}});
      }
    }
  };
  figure("proxima_cluster_load", "Load the cluster's live nodes report, in the resource's unit.",
         &fleet::ResourceLoad::current, false);
  figure("proxima_cluster_load_target", "Load the cluster is planned for; absent: not known.",
         &fleet::ResourceLoad::target, true);
  figure("proxima_cluster_load_max", "Load the cluster must never exceed; absent: not known.",
         &fleet::ResourceLoad::max, true);
  out.gauge("proxima_cluster_utilisation_ratio",
            "Load over target of the cluster's tightest resource; 0: no target is known.");
  for (const ClusterStatus& cluster : input.clusters) {
    out.sample(cluster.utilisation, {{"cluster", cluster.id}});
  }
}

// A group has the resources of its configuration, no others.
void add_groups(const Input& input, Exposition& out) {
  if (input.groups.empty()) { return; }
  const auto figure = [&](const char* name, const char* help, double fleet::ResourceLoad::*member) {
    out.gauge(name, help);
    for (const fleet::GroupStatus& group : input.groups) {
      for (const fleet::ResourceLoad& load : group.load) {
        out.sample(load.*member, {{"group", group.id}, {"resource", load.resource}});
      }
    }
  };
  figure("proxima_group_load", "Load the group's clusters report, in the resource's unit.",
         &fleet::ResourceLoad::current);
  figure("proxima_group_load_target", "Load the group is planned for.",
         &fleet::ResourceLoad::target);
  figure("proxima_group_load_max", "Load the group must never exceed.", &fleet::ResourceLoad::max);
}

}  // namespace

void add_fleet(const Input& input, Exposition& out) {
  add_clusters(input, out);
  add_nodes(input, out);
  add_load(input, out);
  add_groups(input, out);
}

}  // namespace gslb::metrics
