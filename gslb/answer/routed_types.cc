// What a decision answers beyond addresses: a CNAME, and HTTPS records.
#include <algorithm>

#include "gslb/answer/https_record.h"
#include "gslb/answer/resolution.h"

namespace gslb::answer {

using dns::RrType;
using dns::Section;

bool Resolution::is_routed_type(const zone::Zone& zone, zone::NodeIndex node,
                                RrType qtype) const noexcept {
  if (dns::is_address(qtype)) { return true; }
  if (qtype == RrType::kAny) { return false; }
  if (qtype == RrType::kDs) {  // asked for on the way to names below
    return zone.is_signed() && snapshot_.routed_sets != nullptr &&
           snapshot_.routed_sets->is_promised(zone.route(node), qtype);
  }
  // What signing puts at an owner stands there whatever the decision.
  if (zone.is_signed() && (qtype == RrType::kNsec || qtype == RrType::kRrsig)) { return false; }
  const steer::Route& route = snapshot_.services->routes[zone.route(node)];
  const steer::Service& service = snapshot_.services->services[route.service];
  if (service.may_alias) { return true; }  // a CNAME answers every type
  return qtype == RrType::kHttps && service.https &&
         (!zone.rrset(node, qtype) || has_unsteered_https(zone, node));
}

// Answered alone, never chased: it is somebody else's name.
bool Resolution::put_alias(const dns::Name& target) noexcept {
  const Octets wire = target.wire();
  std::array<std::uint8_t, 2 + dns::kMaxNameOctets> rdata{};
  store_u16(rdata.data(), static_cast<std::uint16_t>(wire.size()));
  std::copy(wire.begin(), wire.end(), rdata.begin() + 2);
  writer_.put_rrset(Section::kAnswer, owner(),
                    {.type = RrType::kCname,
                     .ttl_s = ttl_s_,
                     .count = 1,
                     .rdata = {rdata.data(), 2 + wire.size()}});
  answered_ = true;
  return true;
}

fleet::ClusterIndex Resolution::runner_up(fleet::ClusterIndex chosen) const noexcept {
  for (const fleet::ClusterIndex cluster : snapshot_.map->choices(service_, row_)) {
    const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
    if (cluster != chosen && model.host && !model.cname &&
        health().serving_nodes(cluster) != 0) {
      return cluster;
    }
  }
  return fleet::kNoCluster;
}

bool Resolution::put_https(const steer::Service& service, fleet::ClusterIndex cluster,
                           std::uint64_t nodes) noexcept {
  const steer::HttpsRecord& https = *service.https;
  HttpsRdata rdata;
  // The nodes are those of A and AAAA: clients may use hints instead of asking (RFC 9460 7.3).
  const auto add = [&](std::uint16_t priority, Octets target, fleet::ClusterIndex of,
                       std::uint64_t serving) {
    rdata.add_record(priority, target, https.parameters);
    if (!https.hints) { return; }
    const fleet::ClusterModel& model = snapshot_.fleet->cluster(of);
    std::array<Address, 2 * kMaxAnswers> hints;
    std::size_t count = 0;
    for (const RrType family : {RrType::kA, RrType::kAaaa}) {
      const NodeChoice chosen = nodes_of(of, serving, family, service.answers);
      for (std::size_t i = 0; i < chosen.count; ++i) {
        const fleet::NodeModel& node = model.nodes[chosen.nodes[i]];
        hints[count++] = family == RrType::kAaaa ? *node.ipv6 : *node.ipv4;
      }
    }
    rdata.add_hints(std::span(hints).first(count));
  };
  add(1, kOwnerTarget, cluster, nodes);
  const fleet::ClusterIndex next = https.runner_up ? runner_up(cluster) : fleet::kNoCluster;
  if (next != fleet::kNoCluster) {
    add(2, snapshot_.fleet->cluster(next).host->wire(), next, health().serving_nodes(next));
  }
  answered_ |=
      writer_.put_rrset(Section::kAnswer, owner(),
                        {.type = RrType::kHttps,
                         .ttl_s = ttl_s_,
                         .count = static_cast<std::uint16_t>(next == fleet::kNoCluster ? 1 : 2),
                         .rdata = rdata.octets()});
  return true;
}

}  // namespace gslb::answer
