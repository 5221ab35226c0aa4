#include <algorithm>

#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::size_t kMinKeyOctets = 16;

std::vector<std::string> ids_of_groups(const Context& context) {
  std::vector<std::string> ids;
  for (const Group& group : context.config.groups) { ids.push_back(group.id.text); }
  return ids;
}

void read_tiers(TomlTable& table, Context& context, Cluster& cluster) {
  if (!table.has("tiers")) {
    cluster.tiers = {"default"};
    return;
  }
  Seen seen;
  for (const LocatedString& tier :
       read_list(table, "tiers", "leave it out for [\"default\"]", context)) {
    check_id(tier, "tier", context.problems);
    check_duplicate(tier, "tier", seen, context.problems);
    cluster.tiers.push_back(tier.text);
  }
}

void read_operators(TomlTable& table, Cluster& cluster) {
  for (const std::int64_t asn : table.integers("operators", 1, 0xffffffff)) {
    const auto number = static_cast<std::uint32_t>(asn);
    if (std::find(cluster.operators.begin(), cluster.operators.end(), number) !=
        cluster.operators.end()) {
      table.error("operators", "AS" + std::to_string(number) + " stands twice in 'operators'");
    }
    cluster.operators.push_back(number);
  }
  cluster.on_net_only = table.boolean("on_net_only").value_or(false);
  if (cluster.on_net_only && !table.has("operators")) {
    table.error("on_net_only", "cluster '" + cluster.id.text + "' could never be chosen",
                "on_net_only needs 'operators', the ASNs it serves");
  }
}

std::optional<Address> read_address(TomlTable& table, std::string_view key, bool v6) {
  const auto text = table.string(key);
  if (!text) { return std::nullopt; }
  const auto address = Address::parse(*text);
  if (!address || address->is_v6() != v6) {
    table.error(key, "'" + *text + "' is not an IPv" + (v6 ? '6' : '4') + " address",
                address ? (v6 ? "it is IPv4: write ipv4 =" : "it is IPv6: write ipv6 =") : "");
    return std::nullopt;
  }
  if (address->is_unspecified()) {
    table.error(key, "'" + *text + "' is no address a client can reach");
  }
  return address;
}

void read_node(TomlTable& table, Context& context, Cluster& cluster, Seen& seen_ids,
               Seen& seen_addresses) {
  Node node;
  if (auto id = located(table, "id", Need::kRequired)) {
    node.id = std::move(*id);
    check_id(node.id, "node", context.problems);
    check_duplicate(node.id, "node", seen_ids, context.problems);
  }
  node.ipv4 = read_address(table, "ipv4", false);
  node.ipv6 = read_address(table, "ipv6", true);
  for (const auto& [key, address] : {std::pair("ipv4", node.ipv4), std::pair("ipv6", node.ipv6)}) {
    if (address) {
      check_duplicate({address->to_string(), table.at(key)}, "address", seen_addresses,
                      context.problems);
    }
  }
  if (!table.has("ipv4") && !table.has("ipv6")) {
    context.problems.error(table.at(), "node '" + node.id.text + "' has no address",
                           "set ipv4, ipv6 or both");
  }
  node.weight = table.number("weight", 0.001, 1000).value_or(1);
  node.monitors = read_monitor_ids(table, context).value_or(cluster.monitors);
  table.finish();
  cluster.nodes.push_back(std::move(node));
}

void read_nodes(TomlTable& table, Context& context, Cluster& cluster) {
  Seen seen_ids;
  Seen seen_addresses;
  auto nodes = table.tables("node");
  for (TomlTable& node : nodes) { read_node(node, context, cluster, seen_ids, seen_addresses); }
  if (!table.has("node")) {
    context.problems.error(table.at(), "cluster '" + cluster.id.text + "' has no node",
                           "add [[cluster." + cluster.id.text + ".node]] with id and address");
  } else if (nodes.size() > kMaxNodesPerCluster) {
    context.problems.error(nodes[kMaxNodesPerCluster].at(),
                           "cluster '" + cluster.id.text + "' has " + std::to_string(nodes.size()) +
                               " nodes, over " + std::to_string(kMaxNodesPerCluster),
                           "divide it into two clusters at the same place");
  }
}

// A name has no address of ours to connect to; a command makes of it what it likes.
void check_alias_monitor(const LocatedString& id, const Context& context) {
  for (const Monitor& monitor : context.config.monitors) {
    if (monitor.id.text != id.text || monitor.kind == MonitorKind::kCommand) { continue; }
    context.problems.error(id.at,
                           "monitor '" + id.text + "' needs an address, and a cname has none",
                           "use one of kind command, with %%ITEM%% for the name");
  }
}

// Monitors and heartbeats that are both there both count, unless the file says otherwise.
void read_health_source(TomlTable& table, const Context& context, Cluster& cluster) {
  cluster.monitors = read_monitor_ids(table, context).value_or(std::vector<LocatedString>());
  const bool has_key = table.has("key") || table.has("key_file");
  const auto chosen = table.choice("health", {"heartbeat", "monitors", "both", "any", "none"});
  if (chosen) {
    cluster.health = *chosen;
  } else if (!cluster.monitors.empty()) {
    cluster.health = has_key ? "both" : "monitors";
  }
  cluster.monitors_first_address =
      table.choice("monitor_addresses", {"all", "first"}).value_or("all") == "first";
}

// Once its nodes are read: they may have monitors where the cluster has none.
void check_health_source(TomlTable& table, Cluster& cluster) {
  const bool uses_monitors = cluster.health != "heartbeat" && cluster.health != "none";
  for (const Node& node : cluster.nodes) {
    if (uses_monitors && node.monitors.empty()) {
      table.error("health",
                  "node '" + node.id.text + "' of cluster '" + cluster.id.text + "' has no monitor",
                  "name some in 'monitors' of the cluster or the node");
    }
    if (!uses_monitors && !node.monitors.empty()) {
      table.warning("health", "monitors of cluster '" + cluster.id.text + "' have no say",
                    "set health to both, any or monitors");
      return;
    }
  }
}

// A cluster that is another CDN: answered with its name, so it has no nodes and sends no
// heartbeats.
void read_alias(TomlTable& table, const Context& context, Cluster& cluster) {
  for (const char* key : {"node", "key", "key_file", "capacity"}) {
    if (!table.has(key)) { continue; }
    table.error(key, "cluster '" + cluster.id.text + "' has a cname, so '" + key + "' is not used",
                "a cname stands for all of it: set one or the other");
  }
  // Known, so that finish() doesn't report them again.
  for (const char* key : {"key", "key_file"}) { table.string(key); }
  table.tables("node");
  table.named_tables("capacity");
  if (table.has("health") && cluster.health != "none" && cluster.health != "monitors") {
    table.error("health", "cluster '" + cluster.id.text + "' has a cname and sends no heartbeats",
                "give it a monitor of kind command and health = \"monitors\", or set \"none\" and "
                "drain it when it is down");
  }
  if (cluster.health == "monitors" && cluster.monitors.empty()) {
    table.error("health", "cluster '" + cluster.id.text + "' names no monitor", "set 'monitors'");
  }
  for (const LocatedString& id : cluster.monitors) { check_alias_monitor(id, context); }
  cluster.health = cluster.monitors.empty() ? "none" : "monitors";
}

Cluster read_cluster(const LocatedString& id, TomlTable& table, Context& context) {
  Cluster cluster;
  cluster.id = id;
  check_id(id, "cluster", context.problems);
  for (const Group& group : context.config.groups) {
    if (group.id.text != id.text) { continue; }
    context.problems.error(id.at, "cluster '" + id.text + "' is named like a group",
                           "one of them needs another name");
  }
  cluster.latitude = table.number("latitude", -90, 90, Need::kRequired).value_or(0);
  cluster.longitude = table.number("longitude", -180, 180, Need::kRequired).value_or(0);
  cluster.city = table.string("city").value_or("");
  cluster.country = read_country(table, "country");
  read_tiers(table, context, cluster);
  read_operators(table, cluster);
  cluster.commit = read_commitment(table);
  cluster.group = read_group_id(table, ids_of_groups(context), context);
  cluster.cost_per_gb = table.number("cost_per_gb", 0, 1e6).value_or(0);
  cluster.bias_ms = table.number("bias_ms", -10'000, 10'000).value_or(0);
  read_delivery(table, cluster);
  read_geofence(table, cluster, context);
  for (const LocatedString& each : read_list(table, "capabilities", "leave it out", context)) {
    check_id(each, "capability", context.problems);
    cluster.capabilities.push_back(each.text);
  }
  read_health_source(table, context, cluster);
  cluster.cname = located(table, "cname");
  cluster.host = located(table, "host");
  if (cluster.cname) {
    read_alias(table, context, cluster);
    table.finish();
    return cluster;
  }
  cluster.key = read_secret(table, "key", kMinKeyOctets, context);
  const bool needs_key = cluster.health != "none" && cluster.health != "monitors";
  if (needs_key && !table.has("key") && !table.has("key_file")) {
    context.problems.error(table.at(), "cluster '" + id.text + "' has no key for its heartbeats",
                           "set key_file, or health = \"none\" to assume it up");
  }
  cluster.capacity = read_capacity(table, "proximactl drain " + cluster.id.text, context);
  read_nodes(table, context, cluster);
  check_health_source(table, cluster);
  table.finish();
  return cluster;
}

}  // namespace

void read_clusters(TomlTable& root, Context& context) {
  auto& clusters = context.config.clusters;
  for (auto& [id, table] : root.named_tables("cluster")) {
    clusters.push_back(read_cluster(id, table, context));
  }
  if (clusters.size() > kMaxClusters) {
    context.problems.error(
        clusters[kMaxClusters].id.at,
        std::to_string(clusters.size()) + " clusters, over " + std::to_string(kMaxClusters));
  }
}

}  // namespace gslb::config
