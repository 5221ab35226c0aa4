// Which edges a miss asks before the origin, and in which order.
//
// Sideways first: the node of the cluster that the key belongs to.  Then up: the parent it belongs
// to, with bounded load (Mirrokni, Thorup, Zadimoghaddam, "Consistent hashing with bounded loads",
// 2018): who has more in flight than its share, by a factor, is passed over for the next in order.
//
// Aside: a node that has just come, and one that is asked though it is not the owner, ask the node
// that had the key before, or should have it: for what that has, or has on its way, alone.  So a
// long fetch under way is followed and not begun again when nodes come, go, or do not see each
// other, and who comes back is warmed by those who stood in for it.
//
// Source: CoralCDN (Freedman, Freudenthal, Mazieres, 2004) puts "being fetched" marks into a hash
// table for that.  A question has no mark that may be lost or outlive its fetch: whom a mark would
// be left with is whom to ask.
//
// Why the cluster's owner alone asks parents: then a crowd on one object is one request of the
// cluster, and the same parent for all clusters makes it one request in all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/config.h"
#include "edge/http/fields.h"
#include "edge/tier/caller.h"
#include "edge/tier/peer.h"

namespace edge::tier {

enum class HopKind : std::uint8_t {
  kOrigin,
  kSibling,  // the node of the cluster that the key belongs to
  kHolder,   // another that may have it already, or be fetching it: asked for that alone
  kParent
};

// Another edge as a configuration has it.  Valid as long as its Router.
struct Member {
  const config::Peer* peer = nullptr;
  std::uint64_t id = 0;
  PeerStateRef state;
};

struct Hop {
  HopKind kind = HopKind::kOrigin;
  const Member* member = nullptr;
  Level level = 0;  // the request's there
};

class Router;

// For one request.  Without hops the origin is asked.
struct Route {
  std::shared_ptr<const Router> router;  // null: no tiers; else what `hops` point into
  std::vector<Hop> hops;                 // in order
  Level level = kTerminal;               // of the fetch that goes this way
  bool to_origin = true;                 // at last

  bool is_sideways() const noexcept {
    return !hops.empty() && hops.front().kind == HopKind::kSibling;
  }
  // Not to those who are asked for what they have alone.
  void skip_holders() {
    std::erase_if(hops, [](const Hop& hop) { return hop.kind == HopKind::kHolder; });
  }
  // Straight up.
  void skip_cluster() {
    std::erase_if(hops, [](const Hop& hop) { return hop.kind != HopKind::kParent; });
  }
};

struct Asked {
  std::string_view key;            // primary key
  const Caller* caller = nullptr;  // null: a client
  const http::Fields& fields;      // of the request
};

// Of one configuration; immutable.
class Router {
 public:
  using StateOf = std::function<PeerStateRef(const std::string& name)>;
  // `self`: this node's name.  REQUIRES: config->tier.
  // `started`: this process.
  Router(config::ConfigRef config, std::string self, gslb::MonoTime started,
         const StateOf& state_of);

  // O(number of edges).
  Route route(const Asked& asked, gslb::MonoTime now) const;

  const config::Tier& tier() const noexcept { return *config_->tier; }
  const std::string& self() const noexcept { return self_; }
  const std::vector<Member>& siblings() const noexcept { return siblings_; }
  const std::vector<Member>& parents() const noexcept { return parents_; }

 private:
  void add_owner(Route& route, std::uint64_t key, Level level, gslb::MonoTime now) const;
  void add_holder(Route& route, std::uint64_t key, Level level, gslb::MonoTime now) const;
  void add_parents(Route& route, const Asked& asked, Level level, gslb::MonoTime now) const;
  bool has_room(const Member& parent) const;

  const config::ConfigRef config_;
  const std::string self_;
  const std::uint64_t self_id_;
  const gslb::MonoTime warm_;  // from then on nobody else has what belongs here
  double self_weight_ = 1;
  std::vector<Member> siblings_;  // without this node
  std::vector<Member> parents_;
};

}  // namespace edge::tier
