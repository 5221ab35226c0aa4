#include "gslb/answer/explain.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "gslb/answer/locate.h"
#include "gslb/steer/row_cost.h"

namespace gslb::answer {
namespace {

constexpr std::size_t kMaxMessage = 4096;

// RFC 7871 11.1: no more than /24 and /56.
int subnet_bits(const Address& client) { return client.is_v6() ? 56 : 24; }

// A query as a resolver would send it: RD clear, EDNS, the client's subnet when asked for.
std::vector<std::uint8_t> make_query(const ExplainRequest& request) {
  std::vector<std::uint8_t> message(dns::kHeaderOctets, 0);
  message[5] = 1;  // QDCOUNT
  const auto append_u16 = [&message](unsigned value) {
    message.push_back(static_cast<std::uint8_t>(value >> 8));
    message.push_back(static_cast<std::uint8_t>(value));
  };
  const Octets name = request.name.wire();
  message.insert(message.end(), name.begin(), name.end());
  append_u16(static_cast<unsigned>(request.type));
  append_u16(static_cast<unsigned>(dns::RrClass::kIn));
  if (!request.as_subnet) { return message; }
  const int bits = subnet_bits(request.client);
  const Address subnet = request.client.masked(bits);
  const auto octets = static_cast<std::size_t>(bits / 8);
  message[11] = 1;  // ARCOUNT
  message.push_back(0);
  append_u16(static_cast<unsigned>(dns::RrType::kOpt));
  append_u16(1232);
  append_u16(0);
  append_u16(0);
  append_u16(static_cast<unsigned>(8 + octets));
  append_u16(8);  // ECS
  append_u16(static_cast<unsigned>(4 + octets));
  append_u16(request.client.is_v6() ? 2 : 1);
  message.push_back(static_cast<std::uint8_t>(bits));
  message.push_back(0);
  message.insert(message.end(), subnet.octets().begin(), subnet.octets().begin() + bits / 8);
  return message;
}

// Addresses and TTL of the response's last RRset of `type`; the rest of the message is skipped.
void read_addresses(Octets response, dns::RrType type, Explanation& out) {
  ByteReader reader(response);
  reader.take(6);
  const unsigned answers = reader.u16();
  reader.take(4);
  const auto skip_name = [&reader] {
    for (std::uint8_t length = reader.u8(); length != 0 && !reader.failed(); length = reader.u8()) {
      if (length >= 0xc0) {
        reader.u8();
        return;
      }
      reader.take(length);
    }
  };
  skip_name();
  reader.take(4);
  for (unsigned i = 0; i < answers && !reader.failed(); ++i) {
    skip_name();
    const auto found = static_cast<dns::RrType>(reader.u16());
    reader.u16();
    const std::uint32_t ttl_s = reader.u32();
    const Octets rdata = reader.take(reader.u16());
    if (found != type || (rdata.size() != 4 && rdata.size() != 16)) { continue; }
    out.addresses.push_back(Address::from_octets(rdata).to_string());
    out.ttl_s = ttl_s;
  }
}

// `*name` below a DNAME → what the DNAME makes of it; false when that is too long.
bool rewrite(const zone::Zone& zone, const zone::Found& found, dns::QuestionName* name) {
  const auto dname = zone.rrset(found.node, dns::RrType::kDname);
  if (!dname) { return false; }
  const Octets prefix = name->wire().first(name->label_offset(found.labels_below));
  const Octets target = dns::RdataCursor(*dname).rdata();
  if (prefix.size() + target.size() > dns::kMaxNameOctets) { return false; }
  std::vector<std::uint8_t> made(prefix.begin(), prefix.end());
  made.insert(made.end(), target.begin(), target.end());
  name->assign(made);
  return true;
}

std::string verdict_of(const ExplainedCluster& cluster, const std::string& reason) {
  if (cluster.cost.mask != steer::Mask::kNone) {
    return "masked: " + std::string(to_string(cluster.cost.mask));
  }
  if (cluster.chosen) { return "chosen: " + reason; }
  if (cluster.fails) { return "fails the service's monitors"; }
  if (!cluster.serving) { return "not serving"; }
  if (cluster.share > 0) { return "planned for other names of this unit"; }
  if (!cluster.full.empty() && cluster.full != cluster.id) {
    return "dearer, and '" + cluster.full + "' is full";
  }
  if (cluster.price_ms > 0) { return "dearer, and full"; }
  return "dearer";
}

// The match of the override whose preferences apply.
std::string override_rule(const steer::CostModel& costs, const geo::Unit& unit) {
  const std::int32_t index = costs.override_of(unit);
  if (index < 0) { return {}; }
  const config::Override& rule = costs.config().overrides[static_cast<std::size_t>(index)];
  if (rule.prefix) { return "prefix " + rule.prefix->to_string(); }
  if (rule.asn) { return "asn " + std::to_string(*rule.asn); }
  return "country " + rule.country;
}

bool is_placed_by_override(const steer::CostModel& costs, const geo::Unit& unit) {
  return unit.override_index >= 0 &&
         costs.config().overrides[static_cast<std::size_t>(unit.override_index)].latitude;
}

// Whose own price is the largest part of a cluster's: its or a group's.
std::string full_holder(const Snapshot& snapshot, const steer::GroupTree& groups,
                        const std::vector<double>& price_ms, fleet::ClusterIndex cluster) {
  double most_ms = 0;
  std::string most;
  for (steer::HolderIndex at = cluster; at < price_ms.size();) {
    const steer::HolderIndex above = groups.above(at);
    const double own_ms = price_ms[at] - (above == steer::kNoHolder ? 0 : price_ms.at(above));
    if (own_ms > most_ms) {
      most_ms = own_ms;
      most = snapshot.fleet->holder_id(at);
    }
    at = above;
  }
  return most;
}

// What a row of the answer map is for.
struct RowKey {
  steer::ServiceIndex service;
  geo::UnitIndex unit;
  geo::UnitIndex row;  // the unit, or behind the units a resolver's
};

// As the planner has them.
steer::MixedCosts costs_of(const Snapshot& snapshot, const steer::CostModel& costs,
                           const RowKey& key) {
  const std::uint8_t variant = snapshot.map->mode(key.service).variant;
  const steer::CostView view{costs, snapshot.geo->units(), snapshot.estimates.get()};
  if (const measure::Mixture* const mixture = snapshot.map->mixture(key.row)) {
    return mixed_costs(view, key.service, *mixture, variant);
  }
  steer::MixedCosts own{.leader = key.unit, .by_cluster = {}};
  for (std::size_t i = 0; i < costs.cluster_count(); ++i) {
    own.by_cluster.push_back(
        unit_cost(view, key.service, key.unit, static_cast<fleet::ClusterIndex>(i), variant));
  }
  return own;
}

void explain_clusters(const Snapshot& snapshot, const steer::CostModel& costs,
                      const std::vector<double>& price_ms, const RowKey& key, Explanation& out) {
  const steer::Row row = snapshot.map->row(key.service, key.row);
  const steer::MixedCosts known = costs_of(snapshot, costs, key);
  const auto cluster_count = static_cast<fleet::ClusterIndex>(snapshot.fleet->clusters().size());
  const std::vector<std::string>& tiers = snapshot.services->services[key.service].tiers;
  const steer::GroupTree groups = steer::group_tree(costs.config());
  const fleet::HealthView health = snapshot.health->view(snapshot.fleet->view_of(key.service));
  for (fleet::ClusterIndex i = 0; i < cluster_count; ++i) {
    ExplainedCluster each;
    each.id = snapshot.fleet->cluster(i).id;
    each.cost = known.by_cluster[i];
    each.price_ms = i < price_ms.size() ? price_ms[i] : 0;
    each.full = full_holder(snapshot, groups, price_ms, i);
    each.serving = health.serving_nodes(i) != 0;
    each.fails = !each.serving && snapshot.health->serving_nodes(i) != 0;
    const auto at = std::find(row.choices.begin(), row.choices.end(), i);
    if (at != row.choices.end()) { each.rank = static_cast<int>(at - row.choices.begin()); }
    for (std::size_t rank = 0; rank <= row.thresholds.size(); ++rank) {
      if (rank < row.choices.size() && row.choices[rank] == i) { each.share += row.share(rank); }
    }
    each.chosen = each.id == out.cluster;
    const std::vector<std::string>& has = costs.config().clusters[i].tiers;
    const auto tier = std::find_first_of(tiers.begin(), tiers.end(), has.begin(), has.end());
    if (tier != tiers.end()) { each.tier = *tier; }
    each.verdict = verdict_of(each, out.reason);
    out.clusters.push_back(std::move(each));
  }
  // As workers do: the first of the row that serves.
  for (const fleet::ClusterIndex choice : row.choices) {
    const std::string& id = snapshot.fleet->cluster(choice).id;
    if (id == out.cluster || health.serving_nodes(choice) == 0) { continue; }
    out.if_lost = id;
    break;
  }
  out.override_rule = override_rule(costs, snapshot.geo->units()[known.leader]);
  std::stable_sort(out.clusters.begin(), out.clusters.end(),
                   [](const ExplainedCluster& a, const ExplainedCluster& b) {
                     const bool a_masked = a.cost.mask != steer::Mask::kNone;
                     const bool b_masked = b.cost.mask != steer::Mask::kNone;
                     if (a_masked != b_masked) { return b_masked; }
                     return a.cost.total_ms + a.price_ms < b.cost.total_ms + b.price_ms;
                   });
}

steer::ServiceIndex service_of(const Snapshot& snapshot, const Explanation& out) {
  const auto& services = snapshot.services->services;
  const auto found = std::ranges::find(services, out.service, &steer::Service::id);
  return static_cast<steer::ServiceIndex>(found - services.begin());
}

void explain_nodes(const Snapshot& snapshot, const fleet::ClusterStatus& cluster,
                   Explanation& out) {
  const fleet::ClusterIndex index = snapshot.fleet->find_cluster(cluster.id);
  const std::size_t view = snapshot.fleet->view_of(service_of(snapshot, out));
  const std::uint64_t serving = snapshot.health->serving_nodes(index, view);
  const fleet::ClusterModel& model = snapshot.fleet->cluster(index);
  for (const fleet::NodeStatus& node : cluster.nodes) {
    const auto position = model.find_node(node.id);
    if (!position) { continue; }
    ExplainedNode& each = out.nodes.emplace_back();
    each.id = node.id;
    each.serving = ((serving >> *position) & 1) != 0;
    each.fails = node.serving && !each.serving;
    each.yield = node.yield;
    each.load_ratio = node.load_ratio;
    for (const auto& address : {model.nodes[*position].ipv4, model.nodes[*position].ipv6}) {
      each.named |= address && std::ranges::count(out.addresses, address->to_string()) > 0;
    }
  }
}

std::vector<Explanation::Client> clients_of(const Snapshot& snapshot,
                                            const measure::Mixture& mixture) {
  std::vector<Explanation::Client> clients;
  for (const measure::MixtureShare& client : mixture.clients) {
    const geo::Unit& unit = snapshot.geo->units()[client.unit];
    clients.push_back({unit.id, unit.asn, geo::country_text(unit), client.share});
  }
  return clients;
}

void explain_mixture(const Snapshot& snapshot, geo::UnitIndex row, Explanation& out) {
  const measure::Mixture* const mixture = snapshot.map->mixture(row);
  if (mixture == nullptr) { return; }
  out.resolver_network = mixture->resolver.to_string();
  out.mixture_weight = mixture->weight;
  out.mixture = clients_of(snapshot, *mixture);
}

void explain_location(const Snapshot& snapshot, const steer::CostModel& costs,
                      const ExplainRequest& request, const Location& location, Explanation& out) {
  const bool by_subnet = location.ecs == EcsUse::kUsed;
  Address decisive = by_subnet || !request.as_subnet ? request.client : request.resolver;
  if (by_subnet) { decisive = decisive.masked(subnet_bits(decisive)); }  // what the query said
  out.decided_by = by_subnet ? "client subnet" : "resolver address";
  const geo::Leaf leaf = snapshot.geo->find(decisive);
  out.leaf = Prefix(decisive, leaf.bits).to_string();
  const geo::Unit& unit = snapshot.geo->units()[location.unit];
  out.unit_id = unit.id;
  out.asn = unit.asn;
  out.asn_name = snapshot.geo->operator_name(unit.asn);
  out.country = geo::country_text(unit);
  if (unit.has_place) { out.place = unit.place; }
  out.place_from = is_placed_by_override(costs, unit) ? "override"
                   : unit.has_place                   ? "geo"
                                                      : "unknown";
  out.place_sigma_km = unit.place_sigma_km;
  out.place_contradicted = snapshot.estimates && snapshot.estimates->is_contradicted(location.unit);
}

}  // namespace

std::vector<KnownResolver> known_resolvers(const Snapshot& snapshot) {
  const auto& units = snapshot.geo->units();
  std::vector<KnownResolver> known;
  for (std::size_t row = units.size(); row < snapshot.demand->units(); ++row) {
    const measure::Mixture* const mixture = snapshot.map->mixture(static_cast<geo::UnitIndex>(row));
    if (mixture == nullptr) { continue; }
    known.push_back({mixture->resolver.to_string(), units[mixture->home].id, mixture->weight,
                     clients_of(snapshot, *mixture)});
  }
  return known;
}

zone::RouteIndex find_route(const zone::ZoneSet& zones, const dns::Name& name, dns::RrType type,
                            std::string* zone_name) {
  dns::QuestionName current;
  current.assign(name.wire());
  for (std::size_t hop = 0; hop <= kMaxChain; ++hop) {
    const zone::Zone* zone = zones.find(current, type);
    if (zone == nullptr) { return zone::kNoRoute; }
    if (hop == 0 && zone_name != nullptr) { *zone_name = zone->apex().to_string(); }
    const zone::Found found = zone::find(*zone, current, type);
    if (found.kind == zone::Found::Kind::kDname) {
      if (!rewrite(*zone, found, &current)) { return zone::kNoRoute; }
      continue;
    }
    if (found.kind != zone::Found::Kind::kExact && found.kind != zone::Found::Kind::kWildcard) {
      return zone::kNoRoute;
    }
    if (zone->route(found.node) != zone::kNoRoute) { return zone->route(found.node); }
    const auto cname = zone->rrset(found.node, dns::RrType::kCname);
    if (!cname) { return zone::kNoRoute; }
    current.assign(dns::RdataCursor(*cname).rdata());
  }
  return zone::kNoRoute;
}

Explanation explain(const Snapshot& snapshot, const steer::CostModel& costs,
                    const std::vector<double>& price_ms, const ExplainRequest& request) {
  Explanation out;
  out.generation = snapshot.generation;
  out.attributions = snapshot.geo->attributions();
  // A copy with counters of its own: looking must not show in the figures.
  Snapshot copy = snapshot;
  const std::size_t services = snapshot.services->services.size();
  const std::size_t clusters = snapshot.fleet->clusters().size();
  copy.demand = std::make_shared<steer::DemandCounters>(1, services, snapshot.demand->units());
  copy.decisions = std::make_shared<DecisionCounters>(1, services, clusters);
  auto scratch = std::make_unique<Scratch>(0);
  auto counters = std::make_unique<AnswerCounters>();
  const std::vector<std::uint8_t> query = make_query(request);
  std::vector<std::uint8_t> response(kMaxMessage);
  const Address& source = request.as_subnet ? request.resolver : request.client;
  const std::size_t size =
      answer(copy, {query, source, Transport::kTcp}, *scratch, *counters, response);
  response.resize(size);
  for (std::size_t i = 0; i < kRcodeCount; ++i) {
    if (counters->responses_by_rcode[i].value() > 0) {
      out.rcode = dns::to_string(static_cast<dns::Rcode>(i));
    }
  }
  read_addresses(response, request.type, out);

  const zone::RouteIndex route = find_route(*snapshot.zones, request.name, request.type, &out.zone);
  const Location location = locate(*snapshot.geo, scratch->query.edns, source);
  explain_location(snapshot, costs, request, location, out);
  const geo::UnitIndex row = row_of(*snapshot.map, location, source);
  explain_mixture(snapshot, row, out);
  if (route == zone::kNoRoute) { return out; }
  if (counters->routed.value() > 0) { out.scope_bits = location.scope_bits; }
  const steer::ServiceIndex service = snapshot.services->routes[route].service;
  out.route = snapshot.services->routes[route].owner.to_string();
  out.service = snapshot.services->services[service].id;
  for (std::size_t reason = 0; reason < steer::kReasonCount; ++reason) {
    for (std::size_t cluster = 0; cluster <= clusters; ++cluster) {
      const auto index =
          cluster == clusters ? fleet::kNoCluster : static_cast<fleet::ClusterIndex>(cluster);
      if (copy.decisions->total(service, index, static_cast<steer::Reason>(reason)) == 0) {
        continue;
      }
      out.reason = steer::to_string(static_cast<steer::Reason>(reason));
      if (index != fleet::kNoCluster) { out.cluster = snapshot.fleet->cluster(index).id; }
    }
  }
  explain_clusters(snapshot, costs, price_ms, {service, location.unit, row}, out);
  return out;
}

void add_fleet(const Snapshot& snapshot, const std::vector<fleet::ClusterStatus>& clusters,
               const steer::PlanSummary& plan, Explanation& explanation) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const fleet::ClusterStatus& from = clusters[i];
    const auto into = std::ranges::find(explanation.clusters, from.id, &ExplainedCluster::id);
    if (into == explanation.clusters.end()) { continue; }
    into->nodes = from.nodes.size();
    into->serving_nodes = static_cast<std::size_t>(std::popcount(from.serving_nodes));
    into->admin = from.admin;
    into->load = from.load;
    into->utilisation = from.utilisation;
    into->planned_load_per_s = plan.planned_load.at(i);
    into->capacity_per_s = plan.capacity.at(i);
    into->surcharge_per_gb = plan.surcharge_per_gb.at(i);
    if (into->chosen) { explain_nodes(snapshot, from, explanation); }
  }
}

}  // namespace gslb::answer
