#include "edge/tier/router.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "edge/tier/rendezvous.h"

namespace edge::tier {
namespace {

// The first owner, and who has the key without it.
constexpr std::size_t kMostSiblings = 2;
constexpr std::size_t kMostParents = 3;
// Below so much in flight a parent is never passed over: a share of little is less than one.
constexpr double kAlwaysRoom = 16;

std::vector<Member> members_of(const std::vector<config::Peer>& peers, const std::string& self,
                               const Router::StateOf& state_of) {
  std::vector<Member> members;
  for (const config::Peer& peer : peers) {
    if (peer.name == self) { continue; }
    members.push_back({&peer, member_id(peer.name), state_of(peer.name)});
  }
  return members;
}

// Best first.
std::vector<std::pair<double, const Member*>> ranked(const std::vector<Member>& members,
                                                     std::uint64_t key) {
  std::vector<std::pair<double, const Member*>> order;
  order.reserve(members.size());
  for (const Member& member : members) {
    order.emplace_back(rendezvous_score(key, member.id, member.peer->weight), &member);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->id > b.second->id;
  });
  return order;
}

}  // namespace

Router::Router(config::ConfigRef config, std::string self, gslb::MonoTime started,
               const StateOf& state_of)
    : config_(std::move(config)),
      self_(std::move(self)),
      self_id_(member_id(self_)),
      warm_(started + gslb::milliseconds(config_->tier->warm_up_ms)) {
  const config::Tier& tier = *config_->tier;
  for (const config::Peer& peer : tier.siblings) {
    if (peer.name == self_) { self_weight_ = peer.weight; }
  }
  siblings_ = members_of(tier.siblings, self_, state_of);
  parents_ = members_of(tier.parents, self_, state_of);
}

Route Router::route(const Asked& asked, gslb::MonoTime now) const {
  const Level came = asked.caller != nullptr ? asked.caller->level : kSideways;
  const Level tier = came - came % kLevelsOfTier;
  Route route;
  if (came == tier) { add_owner(route, key_hash(asked.key), tier, now); }
  if (route.hops.empty() && came - tier < kUp) {
    add_holder(route, key_hash(asked.key), tier, now);
  }
  const Level stage = route.hops.empty() ? kUp : route.is_sideways() ? kSideways : kAside;
  add_parents(route, asked, tier, now);
  route.to_origin = parents_.empty() || config_->tier->origin_on_failure;
  route.level = route.hops.empty() ? kTerminal : static_cast<Level>(tier + stage);
  return route;
}

// The node of the cluster that is to have it, unless it is this one.
void Router::add_owner(Route& route, std::uint64_t key, Level level, gslb::MonoTime now) const {
  if (siblings_.empty()) { return; }
  const double own = rendezvous_score(key, self_id_, self_weight_);
  for (const auto& [score, member] : ranked(siblings_, key)) {
    if (score < own || route.hops.size() == kMostSiblings) { return; }
    if (!member->state->is_usable(now)) { continue; }
    route.hops.push_back({HopKind::kSibling, member, static_cast<Level>(level + kAside)});
  }
}

// Asked though another is the owner: that one.  Come of late, the owner: who was it before.
void Router::add_holder(Route& route, std::uint64_t key, Level level, gslb::MonoTime now) const {
  if (siblings_.empty()) { return; }
  const double own = rendezvous_score(key, self_id_, self_weight_);
  for (const auto& [score, member] : ranked(siblings_, key)) {
    if (score < own && now >= warm_) { return; }
    if (!member->state->is_usable(now)) { continue; }
    route.hops.push_back({HopKind::kHolder, member, static_cast<Level>(level + kUp)});
    return;
  }
}

void Router::add_parents(Route& route, const Asked& asked, Level level, gslb::MonoTime now) const {
  if (parents_.empty()) { return; }
  std::vector<Hop> full;
  std::size_t count = 0;
  for (const auto& [score, member] : ranked(parents_, key_hash(asked.key))) {
    if (!member->state->is_usable(now)) { continue; }
    if (asked.fields.has_member("CDN-Loop", member->peer->name)) { continue; }
    const Hop hop{HopKind::kParent, member, static_cast<Level>(level + kLevelsOfTier)};
    if (!has_room(*member)) {
      full.push_back(hop);
    } else if (count < kMostParents) {
      route.hops.push_back(hop);
      ++count;
    }
  }
  for (const Hop& hop : full) {
    if (count++ < kMostParents) { route.hops.push_back(hop); }
  }
}

bool Router::has_room(const Member& parent) const {
  double weights = 0;
  double in_flight = 1;  // with this request
  for (const Member& each : parents_) {
    weights += each.peer->weight;
    in_flight += static_cast<double>(each.state->in_flight());
  }
  const double share = in_flight * parent.peer->weight / weights;
  const double most = std::max(kAlwaysRoom, std::ceil(config_->tier->load_bound * share));
  return static_cast<double>(parent.state->in_flight()) < most;
}

}  // namespace edge::tier
