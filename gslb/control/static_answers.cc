#include "gslb/control/static_answers.h"

#include <algorithm>
#include <limits>

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

// The cluster with nodes of that family and the lowest mean cost; kNoCluster when none may serve
// anybody.
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

dns::RrsetView view_of(const StaticSet& set) { return {set.type, set.ttl_s, set.count, set.rdata}; }

// The signatures over `set` among `sets` of an earlier version.
const StaticSet* find_signatures(const std::vector<StaticSet>& sets, const StaticSet& set) {
  for (std::size_t i = 0; i + 1 < sets.size(); ++i) {
    if (sets[i] == set && sets[i + 1].type == dns::RrType::kRrsig) { return &sets[i + 1]; }
  }
  return nullptr;
}

std::uint16_t count_records(Octets rdata) {
  std::uint16_t count = 0;
  for (dns::RdataCursor cursor({.rdata = rdata}); !cursor.done(); cursor.next()) { ++count; }
  return count;
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

std::shared_ptr<const transfer::StaticAnswers> sign_static_answers(
    const zone::Zone& zone, const steer::ServiceTable& services,
    const transfer::StaticAnswers& plain, const answer::RoutedSigning& signing,
    const transfer::StaticAnswers* previous) {
  transfer::StaticAnswers answers(plain.size());
  for (std::size_t route = 0; route < plain.size(); ++route) {
    const dns::Name owner = services.routes[route].owner.lower();
    const zone::NodeIndex node =
        owner.is_at_or_below(zone.apex()) ? zone.find_node(owner.wire()) : zone::kNoNode;
    if (node == zone::kNoNode || zone.route(node) != route) { continue; }
    for (const StaticSet& set : plain[route]) {
      const answer::SignRequest request{zone, owner.wire(), view_of(set)};
      StaticSet signatures{dns::RrType::kRrsig, set.ttl_s, 0, {}};
      const StaticSet* const before = previous != nullptr && route < previous->size()
                                          ? find_signatures((*previous)[route], set)
                                          : nullptr;
      if (before != nullptr && signing.is_fresh(request, view_of(*before))) {
        signatures = *before;
      } else {
        signatures.rdata = signing.sign(request);
        signatures.count = count_records(signatures.rdata);
      }
      if (signatures.count == 0) { continue; }
      answers[route].push_back(set);
      answers[route].push_back(std::move(signatures));
    }
  }
  return std::make_shared<const transfer::StaticAnswers>(std::move(answers));
}

}  // namespace gslb::control
