// What a decision answers beyond addresses: a CNAME, and HTTPS records.
#include <algorithm>

#include "gslb/answer/nodes.h"
#include "gslb/answer/resolution.h"
#include "gslb/base/hash.h"

namespace gslb::answer {

using dns::RrType;
using dns::Section;

namespace {

constexpr std::uint16_t kIpv4Hint = 4;
constexpr std::uint16_t kIpv6Hint = 6;
// Length, priority, target, alpn and port, two hints.
constexpr std::size_t kMaxHttpsOctets =
    4 + dns::kMaxNameOctets + (4 + 255) + 6 + (4 + kMaxAnswers * 4) + (4 + kMaxAnswers * 16);

// RDATA in the making, as RrsetView has it.
class HttpsRdata {
 public:
  void add_record(std::uint16_t priority, Octets target, Octets parameters) noexcept {
    record_ = used_;
    used_ += 2;  // the length is known in the end
    put_u16(priority);
    put(target);
    put(parameters);
    close();
  }
  // REQUIRES: ascending keys (RFC 9460 2.2).
  void add_hint(std::uint16_t key, const fleet::ClusterModel& cluster,
                const NodeChoice& chosen) noexcept {
    if (chosen.count == 0) { return; }
    const std::size_t size = key == kIpv6Hint ? 16 : 4;
    put_u16(key);
    put_u16(static_cast<std::uint16_t>(chosen.count * size));
    for (std::size_t i = 0; i < chosen.count; ++i) {
      const fleet::NodeModel& node = cluster.nodes[chosen.nodes[i]];
      put((key == kIpv6Hint ? node.ipv6 : node.ipv4)->octets());
    }
    close();
  }
  Octets octets() const noexcept { return {octets_.data(), used_}; }

 private:
  void put(Octets from) noexcept {
    std::copy(from.begin(), from.end(), octets_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += from.size();
  }
  void put_u16(std::uint16_t value) noexcept {
    store_u16(octets_.data() + used_, value);
    used_ += 2;
  }
  void close() noexcept {
    store_u16(octets_.data() + record_, static_cast<std::uint16_t>(used_ - record_ - 2));
  }

  std::array<std::uint8_t, 2 * kMaxHttpsOctets> octets_;  // NOLINT: valid below used_
  std::size_t used_ = 0;
  std::size_t record_ = 0;  // where the last one begins
};

}  // namespace

bool Resolution::is_routed_type(const zone::Zone& zone, zone::NodeIndex node,
                                RrType qtype) const noexcept {
  if (qtype == RrType::kA || qtype == RrType::kAaaa) { return true; }
  // What is not signed beforehand can't be answered from a signed zone, whose NSEC denies it.
  if (zone.is_signed() || qtype == RrType::kAny || qtype == RrType::kDs) { return false; }
  const steer::Route& route = snapshot_.services->routes[zone.route(node)];
  const steer::Service& service = snapshot_.services->services[route.service];
  if (service.may_alias) { return true; }  // a CNAME answers every type
  return qtype == RrType::kHttps && service.https && !zone.rrset(node, qtype);
}

// Answered alone, never chased: it is somebody else's name.
bool Resolution::put_alias(const dns::Name& target, std::uint32_t ttl_s) noexcept {
  const Octets wire = target.wire();
  std::array<std::uint8_t, 2 + dns::kMaxNameOctets> rdata{};
  store_u16(rdata.data(), static_cast<std::uint16_t>(wire.size()));
  std::copy(wire.begin(), wire.end(), rdata.begin() + 2);
  writer_.put_rrset(Section::kAnswer, owner(),
                    {.type = RrType::kCname,
                     .ttl_s = ttl_s,
                     .count = 1,
                     .rdata = {rdata.data(), 2 + wire.size()}});
  answered_ = true;
  return true;
}

fleet::ClusterIndex Resolution::runner_up(fleet::ClusterIndex chosen) const noexcept {
  for (const fleet::ClusterIndex cluster : snapshot_.map->choices(service_, unit_)) {
    const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
    if (cluster != chosen && model.host && !model.cname &&
        snapshot_.health->serving_nodes(cluster) != 0) {
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
    for (const bool ipv6 : {false, true}) {
      rdata.add_hint(ipv6 ? kIpv6Hint : kIpv4Hint, model,
                     select_nodes(model, serving, ipv6, hash_octets(owner()), service.answers));
    }
  };
  static constexpr std::array<std::uint8_t, 1> kOwner = {0};  // "." is the owner itself
  add(1, kOwner, cluster, nodes);
  const fleet::ClusterIndex next = https.runner_up ? runner_up(cluster) : fleet::kNoCluster;
  if (next != fleet::kNoCluster) {
    add(2, snapshot_.fleet->cluster(next).host->wire(), next,
        snapshot_.health->serving_nodes(next));
  }
  answered_ |=
      writer_.put_rrset(Section::kAnswer, owner(),
                        {.type = RrType::kHttps,
                         .ttl_s = service.ttl_s,
                         .count = static_cast<std::uint16_t>(next == fleet::kNoCluster ? 1 : 2),
                         .rdata = rdata.octets()});
  return true;
}

}  // namespace gslb::answer
