#include "gslb/measure/probe_book.h"

#include <algorithm>

namespace gslb::measure {
namespace {

constexpr unsigned kSightings = 3;
constexpr unsigned kMostFailures = 6;
constexpr std::chrono::hours kLongestPause{1};
constexpr std::uint16_t kDnsPort = 53;

// A resolver that doesn't answer strangers may refuse a connection, or echo.
ProbeTarget next_way(const ProbeTarget& how) {
  using fleet::ProbeKind;
  if (how.kind == ProbeKind::kDns) { return {how.address, ProbeKind::kTcpSyn, kDnsPort}; }
  if (how.kind == ProbeKind::kTcpSyn) { return {how.address, ProbeKind::kIcmp, 0}; }
  return {how.address, ProbeKind::kDns, kDnsPort};
}

}  // namespace

ProbeBook::ProbeBook(ProbeRules rules, std::size_t clusters, std::uint64_t first_id)
    : rules_(std::move(rules)),
      wishes_(clusters),
      nodes_(clusters),
      mesh_due_(clusters),
      mesh_next_(clusters, 0),
      next_id_(first_id) {}

bool ProbeBook::may_probe(const Address& address) const {
  if (address.is_unspecified() || rules_.exclude.contains(address)) { return false; }
  return address.is_global() || rules_.allow_private;
}

bool ProbeBook::add_target(geo::UnitIndex unit, const ProbeTarget& target) {
  if (!may_probe(target.address)) { return false; }
  const bool is_new =
      targets_
          .insert_or_assign(target.address, Target{.unit = unit, .how = target, .is_listed = true})
          .second;
  // One unit an address: the last line counts.
  if (!is_new) {
    for (auto& [other, addresses] : of_unit_) { std::erase(addresses, target.address); }
  }
  of_unit_[unit].push_back(target.address);
  figures_.targets = targets_.size();
  return true;
}

void ProbeBook::saw_resolver(geo::UnitIndex unit, const Address& resolver, MonoTime now) {
  auto known = targets_.find(resolver);
  if (known == targets_.end()) {
    if (targets_.size() >= kMostTargets || !may_probe(resolver)) { return; }
    std::vector<Address>& addresses = of_unit_[unit];
    if (addresses.size() >= kMostPerUnit) { return; }
    addresses.push_back(resolver);
    const Target target{.unit = unit, .how = {resolver, fleet::ProbeKind::kDns, kDnsPort}};
    known = targets_.emplace(resolver, target).first;
    figures_.targets = targets_.size();
  }
  Target& target = known->second;
  if (target.sightings >= kSightings || now < target.next_sighting) { return; }
  ++target.sightings;
  target.next_sighting = now + rules_.target_interval;
}

void ProbeBook::set_nodes(fleet::ClusterIndex cluster, std::vector<Address> nodes) {
  std::erase_if(nodes, [this](const Address& node) { return !may_probe(node); });
  nodes_[cluster] = std::move(nodes);
}

const ProbeBook::Target* ProbeBook::ready_target(geo::UnitIndex unit, MonoTime now) const {
  const auto addresses = of_unit_.find(unit);
  if (addresses == of_unit_.end()) { return nullptr; }
  const Target* best = nullptr;
  for (const Address& address : addresses->second) {
    const Target& target = targets_.at(address);
    const bool is_known = target.is_listed || target.sightings >= kSightings;
    if (!is_known || target.is_asked || now < target.ready_at) { continue; }
    // Who has answered before who has not, then who has waited longest.
    if (best == nullptr || target.failures < best->failures ||
        (target.failures == best->failures && target.ready_at < best->ready_at)) {
      best = &target;
    }
  }
  return best;
}

bool ProbeBook::is_ready(geo::UnitIndex unit, MonoTime now) const {
  return ready_target(unit, now) != nullptr;
}

std::vector<geo::UnitIndex> ProbeBook::ready_units(MonoTime now) const {
  std::vector<geo::UnitIndex> ready;
  for (const auto& [unit, addresses] : of_unit_) {
    if (is_ready(unit, now)) { ready.push_back(unit); }
  }
  return ready;
}

void ProbeBook::set_wishes(const std::vector<ProbeOrder>& wishes) {
  for (auto& queue : wishes_) { queue.clear(); }
  for (const ProbeOrder& wish : wishes) { wishes_[wish.cluster].push_back(wish.unit); }
}

std::uint64_t ProbeBook::remember(Order order, MonoTime now) {
  order.until = now + kPatience;
  const std::uint64_t id = next_id_++;
  orders_.emplace(id, order);
  ++figures_.ordered;
  return id;
}

std::optional<fleet::Probe> ProbeBook::mesh_probe(fleet::ClusterIndex cluster, MonoTime now) {
  if (rules_.mesh_interval.count() == 0 || now < mesh_due_[cluster]) { return std::nullopt; }
  mesh_due_[cluster] = now + rules_.mesh_interval;
  for (std::size_t tried = 0; tried < nodes_.size(); ++tried) {
    const fleet::ClusterIndex peer = mesh_next_[cluster];
    mesh_next_[cluster] = static_cast<fleet::ClusterIndex>((peer + 1U) % nodes_.size());
    if (peer == cluster || nodes_[peer].empty()) { continue; }
    const Address& node = nodes_[peer][next_id_ % nodes_[peer].size()];
    const std::uint64_t id = remember({.cluster = cluster, .target = {}, .peer = peer}, now);
    return fleet::Probe{id, fleet::ProbeKind::kTcpSyn, node, rules_.mesh_port};
  }
  return std::nullopt;
}

std::vector<fleet::Probe> ProbeBook::take(fleet::ClusterIndex cluster, std::size_t room,
                                          MonoTime now) {
  expire(now);
  std::vector<fleet::Probe> orders;
  room = std::min(room, fleet::kMaxOrders);
  if (room == 0) { return orders; }
  if (const auto probe = mesh_probe(cluster, now)) { orders.push_back(*probe); }
  std::deque<geo::UnitIndex>& wishes = wishes_[cluster];
  while (!wishes.empty() && orders.size() < room) {
    const Target* target = ready_target(wishes.front(), now);
    wishes.pop_front();
    if (target == nullptr) { continue; }
    targets_.at(target->how.address).is_asked = true;
    const std::uint64_t id =
        remember({.cluster = cluster, .target = target->how.address, .peer = {}}, now);
    orders.push_back({id, target->how.kind, target->how.address, target->how.port});
  }
  return orders;
}

void ProbeBook::note_failure(Target& target, MonoTime now) {
  ++target.failures;
  const auto pause = rules_.target_interval * (1U << std::min(target.failures, 16U));
  target.ready_at = now + std::min<milliseconds>(pause, kLongestPause);
  if (target.is_listed) { return; }
  if (target.failures < kMostFailures) {
    target.how = next_way(target.how);
    return;
  }
  std::vector<Address>& addresses = of_unit_.at(target.unit);
  const Address address = target.how.address;
  std::erase(addresses, address);
  if (addresses.empty()) { of_unit_.erase(target.unit); }
  targets_.erase(address);
  figures_.targets = targets_.size();
}

std::optional<ProbeFinding> ProbeBook::settle(fleet::ClusterIndex cluster,
                                              const fleet::ProbeResult& result, MonoTime now) {
  const auto found = orders_.find(result.id);
  if (found == orders_.end() || found->second.cluster != cluster || found->second.until < now) {
    ++figures_.unwanted;
    return std::nullopt;
  }
  const Order order = found->second;
  orders_.erase(found);
  const bool is_answered = result.failure == fleet::ProbeFailure::kNone;
  ++(is_answered ? figures_.answered : figures_.failed);
  ProbeFinding finding{.unit = 0, .peer = order.peer, .rtt_ms = result.rtt_us / 1e3};
  if (order.target) {
    const auto target = targets_.find(*order.target);
    if (target == targets_.end()) { return std::nullopt; }
    target->second.is_asked = false;
    finding.unit = target->second.unit;
    if (is_answered) {
      target->second.failures = 0;
      target->second.ready_at = now + rules_.target_interval;
    } else {
      note_failure(target->second, now);
    }
  }
  if (!is_answered) { return std::nullopt; }
  return finding;
}

// A node that died with its orders says nothing about the targets.
void ProbeBook::expire(MonoTime now) {
  while (!orders_.empty() && orders_.begin()->second.until < now) {
    if (const auto& address = orders_.begin()->second.target) {
      const auto target = targets_.find(*address);
      if (target != targets_.end()) { target->second.is_asked = false; }
    }
    orders_.erase(orders_.begin());
    ++figures_.expired;
  }
}

std::vector<Address> ProbeBook::resolvers() const {
  std::vector<Address> found;
  for (const auto& [address, target] : targets_) {
    if (!target.is_listed) { found.push_back(address); }
  }
  return found;
}

void ProbeBook::inherit(const ProbeBook& old, const Address& resolver, geo::UnitIndex unit) {
  if (targets_.contains(resolver) || !may_probe(resolver)) { return; }
  Target target = old.targets_.at(resolver);
  target.unit = unit;
  target.is_asked = false;
  targets_.emplace(resolver, target);
  of_unit_[unit].push_back(resolver);
  figures_.targets = targets_.size();
}

}  // namespace gslb::measure
