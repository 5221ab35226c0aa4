// The model's monitors: who is asked what, and what of the capacity each node is.
#include <algorithm>

#include "gslb/fleet/model.h"

namespace gslb::fleet {
namespace {

// All options of a monitor but its name.  Texts carry their length, so that none can look like
// two others.
std::string fingerprint(const config::Monitor& monitor) {
  std::string key;
  const auto number = [&](std::int64_t value) { key += std::to_string(value) + '|'; };
  const auto text = [&](const std::string& value) {
    number(static_cast<std::int64_t>(value.size()));
    key += value + '|';
  };
  number(static_cast<int>(monitor.kind));
  for (const std::int64_t value : {monitor.interval_ms, monitor.timeout_ms, monitor.jitter_ms}) {
    number(value);
  }
  for (const unsigned value : {monitor.up_thresh, monitor.ok_thresh, monitor.down_thresh}) {
    number(value);
  }
  number(monitor.port);
  text(monitor.path);
  text(monitor.host);
  number(static_cast<std::int64_t>(monitor.ok_codes.size()));
  for (const unsigned code : monitor.ok_codes) { number(code); }
  text(monitor.body);
  text(monitor.ca_file);
  number(monitor.insecure ? 1 : 0);
  text(monitor.name.text);
  text(monitor.type.text);
  number(monitor.rcode);
  text(monitor.answer ? monitor.answer->text : "");
  for (const std::string& word : monitor.command) { text(word); }
  return key;
}

struct Item {
  std::optional<Address> address;
  std::string text;
};

std::vector<Item> items_of(const config::Cluster& cluster, const NodeModel& node) {
  if (cluster.cname) { return {{std::nullopt, cluster.cname->text}}; }
  std::vector<Item> items;
  for (const auto& address : {node.ipv4, node.ipv6}) {
    if (!address || (cluster.monitors_first_address && !items.empty())) { continue; }
    items.push_back({*address, address->to_string()});
  }
  return items;
}

// The first resource for which every cluster has a target: only then are clusters comparable.
std::string common_resource(const std::vector<ClusterModel>& clusters) {
  if (clusters.empty()) { return {}; }
  for (const config::Capacity& candidate : clusters[0].capacity) {
    const bool everywhere = std::all_of(clusters.begin(), clusters.end(), [&](const auto& each) {
      return std::any_of(each.capacity.begin(), each.capacity.end(), [&](const auto& capacity) {
        return capacity.resource == candidate.resource && capacity.target > 0;
      });
    });
    if (everywhere) { return candidate.resource; }
  }
  return {};
}

double target_of(const ClusterModel& cluster, const std::string& resource) {
  for (const config::Capacity& capacity : cluster.capacity) {
    if (capacity.resource == resource) { return capacity.target; }
  }
  return 0;
}

}  // namespace

void FleetModel::add_targets(const std::shared_ptr<const config::Monitor>& monitor,
                             const config::Cluster& cluster, std::size_t node,
                             const std::string& service, std::vector<std::uint32_t>& into) {
  // A name has no address of ours to connect to.
  if (cluster.cname && monitor->kind != config::MonitorKind::kCommand) { return; }
  const NodeModel& model = clusters_[find_cluster(cluster.id.text)].nodes[node];
  for (const Item& item : items_of(cluster, model)) {
    const std::string key = fingerprint(*monitor) + item.text;
    const auto next = static_cast<std::uint32_t>(monitors_.size());
    const auto [known, is_new] = by_key_.emplace(key, next);
    if (is_new) { monitors_.push_back({monitor, item.address, item.text, key, service}); }
    if (std::find(into.begin(), into.end(), known->second) == into.end()) {
      into.push_back(known->second);
    }
  }
}

void FleetModel::add_monitors(const config::Config& config) {
  MonitorTable monitors;
  for (const config::Monitor& monitor : config.monitors) {
    monitors.emplace(monitor.id.text, std::make_shared<const config::Monitor>(monitor));
  }
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    ClusterModel& cluster = clusters_[c];
    if (cluster.health == HealthKind::kHeartbeat || cluster.health == HealthKind::kAssumedUp) {
      continue;
    }
    const config::Cluster& from = config.clusters[c];
    for (std::size_t n = 0; n < cluster.nodes.size(); ++n) {
      for (const LocatedString& id : from.cname ? from.monitors : from.nodes[n].monitors) {
        add_targets(monitors.at(id.text), from, n, "", cluster.nodes[n].monitors);
      }
    }
  }
  add_service_monitors(config, monitors);
}

std::optional<std::size_t> FleetModel::find_checks(std::string_view service_id) const noexcept {
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    if (checks_[i].id == service_id) { return i; }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> FleetModel::find_monitor(std::string_view key) const noexcept {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::vector<double>> FleetModel::capacity_weights(
    const ServiceChecks* of_service) const {
  const auto is_visible = [&](std::size_t c) {
    return of_service == nullptr ? clusters_[c].health != HealthKind::kAssumedUp
                                 : of_service->uses(static_cast<ClusterIndex>(c));
  };
  std::vector<ClusterModel> visible;
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    if (is_visible(c)) { visible.push_back(clusters_[c]); }
  }
  const std::string resource = common_resource(visible);
  std::vector<std::vector<double>> weights(clusters_.size());
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    if (!is_visible(c)) { continue; }
    const ClusterModel& cluster = clusters_[c];
    double sum = 0;
    for (const NodeModel& node : cluster.nodes) { sum += node.weight; }
    const double capacity = resource.empty() ? sum : target_of(cluster, resource);
    for (const NodeModel& node : cluster.nodes) {
      weights[c].push_back(capacity * node.weight / sum);
    }
  }
  return weights;
}

}  // namespace gslb::fleet
