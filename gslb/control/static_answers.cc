#include "gslb/control/static_answers.h"

#include <algorithm>
#include <limits>

#include "gslb/answer/routed_sets.h"

namespace gslb::control {
namespace {

using transfer::StaticSet;

constexpr std::size_t kMostAddresses = 8;  // of a family: a static answer should fit a datagram
constexpr std::size_t kMostUnits = 512;    // that are looked at, spread over all

bool has_family(const fleet::ClusterModel& cluster, bool ipv6) {
  return std::ranges::any_of(cluster.nodes, [&](const fleet::NodeModel& node) {
    return ipv6 ? node.ipv6.has_value() : node.ipv4.has_value();
  });
}

// The cluster with nodes of that family and the lowest mean cost.  Where bans leave none, the first
// that is open to all; kNoCluster when there is none of these either.
fleet::ClusterIndex cheapest_cluster(const Compiled& compiled, const steer::CostModel& costs,
                                     steer::ServiceIndex service, bool ipv6) {
  const auto& units = compiled.geo->units();
  const std::size_t step = 1 + (units.size() / kMostUnits);
  fleet::ClusterIndex best = fleet::kNoCluster;
  double best_cost = std::numeric_limits<double>::infinity();
  std::size_t best_served = 0;
  for (std::size_t i = 0; i < costs.cluster_count(); ++i) {
    const auto cluster = static_cast<fleet::ClusterIndex>(i);
    if (!has_family(compiled.fleet->cluster(cluster), ipv6)) { continue; }
    double sum = 0;
    std::size_t served = 0;
    for (std::size_t at = 0; at < units.size(); at += step) {
      const steer::Cost cost = costs.cost(service, units[at], cluster);
      if (cost.mask != steer::Mask::kNone) { continue; }
      sum += cost.total_ms;
      ++served;
    }
    if (best == fleet::kNoCluster &&
        answer::is_open_to_all(compiled.services->services[service], compiled.config.clusters[i])) {
      best = cluster;
    }
    // Who may serve more of the world comes first: a cluster for few clients is cheap for those.
    if (served == 0 || served < best_served) { continue; }
    const double mean = sum / static_cast<double>(served);
    if (served > best_served || mean < best_cost) {
      best = cluster;
      best_cost = mean;
      best_served = served;
    }
  }
  return best;
}

StaticSet make_set(const std::vector<Address>& addresses, bool ipv6, std::uint32_t ttl_s) {
  StaticSet set{ipv6 ? dns::RrType::kAaaa : dns::RrType::kA, ttl_s, 0, {}};
  for (const Address& address : addresses) {
    if (address.is_v6() != ipv6 || set.count == kMostAddresses) { continue; }
    const Octets octets = address.octets();
    ++set.count;
    set.rdata.push_back(0);
    set.rdata.push_back(static_cast<std::uint8_t>(octets.size()));
    set.rdata.insert(set.rdata.end(), octets.begin(), octets.end());
  }
  return set;
}

std::vector<StaticSet> sets_of_service(const Compiled& compiled, const steer::CostModel& costs,
                                       std::size_t service) {
  const std::uint32_t ttl_s = compiled.services->services[service].ttl_s;
  std::vector<StaticSet> sets;
  for (const bool ipv6 : {false, true}) {
    StaticSet set = make_set(compiled.config.services[service].transfer_answer, ipv6, ttl_s);
    if (set.count == 0) {
      const auto cluster =
          cheapest_cluster(compiled, costs, static_cast<steer::ServiceIndex>(service), ipv6);
      std::vector<Address> addresses;
      if (cluster != fleet::kNoCluster) {
        for (const fleet::NodeModel& node : compiled.fleet->cluster(cluster).nodes) {
          const auto& address = ipv6 ? node.ipv6 : node.ipv4;
          if (address) { addresses.push_back(*address); }
        }
      }
      set = make_set(addresses, ipv6, ttl_s);
    }
    if (set.count > 0) { sets.push_back(std::move(set)); }
  }
  return sets;
}

}  // namespace

transfer::StaticAnswers static_answers(const Compiled& compiled, const steer::CostModel& costs) {
  std::vector<std::optional<std::vector<StaticSet>>> by_service(compiled.services->services.size());
  transfer::StaticAnswers answers;
  for (const steer::Route& route : compiled.services->routes) {
    auto& sets = by_service[route.service];
    if (!sets) { sets = sets_of_service(compiled, costs, route.service); }
    answers.push_back(*sets);
  }
  return answers;
}

}  // namespace gslb::control
