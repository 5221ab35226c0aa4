// The routed part of an answer in a signed zone: decision → RRset with signatures made beforehand.
#include <algorithm>

#include "gslb/answer/nodes.h"
#include "gslb/answer/resolution.h"
#include "gslb/base/hash.h"

namespace gslb::answer {

using config::FallbackPolicy;
using dns::Rcode;
using dns::RrType;

bool Resolution::put_signed_routed(zone::RouteIndex route, const steer::Choice& choice, bool ipv6,
                                   Rcode* rcode) noexcept {
  const RoutedSets* sets = snapshot_.routed_sets.get();
  if (sets == nullptr) { return put_signed_set(std::nullopt, rcode); }
  const fleet::HealthBoard& health = *snapshot_.health;
  if (choice.cluster != fleet::kNoCluster) {
    return put_signed_cluster(route, choice.cluster, health.serving_nodes(choice.cluster), ipv6,
                              rcode);
  }
  const steer::Service& service =
      snapshot_.services->services[snapshot_.services->routes[route].service];
  FallbackPolicy policy = service.fallback;
  if (policy == FallbackPolicy::kPool) {
    if (const auto pool = sets->pool(route, ipv6)) { return put_signed_set(pool, rcode); }
    if (!sets->is_promised(route, ipv6)) { return false; }
    policy = FallbackPolicy::kAll;  // NODATA can't be proven
  }
  if (policy == FallbackPolicy::kCname) { return put_signed_set(sets->cname(route), rcode); }
  if (policy == FallbackPolicy::kServfail || choice.planned == fleet::kNoCluster) {
    *rcode = Rcode::kServFail;
    return true;
  }
  std::uint64_t nodes = ~std::uint64_t{0};
  if (policy == FallbackPolicy::kLastGood) {
    const std::uint64_t last = health.last_good_nodes(choice.planned);
    if ((last & sets->nodes_with(ipv6)[choice.planned]) != 0) { nodes = last; }
  }
  return put_signed_cluster(route, choice.planned, nodes, ipv6, rcode);
}

bool Resolution::put_signed_cluster(zone::RouteIndex route, fleet::ClusterIndex cluster,
                                    std::uint64_t nodes, bool ipv6, Rcode* rcode) noexcept {
  // The first node is that of an unsigned zone; what joins it was chosen when it was signed.
  const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
  const std::uint64_t name_hash = hash_octets(owner());
  NodeChoice first = select_nodes(model, nodes, ipv6, name_hash, 1);
  if (first.count == 0) {
    if (!snapshot_.routed_sets->is_promised(route, ipv6)) { return false; }
    // Its nodes with the family went down since the cluster was chosen.
    nodes = ~std::uint64_t{0};
    first = select_nodes(model, nodes, ipv6, name_hash, 1);
  }
  return put_signed_set(snapshot_.routed_sets->find(route, cluster, ipv6, first.nodes[0], nodes),
                        rcode);
}

bool Resolution::is_unsteered(const zone::Zone& zone, zone::NodeIndex node,
                              const dns::RrsetView& set) noexcept {
  if (zone.route(node) == zone::kNoRoute) { return false; }
  const RrType type = set.type == RrType::kRrsig ? dns::covered_type(set) : set.type;
  return type == RrType::kA || type == RrType::kAaaa;
}

void Resolution::put_unsteered(const zone::Zone& zone, zone::NodeIndex node, RrType qtype,
                               Rcode* rcode) noexcept {
  const auto set = zone.rrset(node, qtype);
  if (!set || !zone.signatures(node, qtype)) { return; }
  answered_ |= put_set(dns::Section::kAnswer, owner(), zone, node, *set);
  *rcode = Rcode::kNoError;
  ede_.reset();
}

bool Resolution::put_signed_set(const std::optional<SignedSet>& set, Rcode* rcode) noexcept {
  if (!set || set->signatures.count == 0) {
    *rcode = Rcode::kServFail;
    ede_ = dns::EdeCode::kNotReady;
    return true;
  }
  answered_ |= writer_.put_signed_rrset(dns::Section::kAnswer, owner(), set->set,
                                        dnssec_ok_ ? &set->signatures : nullptr);
  return true;
}

}  // namespace gslb::answer
