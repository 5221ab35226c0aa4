#include "gslb/control/epoch.h"

#include <algorithm>
#include <unordered_map>

#include "gslb/base/check.h"
#include "gslb/control/protection.h"

namespace gslb::control {
namespace {

std::shared_ptr<const answer::Identity> make_identity(const config::Server& server) {
  auto identity = std::make_shared<answer::Identity>();
  identity->nsid = server.nsid;
  identity->version = server.version;
  identity->identity = server.identity;
  if (server.report_channel) {
    const auto agent = dns::Name::parse(server.report_channel->text);
    CHECK(agent.has_value());  // compile() has read it
    const dns::Name lower = agent->lower();
    identity->report_channel.assign(lower.wire().begin(), lower.wire().end());
  }
  identity->udp_payload_octets = static_cast<std::uint16_t>(server.udp_payload_octets);
  identity->tcp_keepalive_100ms =
      static_cast<std::uint16_t>(std::min<std::int64_t>(server.tcp_idle_ms / 100, 65535));
  return identity;
}

std::vector<measure::Site> sites_of(const config::Config& config) {
  std::vector<measure::Site> sites;
  for (const config::Cluster& cluster : config.clusters) {
    sites.push_back({cluster.id.text, {cluster.latitude, cluster.longitude}});
  }
  // The GSLB node itself, which sees handshakes of resolvers.
  if (const auto& place = config.server.place) {
    sites.push_back({"@gslb", {place->first, place->second}});
  }
  return sites;
}

measure::Estimator make_estimator(const Compiled& compiled) {
  const config::Config& config = compiled.config;
  measure::Estimator::Limits limits;
  limits.vantages = config.server.place ? 1 : 0;
  return {compiled.geo->units(),
          sites_of(config),
          {config.steering.base_ms, config.steering.ms_per_km},
          limits};
}

std::size_t slots_of(const Compiled& compiled) {
  return compiled.services->has_beacon() ? kMixtures : 0;
}

void learn_mixtures(Epoch& epoch, std::span<const measure::BeaconJoin> joins, WallTime now) {
  for (const measure::BeaconJoin& each : joins) { epoch.mixtures.add(each); }
  const std::size_t slots = epoch.mixtures.slots();
  if (slots == 0) { return; }
  const std::size_t units = epoch.compiled->geo->units().size();
  auto rows = epoch.mixtures.rows(now);
  const measure::ResolverRows& before = epoch.planner.resolvers();
  for (std::size_t slot = 0; slot < slots; ++slot) {
    // What was counted for the resolver before is nothing to the next.
    const bool is_others = before.at(slot) != nullptr && changes_hands(before, *rows, slot);
    if (rows->at(slot) != nullptr && !is_others) { continue; }
    for (std::size_t i = 0; i < epoch.compiled->services->services.size(); ++i) {
      epoch.ledger.set_queries_per_s(static_cast<steer::ServiceIndex>(i),
                                     static_cast<geo::UnitIndex>(units + slot), 0);
    }
  }
  epoch.planner.set_resolvers(std::move(rows));
}

steer::ClusterInput input_of(const std::vector<fleet::ResourceLoad>& loads) {
  steer::ClusterInput input;
  input.utilisation = fleet::utilisation_of(loads);
  for (const fleet::ResourceLoad& each : loads) {
    if (each.target <= 0) { continue; }
    input.has_capacity = true;
    if (each.max >= each.target) {
      input.most_utilisation = std::min(input.most_utilisation, each.max / each.target);
    }
  }
  return input;
}

void learn_loads(Epoch& epoch, const steer::FleetUse& use) {
  std::vector<double> queries_per_s(epoch.compiled->services->services.size(), 0);
  for (std::size_t service = 0; service < queries_per_s.size(); ++service) {
    for (std::size_t row = 0; row < epoch.demand->units(); ++row) {
      queries_per_s[service] += epoch.ledger.queries_per_s(
          static_cast<steer::ServiceIndex>(service), static_cast<geo::UnitIndex>(row));
    }
  }
  epoch.planner.service_loads().learn(use, queries_per_s);
}

template <typename List>
bool same_ids(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.id == y.id; });
}

}  // namespace

Epoch::Epoch(std::shared_ptr<const Compiled> from, std::size_t workers, MonoTime now)
    : started(now),
      compiled(std::move(from)),
      identity(make_identity(compiled->config.server)),
      protection(make_protection(compiled->config, workers)),
      demand(std::make_shared<steer::DemandCounters>(
          workers, compiled->services->services.size(),
          compiled->geo->units().size() + slots_of(*compiled))),
      decisions(std::make_shared<answer::DecisionCounters>(
          workers, compiled->services->services.size(), compiled->fleet->clusters().size())),
      costs(compiled->config, *compiled->services),
      ledger(demand, now),
      planner(costs, *compiled->services, *compiled->geo, slots_of(*compiled)),
      estimator(make_estimator(*compiled)),
      mixtures(compiled->geo->units(), slots_of(*compiled)) {}

void Epoch::inherit(const Epoch& old) {
  protection = inherit_protection(compiled->config, *protection, *old.protection);
  const auto& services = compiled->services->services;
  const auto& old_services = old.compiled->services->services;
  const auto& clusters = compiled->fleet->clusters();
  const auto& old_clusters = old.compiled->fleet->clusters();
  if (same_ids(services, old_services) && same_ids(clusters, old_clusters)) {
    decisions = old.decisions;
  }
  for (std::size_t i = 0; i < old.compiled->fleet->holder_count(); ++i) {
    const auto now = compiled->fleet->find_holder(old.compiled->fleet->holder_id(i));
    if (now == fleet::kNoCluster) { continue; }
    planner.set_load_factor(now, old.planner.load_factor(static_cast<steer::HolderIndex>(i)));
  }
  planner.service_loads().set_egress_share(old.planner.service_loads().egress_share());
  estimator.inherit(old.estimator);
  mixtures.read(old.mixtures.write());
  std::unordered_map<std::uint64_t, geo::UnitIndex> unit_now;
  const auto& units = compiled->geo->units();
  for (std::size_t i = 0; i < units.size(); ++i) {
    unit_now.emplace(units[i].id, static_cast<geo::UnitIndex>(i));
  }
  const auto& old_units = old.compiled->geo->units();
  for (std::size_t s = 0; s < old_services.size(); ++s) {
    const auto service = std::find_if(services.begin(), services.end(), [&](const auto& each) {
      return each.id == old_services[s].id;
    });
    if (service == services.end()) { continue; }
    planner.service_loads().set_need(static_cast<std::size_t>(service - services.begin()),
                                     old.planner.service_loads().need(s));
    for (std::size_t u = 0; u < old_units.size(); ++u) {
      const double rate = old.ledger.queries_per_s(static_cast<steer::ServiceIndex>(s),
                                                   static_cast<geo::UnitIndex>(u));
      const auto unit = rate > 0 ? unit_now.find(old_units[u].id) : unit_now.end();
      if (unit == unit_now.end()) { continue; }
      ledger.set_queries_per_s(static_cast<steer::ServiceIndex>(service - services.begin()),
                               unit->second, rate);
    }
    const auto resolvers = old.mixtures.resolvers();
    for (std::size_t slot = 0; slot < resolvers.size(); ++slot) {
      const auto now = resolvers[slot] ? mixtures.slot_of(*resolvers[slot]) : std::nullopt;
      if (!now) { continue; }
      ledger.set_queries_per_s(
          static_cast<steer::ServiceIndex>(service - services.begin()),
          static_cast<geo::UnitIndex>(units.size() + *now),
          old.ledger.queries_per_s(static_cast<steer::ServiceIndex>(s),
                                   static_cast<geo::UnitIndex>(old_units.size() + slot)));
    }
  }
  planner.service_loads().weigh();
}

std::string Epoch::settle_estimator() {
  std::string text = estimator.write();
  measure::Estimator fresh = make_estimator(*compiled);
  fresh.inherit(estimator);
  estimator = std::move(fresh);
  return text;
}

void Epoch::settle_mixtures() {
  measure::Mixtures fresh(compiled->geo->units(), mixtures.slots());
  fresh.read(mixtures.write());
  mixtures = std::move(fresh);
}

std::vector<steer::ClusterInput> cluster_inputs(const fleet::FleetState& fleet) {
  const auto& board = *fleet.board();
  std::vector<steer::ClusterInput> inputs;
  for (std::size_t i = 0; i < fleet.model().clusters().size(); ++i) {
    const auto index = static_cast<fleet::ClusterIndex>(i);
    steer::ClusterInput& input = inputs.emplace_back(input_of(fleet.load(index)));
    input.serving = board.serving_nodes(index) != 0;
    const auto sight = fleet.sight(index);
    input.capacity_share = sight.share;
    input.blind = sight.blind;
    for (const fleet::ServiceChecks& checks : fleet.model().service_checks()) {
      const std::size_t view = fleet.model().view_of(checks.service);
      if (!input.serving || board.serving_nodes(index, view) != 0) { continue; }
      input.fails.push_back(static_cast<std::uint16_t>(checks.service));
    }
  }
  const auto& groups = fleet.model().groups();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    steer::ClusterInput input = input_of(fleet.group_load(i));
    for (const fleet::ClusterIndex member : groups[i].members) {
      input.serving = input.serving || inputs[member].serving;
      // What it can take is as before; what it has is not known.
      input.blind = input.blind || inputs[member].blind;
    }
    inputs.push_back(input);
  }
  return inputs;
}

steer::Plan make_plan(Epoch& epoch, const std::vector<steer::ClusterInput>& inputs,
                      fleet::Moment now) {
  epoch.ledger.update(now.mono);
  steer::Demand demand = epoch.ledger.demand(epoch.compiled->geo->units());
  demand.wall = now.wall;
  return epoch.planner.plan(demand, inputs);
}

steer::Plan plan_step(Epoch& epoch, const PlanInputs& inputs) {
  if (inputs.learns) {
    learn(epoch, inputs.samples, inputs.wall, inputs.joins);
    if (!inputs.use.services.empty()) { learn_loads(epoch, inputs.use); }
  }
  return make_plan(epoch, inputs.clusters, {inputs.mono, inputs.wall});
}

void add_sample(measure::Estimator& estimator, const TimedSample& each) {
  if (each.cache) {
    estimator.add_cache(each.sample.cluster, *each.cache);
  } else if (each.peer) {
    estimator.add_mesh(*each.peer, each.sample.cluster, each.sample.rtt_ms, each.at);
  } else {
    estimator.add(each.sample, each.at);
  }
}

std::vector<double> demand_by_unit(const Epoch& epoch) {
  const auto& units = epoch.compiled->geo->units();
  const steer::Demand demand = epoch.ledger.demand(units);
  std::vector<double> by_unit(units.size(), 0);
  for (std::size_t row = 0; row < demand.expected.size(); ++row) {
    const std::size_t at = row % epoch.demand->units();
    const measure::Mixture* const mixture =
        at < units.size() ? nullptr : epoch.planner.resolvers().at(at - units.size());
    if (at < units.size()) { by_unit[at] += demand.expected[row]; }
    if (mixture == nullptr) { continue; }
    for (const measure::MixtureShare& client : mixture->clients) {
      by_unit[client.unit] += client.share * demand.expected[row];
    }
  }
  return by_unit;
}

void learn(Epoch& epoch, std::span<const TimedSample> samples, WallTime now,
           std::span<const measure::BeaconJoin> joins) {
  learn_mixtures(epoch, joins, now);
  for (const TimedSample& each : samples) { add_sample(epoch.estimator, each); }
  // Without a single sample the operator's line stands as it is.
  if (!epoch.estimator.has_news() || epoch.estimator.figures().pairs == 0) { return; }
  epoch.planner.set_estimates(epoch.estimator.refresh(now, demand_by_unit(epoch)));
}

}  // namespace gslb::control
