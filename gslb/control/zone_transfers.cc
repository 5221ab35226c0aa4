#include "gslb/control/zone_transfers.h"

#include <limits>

#include "gslb/base/log.h"

namespace gslb::control {
namespace {

constexpr std::size_t kMostAddresses = 8;  // of a family: a static answer should fit a datagram

void add_address(transfer::StaticSet& set, const Address& address) {
  const Octets octets = address.octets();
  if (set.count == kMostAddresses) { return; }
  ++set.count;
  set.rdata.push_back(0);
  set.rdata.push_back(static_cast<std::uint8_t>(octets.size()));
  set.rdata.insert(set.rdata.end(), octets.begin(), octets.end());
}

// The cluster with the lowest mean cost; kNoCluster when none may serve anybody.
fleet::ClusterIndex cheapest_cluster(const Compiled& compiled, const steer::CostModel& costs,
                                     steer::ServiceIndex service) {
  fleet::ClusterIndex best = fleet::kNoCluster;
  double best_cost = std::numeric_limits<double>::infinity();
  std::size_t best_units = 0;
  for (std::size_t i = 0; i < costs.cluster_count(); ++i) {
    const auto cluster = static_cast<fleet::ClusterIndex>(i);
    double sum = 0;
    std::size_t units = 0;
    for (const geo::Unit& unit : compiled.geo->units()) {
      const steer::Cost cost = costs.cost(service, unit, cluster);
      if (cost.mask != steer::Mask::kNone) { continue; }
      sum += cost.total_ms;
      ++units;
    }
    // Who may serve more of the world comes first: a cluster for few clients is cheap for those.
    if (units == 0 || units < best_units) { continue; }
    const double mean = sum / static_cast<double>(units);
    if (units > best_units || mean < best_cost) {
      best = cluster;
      best_cost = mean;
      best_units = units;
    }
  }
  return best;
}

std::vector<transfer::StaticSet> sets_of(const std::vector<Address>& addresses,
                                         std::uint32_t ttl_s) {
  transfer::StaticSet ipv4{dns::RrType::kA, ttl_s, 0, {}};
  transfer::StaticSet ipv6{dns::RrType::kAaaa, ttl_s, 0, {}};
  for (const Address& address : addresses) { add_address(address.is_v6() ? ipv6 : ipv4, address); }
  std::vector<transfer::StaticSet> sets;
  for (transfer::StaticSet* set : {&ipv4, &ipv6}) {
    if (set->count > 0) { sets.push_back(std::move(*set)); }
  }
  return sets;
}

}  // namespace

transfer::StaticAnswers static_answers(const Compiled& compiled, const steer::CostModel& costs) {
  std::vector<std::vector<transfer::StaticSet>> by_service;
  const auto& services = compiled.services->services;
  for (std::size_t i = 0; i < services.size(); ++i) {
    std::vector<Address> addresses = compiled.config.services[i].transfer_answer;
    const auto cluster =
        addresses.empty() ? cheapest_cluster(compiled, costs, static_cast<steer::ServiceIndex>(i))
                          : fleet::kNoCluster;
    if (cluster != fleet::kNoCluster) {
      for (const fleet::NodeModel& node : compiled.fleet->cluster(cluster).nodes) {
        if (node.ipv4) { addresses.push_back(*node.ipv4); }
        if (node.ipv6) { addresses.push_back(*node.ipv6); }
      }
    }
    by_service.push_back(sets_of(addresses, services[i].ttl_s));
  }
  transfer::StaticAnswers answers;
  for (const steer::Route& route : compiled.services->routes) {
    answers.push_back(by_service[route.service]);
  }
  return answers;
}

void ZoneTransfers::adopt(const Compiled& compiled, const steer::CostModel& costs,
                          const zone::ZoneSet& zones) {
  Problems problems;  // key names were checked when the configuration was compiled
  outgoing().set_policy(
      std::make_shared<const transfer::OutgoingPolicy>(compiled.config, problems));
  auto statics = static_answers(compiled, costs);
  if (statics_ == nullptr || *statics_ != statics) {
    statics_ = std::make_shared<const transfer::StaticAnswers>(std::move(statics));
  }
  for (const ZonePtr& zone : zones.zones()) { update(zone); }
}

void ZoneTransfers::on_change(const ZoneChange& change) {
  if (change.now == nullptr) {
    outgoing().remove(change.apex, false);
  } else {
    update(change.now);
  }
}

void ZoneTransfers::update(const ZonePtr& zone) {
  if (zone->state() == zone::ZoneState::kServed) {
    outgoing().update({zone, statics_});
  } else {
    outgoing().remove(zone->apex(), true);
  }
}

}  // namespace gslb::control
