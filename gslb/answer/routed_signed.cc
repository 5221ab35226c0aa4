// The routed part of an answer in a signed zone: decision → RRset with signatures made beforehand.
#include <algorithm>

#include "gslb/answer/https_record.h"
#include "gslb/answer/resolution.h"

namespace gslb::answer {

using config::FallbackPolicy;
using dns::Rcode;
using dns::RrType;

bool Resolution::put_signed_routed(zone::RouteIndex route, const steer::Choice& choice,
                                   RrType qtype, Rcode* rcode) noexcept {
  const RoutedSets* sets = snapshot_.routed_sets.get();
  if (sets == nullptr) { return put_signed_set(std::nullopt, rcode); }
  const fleet::HealthView health = this->health();
  if (choice.cluster != fleet::kNoCluster) {
    return put_signed_cluster(route, choice.cluster, health.serving_nodes(choice.cluster), qtype,
                              rcode);
  }
  const steer::Service& service =
      snapshot_.services->services[snapshot_.services->routes[route].service];
  FallbackPolicy policy = service.fallback;
  if (policy == FallbackPolicy::kPool) {
    if (const auto pool = sets->pool(route, qtype)) { return put_signed_set(pool, rcode); }
    if (!sets->is_promised(route, qtype)) { return false; }
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
    if ((last & sets->nodes_with(qtype)[choice.planned]) != 0) { nodes = last; }
  }
  return put_signed_cluster(route, choice.planned, nodes, qtype, rcode);
}

bool Resolution::put_signed_cluster(zone::RouteIndex route, fleet::ClusterIndex cluster,
                                    std::uint64_t nodes, RrType qtype, Rcode* rcode) noexcept {
  const RoutedSets& sets = *snapshot_.routed_sets;
  const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
  if (model.cname) { return put_signed_set(sets.cname(route, cluster), rcode); }
  if (sets.nodes_with(qtype)[cluster] == 0 && !sets.is_promised(route, qtype)) { return false; }
  // The first node is that of an unsigned zone; what joins it was chosen when it was signed.
  NodeChoice first = nodes_of(cluster, nodes, qtype, 1);
  if (first.count == 0) {
    if (!sets.is_promised(route, qtype)) { return false; }
    // Its nodes with the type went down since the cluster was chosen.
    nodes = ~std::uint64_t{0};
    first = nodes_of(cluster, nodes, qtype, 1);
  }
  RoutedSets::Wanted wanted{.cluster = cluster, .first = first.nodes[0], .serving = nodes};
  if (qtype == RrType::kHttps && snapshot_.services->services[service_].https->runner_up) {
    wanted.runner_up = runner_up(cluster);
    if (const auto both = sets.find(route, qtype, wanted)) { return put_signed_set(both, rcode); }
    wanted.runner_up = fleet::kNoCluster;  // one too far away to have been signed beside it
  }
  return put_signed_set(sets.find(route, qtype, wanted), rcode);
}

bool Resolution::is_unsteered(const zone::Zone& zone, zone::NodeIndex node,
                              const dns::RrsetView& set) const noexcept {
  if (zone.route(node) == zone::kNoRoute) { return false; }
  const RrType type = set.type == RrType::kRrsig ? dns::covered_type(set) : set.type;
  return dns::is_address(type) || type == RrType::kCname ||
         (type == RrType::kHttps && has_unsteered_https(zone, node));
}

// One that says what the service's would is not the zone's own.
bool Resolution::has_unsteered_https(const zone::Zone& zone, zone::NodeIndex node) const noexcept {
  const auto set = zone.rrset(node, RrType::kHttps);
  const steer::Route& route = snapshot_.services->routes[zone.route(node)];
  const auto& https = snapshot_.services->services[route.service].https;
  if (!set || set->count != 1 || !https) { return false; }
  const Octets rdata = dns::RdataCursor(*set).rdata();
  HttpsRdata wanted;
  wanted.add_record(1, kOwnerTarget, https->parameters);
  const Octets start = wanted.octets().subspan(2);
  if (rdata.size() < start.size() || !std::ranges::equal(rdata.first(start.size()), start)) {
    return false;
  }
  const Octets hints = rdata.subspan(start.size());
  return hints.empty() || (hints.size() > 2 && hints[0] == 0 && (hints[1] == 4 || hints[1] == 6));
}

void Resolution::put_unsteered(const zone::Zone& zone, zone::NodeIndex node, RrType qtype,
                               Rcode* rcode) noexcept {
  auto set = zone.rrset(node, qtype);
  if (!set) { set = zone.rrset(node, RrType::kCname); }
  if (!set || !zone.signatures(node, set->type)) { return; }
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
  // Signed with the longest; a shorter one is as valid, on both alike (RFC 4034 3, 3.1.4).
  dns::RrsetView records = set->set;
  dns::RrsetView signatures = set->signatures;
  records.ttl_s = signatures.ttl_s = std::min(records.ttl_s, ttl_s_);
  answered_ |= writer_.put_signed_rrset(dns::Section::kAnswer, owner(), records,
                                        dnssec_ok_ ? &signatures : nullptr);
  return true;
}

}  // namespace gslb::answer
