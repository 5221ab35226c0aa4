#include "gslb/control/static_answers.h"

#include <algorithm>
#include <limits>

#include "gslb/answer/https_record.h"
#include "gslb/answer/routed_sets.h"

namespace gslb::control {
namespace {

using transfer::StaticSet;

constexpr std::size_t kMostAddresses = 8;  // of a family: a static answer should fit a datagram
constexpr std::size_t kMostUnits = 512;    // that are looked at, spread over all

// Whether the cluster can stand for a set of that type.
bool has_data(const fleet::ClusterModel& cluster, dns::RrType type) {
  if (type == dns::RrType::kCname) { return cluster.cname.has_value(); }
  return std::ranges::any_of(cluster.nodes, [type](const fleet::NodeModel& node) {
    return answer::has_address_for(node, type);
  });
}

// The cluster with data of that type and the lowest mean cost.  Where bans leave none, the first
// that is open to all; kNoCluster when there is none of these either.
fleet::ClusterIndex cheapest_cluster(const Compiled& compiled, const steer::CostModel& costs,
                                     steer::ServiceIndex service, dns::RrType type) {
  const auto& units = compiled.geo->units();
  const std::size_t step = 1 + (units.size() / kMostUnits);
  fleet::ClusterIndex best = fleet::kNoCluster;
  double best_cost = std::numeric_limits<double>::infinity();
  std::size_t best_served = 0;
  for (std::size_t i = 0; i < costs.cluster_count(); ++i) {
    const auto cluster = static_cast<fleet::ClusterIndex>(i);
    if (!has_data(compiled.fleet->cluster(cluster), type)) { continue; }
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

// What clients of the service are to connect to, of one family.
std::vector<Address> addresses_of(const Compiled& compiled, const steer::CostModel& costs,
                                  std::size_t service, dns::RrType type) {
  std::vector<Address> addresses;
  for (const Address& address : compiled.config.services[service].transfer_answer) {
    if (address.is_v6() == (type == dns::RrType::kAaaa)) { addresses.push_back(address); }
  }
  if (addresses.empty()) {
    const auto cluster =
        cheapest_cluster(compiled, costs, static_cast<steer::ServiceIndex>(service), type);
    if (cluster == fleet::kNoCluster) { return {}; }
    for (const fleet::NodeModel& node : compiled.fleet->cluster(cluster).nodes) {
      const auto& address = type == dns::RrType::kAaaa ? node.ipv6 : node.ipv4;
      if (address) { addresses.push_back(*address); }
    }
  }
  addresses.resize(std::min(addresses.size(), kMostAddresses));
  return addresses;
}

void add_record(StaticSet& set, Octets rdata) {
  ++set.count;
  dns::append_record(set.rdata, rdata);
}

std::vector<StaticSet> sets_of_service(const Compiled& compiled, const steer::CostModel& costs,
                                       std::size_t index) {
  const steer::Service& service = compiled.services->services[index];
  std::vector<StaticSet> sets;
  std::vector<Address> all;
  for (const dns::RrType type : {dns::RrType::kA, dns::RrType::kAaaa}) {
    StaticSet set{type, service.ttl_s, 0, {}};
    const std::vector<Address> addresses = addresses_of(compiled, costs, index, type);
    for (const Address& address : addresses) { add_record(set, address.octets()); }
    if (set.count > 0) { sets.push_back(std::move(set)); }
    all.insert(all.end(), addresses.begin(), addresses.end());
  }
  if (!sets.empty() && service.https) {
    // A signed zone's bitmap has it.
    answer::HttpsRdata rdata;
    rdata.add_record(1, answer::kOwnerTarget, service.https->parameters);
    if (service.https->hints) { rdata.add_hints(all); }
    const Octets octets = rdata.octets();
    sets.push_back({dns::RrType::kHttps, service.ttl_s, 1, {octets.begin(), octets.end()}});
  }
  if (!sets.empty()) { return sets; }
  const auto alias = cheapest_cluster(compiled, costs, static_cast<steer::ServiceIndex>(index),
                                      dns::RrType::kCname);
  if (alias != fleet::kNoCluster) {
    StaticSet& set = sets.emplace_back(StaticSet{dns::RrType::kCname, service.ttl_s, 0, {}});
    add_record(set, compiled.fleet->cluster(alias).cname->wire());
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
