#include "gslb/fleet/model.h"

#include <algorithm>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace gslb::fleet {
namespace {

static_assert(config::kMaxNodesPerCluster <= kMaxNodes, "one bit a node in a health word");
static_assert(config::kMaxClusters < kNoCluster);

// Names that are none are reported by steer::compile_services(), and nothing is served then.
std::optional<dns::Name> name_of(const LocatedString& text) {
  auto name = dns::Name::parse(text.text);
  if (!name) { return std::nullopt; }
  return std::move(*name);
}

constexpr HealthKind kHealthKinds[] = {HealthKind::kHeartbeat, HealthKind::kAssumedUp,
                                       HealthKind::kMonitors, HealthKind::kBoth, HealthKind::kAny};

HealthKind health_kind(std::string_view text) {
  for (const HealthKind kind : kHealthKinds) {
    if (to_string(kind) == text) { return kind; }
  }
  return HealthKind::kHeartbeat;
}

ClusterModel compile_cluster(const config::Cluster& from) {
  CHECK(from.nodes.empty() == from.cname.has_value());
  CHECK(from.nodes.size() <= config::kMaxNodesPerCluster);
  ClusterModel cluster;
  cluster.id = from.id.text;
  cluster.health = health_kind(from.health);
  cluster.capacity = from.capacity;
  cluster.key = from.key;
  cluster.nodes.reserve(from.nodes.size());
  for (const config::Node& node : from.nodes) {
    const std::string full_id = cluster.id + '/' + node.id.text;
    cluster.nodes.push_back({node.id.text,
                             full_id,
                             node.ipv4,
                             node.ipv6,
                             node.weight,
                             hash_octets(as_octets(full_id)),
                             {}});
  }
  if (from.cname) {
    const std::string full_id = cluster.id + "/cname";
    cluster.nodes.push_back({.id = "cname",
                             .full_id = full_id,
                             .ipv4 = std::nullopt,
                             .ipv6 = std::nullopt,
                             .hash = hash_octets(as_octets(full_id)),
                             .monitors = {}});
    cluster.cname = name_of(*from.cname);
  }
  if (from.host) { cluster.host = name_of(*from.host); }
  return cluster;
}

}  // namespace

std::string_view to_string(HealthKind kind) noexcept {
  switch (kind) {
    case HealthKind::kHeartbeat:
      return "heartbeat";
    case HealthKind::kAssumedUp:
      return "none";
    case HealthKind::kMonitors:
      return "monitors";
    case HealthKind::kBoth:
      return "both";
    case HealthKind::kAny:
      return "any";
  }
  return "heartbeat";
}

std::optional<unsigned> ClusterModel::find_node(std::string_view node_id) const noexcept {
  for (unsigned n = 0; n < nodes.size(); ++n) {
    if (nodes[n].id == node_id) { return n; }
  }
  return std::nullopt;
}

milliseconds HealthRules::silence_allowed(std::int64_t interval_ms) const noexcept {
  const milliseconds longest =
      std::max(kMinInterval, std::min(kMaxInterval, heartbeat_interval * kMaxIntervalFactor));
  return std::clamp(milliseconds(interval_ms), kMinInterval, longest) * missed_heartbeats;
}

std::shared_ptr<const FleetModel> FleetModel::compile(const config::Config& config) {
  CHECK(config.clusters.size() <= config::kMaxClusters);
  const std::shared_ptr<FleetModel> model(new FleetModel);
  model->rules_ = {milliseconds(config.health.heartbeat_interval_ms),
                   config.health.missed_heartbeats,
                   config.health.up_thresh,
                   milliseconds(config.health.max_clock_skew_ms),
                   {config.health.suspect_share, milliseconds(config.health.suspect_window_ms),
                    milliseconds(config.health.suspect_hold_ms)}};
  for (const config::Cluster& cluster : config.clusters) {
    const auto index = static_cast<ClusterIndex>(model->clusters_.size());
    model->clusters_.push_back(compile_cluster(cluster));
    CHECK(model->by_id_.emplace(cluster.id.text, index).second);
  }
  model->add_monitors(config);
  model->add_groups(config);
  return model;
}

void FleetModel::add_groups(const config::Config& config) {
  const auto find = [&](const std::optional<LocatedString>& id) {
    return std::find_if(config.groups.begin(), config.groups.end(),
                        [&](const auto& group) { return id && group.id.text == id->text; });
  };
  for (const config::Group& group : config.groups) {
    groups_.push_back({group.id.text, group.capacity, {}, group.fails_together});
  }
  const auto count = static_cast<ClusterIndex>(clusters_.size());
  for (ClusterIndex cluster = 0; cluster < count; ++cluster) {
    for (auto at = find(config.clusters[cluster].group); at != config.groups.end();
         at = find(at->group)) {
      groups_[static_cast<std::size_t>(at - config.groups.begin())].members.push_back(cluster);
    }
  }
}

ClusterIndex FleetModel::find_cluster(std::string_view id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? kNoCluster : found->second;
}

ClusterIndex FleetModel::find_holder(std::string_view id) const noexcept {
  const auto group = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const GroupModel& each) { return each.id == id; });
  if (group == groups_.end()) { return find_cluster(id); }
  return static_cast<ClusterIndex>(clusters_.size() +
                                   static_cast<std::size_t>(group - groups_.begin()));
}

}  // namespace gslb::fleet
