#include "gslb/control/observer.h"

#include <unordered_map>

namespace gslb::control {
namespace {

// An edge that has not offered room for so long takes no more orders.
constexpr seconds kOffer{60};

std::vector<Address> addresses_of(const fleet::ClusterModel& cluster) {
  std::vector<Address> addresses;
  for (const fleet::NodeModel& node : cluster.nodes) {
    if (node.ipv4) { addresses.push_back(*node.ipv4); }
    if (node.ipv6 && !node.ipv4) { addresses.push_back(*node.ipv6); }
  }
  return addresses;
}

// Ids grow from start to start, so that a result of an earlier run is of no order of this one.
std::uint64_t first_probe_id(WallTime now) {
  constexpr std::uint64_t kIdsAMillisecond = 1024;
  const auto since = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(since) * kIdsAMillisecond;
}

void add_listed(const Compiled& compiled, measure::ProbeBook& book) {
  if (compiled.probe_targets.empty()) { return; }
  std::unordered_map<std::uint64_t, geo::UnitIndex> by_id;
  const auto& units = compiled.geo->units();
  for (std::size_t i = 0; i < units.size(); ++i) {
    by_id.emplace(units[i].id, static_cast<geo::UnitIndex>(i));
  }
  for (const measure::ListedTarget& listed : compiled.probe_targets) {
    if (listed.where) {
      book.add_target(compiled.geo->find(listed.where->address()).unit, listed.target);
    } else if (const auto unit = by_id.find(listed.unit_id); unit != by_id.end()) {
      book.add_target(unit->second, listed.target);
    }
  }
}

}  // namespace

measure::ProbeBook Observer::make_book(const Compiled& compiled, fleet::Moment now) {
  const config::Probes& from = compiled.config.probes;
  const std::size_t clusters = compiled.fleet->clusters().size();
  measure::ProbeBook book({.exclude = PrefixSet(from.exclude),
                           .allow_private = from.allow_private,
                           .target_interval = milliseconds(from.target_interval_ms),
                           .mesh_interval = milliseconds(from.mesh_interval_ms),
                           .mesh_port = from.mesh_port},
                          clusters, first_probe_id(now.wall));
  for (std::size_t i = 0; i < clusters; ++i) {
    const auto index = static_cast<fleet::ClusterIndex>(i);
    book.set_nodes(index, addresses_of(compiled.fleet->cluster(index)));
  }
  add_listed(compiled, book);
  return book;
}

Observer::Observer(const Compiled& compiled, std::size_t workers, fleet::Moment now)
    : uses_(*compiled.services, now.mono),
      book_(make_book(compiled, now)), took_orders_(compiled.fleet->clusters().size()) {
  for (std::size_t i = 0; i < workers; ++i) { lanes_.push_back(std::make_unique<SightingLane>()); }
  want_lanes(compiled);
}

void Observer::want_lanes(const Compiled& compiled) {
  const config::Config& config = compiled.config;
  const bool wanted =
      config.probes.enabled || config.server.place.has_value() || compiled.services->has_beacon();
  for (const auto& lane : lanes_) { lane->set_wanted(wanted, config.probes.enabled); }
}

std::vector<fleet::Probe> Observer::hear(const Compiled& compiled, const fleet::Report& report,
                                         fleet::Moment now) {
  collect(compiled, now);
  samples_.add(compiled, report, now.wall);
  uses_.add(report);
  join(compiled, report, now);
  const fleet::ClusterIndex cluster = compiled.fleet->find_cluster(report.cluster);
  if (cluster == fleet::kNoCluster || !compiled.config.probes.enabled) { return {}; }
  for (const fleet::ProbeResult& result : report.probes) {
    const auto finding = book_.settle(cluster, result, now.mono);
    if (!finding) { continue; }
    samples_.add(
        {{.unit = finding->unit, .cluster = cluster, .rtt_ms = finding->rtt_ms, .is_probe = true},
         now.wall,
         finding->peer});
  }
  if (report.probe_room == 0) { return {}; }
  took_orders_[cluster] = now.mono;
  return book_.take(cluster, report.probe_room, now.mono);
}

void Observer::collect(const Compiled& compiled, fleet::Moment now) {
  for (const auto& lane : lanes_) {
    lane->take([&](const Sighting& sighting) { see(compiled, sighting, now); });
  }
}

void Observer::see(const Compiled& compiled, const Sighting& sighting, fleet::Moment now) {
  const geo::UnitIndex unit = compiled.geo->find(sighting.from).unit;
  switch (sighting.kind) {
    case Sighting::Kind::kResolver:
      if (compiled.config.probes.enabled) { book_.saw_resolver(unit, sighting.from, now.mono); }
      return;
    case Sighting::Kind::kHandshake:
      // The GSLB node is a site behind the clusters.
      if (compiled.config.server.place) {
        samples_.add({{.unit = unit,
                       .cluster = static_cast<fleet::ClusterIndex>(took_orders_.size()),
                       .rtt_ms = static_cast<double>(sighting.value) / 1e3,
                       .is_probe = true},
                      now.wall});
      }
      return;
    case Sighting::Kind::kBeacon:
      beacons_.asked(sighting.value, sighting.from, now.mono);
      return;
  }
}

void Observer::join(const Compiled& compiled, const fleet::Report& report, fleet::Moment now) {
  constexpr std::size_t kMostJoins = 65'536;  // until a plan
  const fleet::ClusterIndex cluster = compiled.fleet->find_cluster(report.cluster);
  if (cluster == fleet::kNoCluster || !compiled.services->has_beacon()) { return; }
  for (const fleet::BeaconHit& hit : report.beacons) {
    const auto resolver = beacons_.join(cluster, hit, now.mono);
    // What isn't known steers nobody.
    const geo::UnitIndex client = compiled.geo->find(hit.client.address()).unit;
    if (!resolver || client == 0 || joins_.size() >= kMostJoins) { continue; }
    joins_.push_back({measure::resolver_network(*resolver), compiled.geo->find(*resolver).unit,
                      client, now.wall});
  }
}

ProbeChoices Observer::probe_choices(const Compiled& compiled, MonoTime now) const {
  ProbeChoices choices{.enabled = compiled.config.probes.enabled, .units = {}, .clusters = {}};
  if (!choices.enabled) { return choices; }
  choices.units = book_.ready_units(now);
  for (const MonoTime at : took_orders_) {
    choices.clusters.push_back(at != MonoTime() && now - at < kOffer);
  }
  return choices;
}

void Observer::adopt(const Compiled& compiled, fleet::Moment now) {
  take();  // few, and their indexes are of the old epoch
  take_joins();
  uses_ = ServiceUses(*compiled.services, now.mono);
  const measure::ProbeBook old = std::exchange(book_, make_book(compiled, now));
  for (const Address& resolver : old.resolvers()) {
    book_.inherit(old, resolver, compiled.geo->find(resolver).unit);
  }
  took_orders_.assign(compiled.fleet->clusters().size(), MonoTime());
  want_lanes(compiled);
}

std::vector<measure::ProbeOrder> plan_probes(Epoch& epoch, const ProbeChoices& choices,
                                             const std::vector<steer::ClusterInput>& inputs,
                                             WallTime now) {
  if (!choices.enabled || choices.units.empty()) { return {}; }
  const std::vector<double> all = demand_by_unit(epoch);
  auto table = epoch.planner.estimates();
  // Before the first sample the planner goes by distance; what is worth a probe is known already.
  if (!table) { table = epoch.estimator.refresh(now, all); }
  std::vector<double> demand(table->units(), 0);
  for (const geo::UnitIndex unit : choices.units) { demand[unit] = all[unit]; }
  std::vector<bool> serving;
  for (std::size_t i = 0; i < table->clusters(); ++i) { serving.push_back(inputs[i].serving); }
  measure::ProbeLimits limits;
  limits.probers = choices.clusters;
  return measure::plan_probes(*table, demand, serving, limits);
}

}  // namespace gslb::control
