// The routed part of an answer: decision → addresses.
#include <algorithm>

#include "gslb/answer/nodes.h"
#include "gslb/answer/resolution.h"

namespace gslb::answer {

using dns::Rcode;
using dns::RrsetView;
using dns::RrType;
using dns::Section;
using steer::Reason;

namespace {

// Appends one address record to an RrsetView's RDATA block; returns the block's new size.
std::size_t append_address(std::span<std::uint8_t> block, std::size_t used,
                           const Address& address) noexcept {
  const Octets octets = address.octets();
  store_u16(block.data() + used, static_cast<std::uint16_t>(octets.size()));
  std::copy(octets.begin(), octets.end(), block.begin() + static_cast<std::ptrdiff_t>(used + 2));
  return used + 2 + octets.size();
}

}  // namespace

std::uint64_t Resolution::split_hash(steer::Split split) const noexcept {
  switch (split) {
    case steer::Split::kClient:
      return leaf_hash_;
    case steer::Split::kName:
      return name_hash();
    case steer::Split::kBoth:
      break;
  }
  return name_and_leaf_hash();
}

steer::Choice Resolution::choose(const zone::Zone& zone, zone::RouteIndex route,
                                 RrType qtype) const noexcept {
  const steer::ServiceIndex service = snapshot_.services->routes[route].service;
  const auto split = static_cast<std::uint8_t>(split_hash(snapshot_.map->mode(service).split));
  const RoutedSets* sets = zone.is_signed() ? snapshot_.routed_sets.get() : nullptr;
  const fleet::HealthView health = this->health();
  const steer::Choice plain = snapshot_.map->choose(service, row_, split, health);
  if (sets == nullptr || !sets->is_promised(route, qtype) || plain.planned == fleet::kNoCluster) {
    return plain;
  }
  const auto nodes = sets->nodes_with(qtype);
  const auto is_alias = [&](fleet::ClusterIndex cluster) {
    return snapshot_.fleet->cluster(cluster).cname.has_value();
  };
  const auto can_serve = [&](fleet::ClusterIndex cluster) {
    return (health.serving_nodes(cluster) &
            (is_alias(cluster) ? ~std::uint64_t{0} : nodes[cluster])) != 0;
  };
  if (plain.cluster == fleet::kNoCluster ? is_alias(plain.planned) : can_serve(plain.cluster)) {
    return plain;
  }
  // The bitmap says that there is such a set, so NODATA would be bogus: the next cluster that has
  // one.
  steer::Choice choice = snapshot_.map->choose(service, row_, split, health, nodes);
  if (choice.planned != fleet::kNoCluster) { return choice; }
  // None in the row: any of the service rather than SERVFAIL, which some stubs take for A too.
  const auto reserve = sets->reserve(route, qtype);
  for (const fleet::ClusterIndex cluster : reserve) {
    if (can_serve(cluster)) { return {cluster, Reason::kFailover, cluster, 0}; }
  }
  if (!reserve.empty()) { choice.planned = reserve.front(); }
  return choice;
}

bool Resolution::put_routed(const zone::Zone& zone, zone::RouteIndex route, RrType qtype,
                            Rcode* rcode) noexcept {
  const steer::ServiceIndex service_index = snapshot_.services->routes[route].service;
  const steer::Service& service = snapshot_.services->services[service_index];
  const Location location = locate(*snapshot_.geo, scratch_.query.edns, request_.client);
  ecs_ = location.ecs;
  scope_bits_ = location.scope_bits;
  routed_ = true;
  service_ = service_index;
  row_ = row_of(*snapshot_.map, location, request_.client);
  scratch_.route = route;
  snapshot_.demand->count(scratch_.worker, service_index, row_);

  // Without a binding HTTPS is like any other type.
  if (qtype == RrType::kHttps && !service.https) { qtype = RrType::kAny; }
  leaf_hash_ = location.leaf_hash;
  const steer::Choice choice = choose(zone, route, qtype);
  const bool is_fixed = service.ttl_steps_s.front() == service.ttl_steps_s.back();
  ttl_s_ = steer::answer_ttl_s(service.ttl_steps_s, choice.ttl_step,
                               is_fixed ? 0 : name_and_leaf_hash());
  snapshot_.decisions->count(scratch_.worker, service_index, choice.cluster, choice.reason);
  if (zone.is_signed()) { return put_signed_routed(route, choice, qtype, rcode); }
  if (choice.cluster == fleet::kNoCluster) { return put_fallback(service, choice, qtype, rcode); }
  return put_cluster(service, choice.cluster, health().serving_nodes(choice.cluster), qtype);
}

bool Resolution::put_fallback(const steer::Service& service, const steer::Choice& choice,
                              RrType qtype, Rcode* rcode) noexcept {
  switch (service.fallback) {
    case config::FallbackPolicy::kAll:
      if (choice.planned == fleet::kNoCluster) { break; }
      return put_cluster(service, choice.planned, ~std::uint64_t{0}, qtype);
    case config::FallbackPolicy::kLastGood: {
      if (choice.planned == fleet::kNoCluster) { break; }
      const std::uint64_t last = health().last_good_nodes(choice.planned);
      return put_cluster(service, choice.planned, last != 0 ? last : ~std::uint64_t{0}, qtype);
    }
    case config::FallbackPolicy::kPool:
      return put_pool(service, qtype);
    case config::FallbackPolicy::kCname:
      return put_alias(*service.fallback_cname);
    case config::FallbackPolicy::kServfail:
      break;
  }
  *rcode = Rcode::kServFail;
  return true;
}

bool Resolution::put_cluster(const steer::Service& service, fleet::ClusterIndex cluster,
                             std::uint64_t nodes, RrType qtype) noexcept {
  const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
  if (model.cname) { return put_alias(*model.cname); }
  if (qtype == RrType::kHttps && service.https) { return put_https(service, cluster, nodes); }
  if (!dns::is_address(qtype)) { return false; }
  const bool ipv6 = qtype == RrType::kAaaa;
  const NodeChoice choice = nodes_of(cluster, nodes, qtype, service.answers);
  if (choice.count == 0) { return false; }
  std::size_t used = 0;
  for (std::size_t i = 0; i < choice.count; ++i) {
    const fleet::NodeModel& node = model.nodes[choice.nodes[i]];
    used = append_address(scratch_.rdata, used, ipv6 ? *node.ipv6 : *node.ipv4);
  }
  const RrsetView set{.type = qtype,
                      .ttl_s = ttl_s_,
                      .count = static_cast<std::uint16_t>(choice.count),
                      .rdata = {scratch_.rdata.data(), used}};
  answered_ |= writer_.put_rrset(Section::kAnswer, owner(), set);
  return true;
}

NodeChoice Resolution::nodes_of(fleet::ClusterIndex cluster, std::uint64_t nodes, RrType type,
                                std::size_t wanted) const noexcept {
  const fleet::ClusterModel& model = snapshot_.fleet->cluster(cluster);
  const bool is_choice = model.nodes.size() > 1;  // else nobody asks for the hash
  const NodeRequest request{.serving = nodes,
                            .type = type,
                            .name_hash = is_choice ? name_hash() : 0,
                            .leaf_hash = leaf_hash_,
                            .wanted = wanted};
  return select_nodes(model, request, snapshot_.health->yields(cluster));
}

bool Resolution::put_pool(const steer::Service& service, RrType qtype) noexcept {
  if (!dns::is_address(qtype)) { return false; }
  std::size_t used = 0;
  std::uint16_t count = 0;
  for (const Address& address : service.fallback_pool) {
    if (address.is_v6() != (qtype == RrType::kAaaa) || count == kMaxAnswers) { continue; }
    used = append_address(scratch_.rdata, used, address);
    ++count;
  }
  if (count == 0) { return false; }
  answered_ |= writer_.put_rrset(
      Section::kAnswer, owner(),
      {.type = qtype, .ttl_s = ttl_s_, .count = count, .rdata = {scratch_.rdata.data(), used}});
  return true;
}

}  // namespace gslb::answer
