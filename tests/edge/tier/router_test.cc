#include "edge/tier/router.h"

#include <chrono>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "edge/tier/peers.h"

namespace edge::tier {
namespace {

using Result = PeerState::Result;
const gslb::MonoTime kNow = std::chrono::steady_clock::now();

config::Peer peer(const std::string& name, double weight = 1) {
  config::Peer made;
  made.name = name;
  made.weight = weight;
  return made;
}

std::string key(int i) { return "http://www.example/" + std::to_string(i); }

// A node and what it knows of the others.
struct Node {
  // `started`: long ago, unless it has just come.
  Node(const std::string& self, config::Tier tier,
       gslb::MonoTime started = kNow - std::chrono::hours(1)) {
    tier.key = "key";
    config::Config made;
    made.tier = std::move(tier);
    config = std::make_shared<const config::Config>(std::move(made));
    router = std::make_unique<Router>(config, self, started, [this](const std::string& name) {
      if (!states[name]) { states[name] = std::make_shared<PeerState>(); }
      return states[name];
    });
  }
  Route route(const std::string& asked, const Caller* caller = nullptr) const {
    return router->route({asked, caller, fields}, kNow);
  }
  void fail(const std::string& name) {
    for (int i = 0; i < 3; ++i) {
      states[name]->begin(kNow);
      states[name]->end(Result::kFailed, kNow);
    }
  }

  config::ConfigRef config;
  std::map<std::string, PeerStateRef> states;
  std::unique_ptr<Router> router;
  http::Fields fields;
};

config::Tier cluster_of_three() {
  config::Tier tier;
  tier.siblings = {peer("fra-a"), peer("fra-b"), peer("fra-c")};
  tier.parents = {peer("ams-a"), peer("ams-b")};
  return tier;
}

std::string first(const Route& route) {
  return route.hops.empty() ? "origin" : route.hops.front().member->peer->name;
}

TEST(Router, AllNodesOfAClusterAgreeOnTheOwnerAndTheOwnerGoesUp) {
  const Node a("fra-a", cluster_of_three());
  const Node b("fra-b", cluster_of_three());
  const Node c("fra-c", cluster_of_three());
  std::set<std::string> owners;
  for (int i = 0; i < 60; ++i) {
    std::multiset<std::string> said;
    for (const Node* node : {&a, &b, &c}) {
      const Route route = node->route(key(i));
      said.insert(route.is_sideways() ? first(route) : node->router->self());
      if (!route.is_sideways()) { EXPECT_EQ(route.hops.front().kind, HopKind::kParent); }
    }
    EXPECT_EQ(said.count(*said.begin()), 3U) << key(i);
    owners.insert(*said.begin());
  }
  EXPECT_EQ(owners.size(), 3U);
}

TEST(Router, ClustersAgreeOnTheParent) {
  config::Tier other;
  other.parents = cluster_of_three().parents;
  const Node b("muc-b", other);
  std::set<std::string> used;
  for (int i = 0; i < 30; ++i) {
    const Node a("fra-a", other);
    EXPECT_EQ(first(a.route(key(i))), first(b.route(key(i))));
    used.insert(first(b.route(key(i))));
  }
  EXPECT_EQ(used.size(), 2U);
}

// Asked by a sibling, a node never sends on: it goes up, and asks who should have been asked, for
// what that has, first.
TEST(Router, WhatASiblingAsksGoesUp) {
  const Node node("fra-a", cluster_of_three());
  const Caller sibling{"fra-b", kAside, false};
  int owned = 0;
  for (int i = 0; i < 60; ++i) {
    const Route route = node.route(key(i), &sibling);
    const Route own = node.route(key(i));
    if (!own.is_sideways()) {
      ++owned;
      EXPECT_EQ(route.hops.front().kind, HopKind::kParent);
      EXPECT_EQ(route.level, kUp);
      continue;
    }
    EXPECT_EQ(route.hops.front().kind, HopKind::kHolder);
    EXPECT_EQ(first(route), first(own));
    EXPECT_EQ(route.level, kAside);
    EXPECT_EQ(route.hops[1].kind, HopKind::kParent);
  }
  EXPECT_GT(owned, 0);
  EXPECT_LT(owned, 60);
}

TEST(Router, WhoHasJustComeAsksWhoStoodInForIt) {
  const Node old("fra-a", cluster_of_three());
  const Node young("fra-a", cluster_of_three(), kNow);
  config::Tier without = cluster_of_three();
  without.siblings.erase(without.siblings.begin());
  for (int i = 0; i < 40; ++i) {
    if (old.route(key(i)).is_sideways()) { continue; }
    EXPECT_EQ(old.route(key(i)).hops.front().kind, HopKind::kParent);
    const Route route = young.route(key(i));
    EXPECT_EQ(route.hops.front().kind, HopKind::kHolder);
    // It is the owner by the list without this node.
    const Node b("fra-b", without);
    const Route before = b.route(key(i));
    EXPECT_EQ(first(route), before.is_sideways() ? first(before) : "fra-b");
  }
}

TEST(Router, WhoAsksForWhatIsHeldGetsNothingFetched) {
  EXPECT_FALSE((Caller{"fra-b", kSideways, false}).wants_held_only());
  EXPECT_FALSE((Caller{"fra-b", kAside, false}).wants_held_only());
  EXPECT_TRUE((Caller{"fra-b", kUp, false}).wants_held_only());
  EXPECT_FALSE((Caller{"fra-b", kLevelsOfTier, false}).wants_held_only());
  EXPECT_TRUE((Caller{"fra-b", kLevelsOfTier + kUp, false}).wants_held_only());
}

// Every fetch waits for one at a higher level: no circle can close.
TEST(Router, EveryHopStandsHigherThanItsFetch) {
  const Node node("fra-a", cluster_of_three(), kNow);
  for (const Level came : {0, 1, 2, 4, 5, 8, 9}) {
    const Caller caller{"muc-a", came, false};
    for (int i = 0; i < 20; ++i) {
      const Route route = node.route(key(i), &caller);
      EXPECT_GE(route.level, came);
      for (const Hop& hop : route.hops) { EXPECT_GT(hop.level, route.level); }
    }
  }
}

TEST(Router, WithoutOtherEdgesTheFetchWaitsForNobody) {
  const Node node("ams-a", {});
  const Route route = node.route(key(1));
  EXPECT_TRUE(route.hops.empty());
  EXPECT_TRUE(route.to_origin);
  EXPECT_EQ(route.level, kTerminal);
}

TEST(Router, WhoFailsIsLeftAloneAndTheNextHasItsKeys) {
  Node node("fra-a", cluster_of_three());
  node.fail("fra-b");
  node.fail("ams-a");
  for (int i = 0; i < 40; ++i) {
    for (const Hop& hop : node.route(key(i)).hops) {
      EXPECT_NE(hop.member->peer->name, "fra-b");
      EXPECT_NE(hop.member->peer->name, "ams-a");
    }
  }
  node.states["ams-a"]->end(Result::kServed, kNow);
  bool asked = false;
  for (int i = 0; i < 40; ++i) {
    for (const Hop& hop : node.route(key(i)).hops) {
      asked = asked || hop.member->peer->name == "ams-a";
    }
  }
  EXPECT_TRUE(asked);
}

TEST(Router, ProbesTakeAnEdgeAwayAndBringItBack) {
  PeerState state;
  EXPECT_FALSE(state.probed(false));
  EXPECT_TRUE(state.probed(false));
  EXPECT_FALSE(state.is_usable(kNow));
  EXPECT_TRUE(state.probed(true));
  EXPECT_TRUE(state.is_usable(kNow));
}

TEST(Router, ErrorOnFailureNeverAsksTheOrigin) {
  config::Tier tier = cluster_of_three();
  tier.origin_on_failure = false;
  Node node("fra-a", tier);
  for (const char* name : {"fra-b", "fra-c", "ams-a", "ams-b"}) { node.fail(name); }
  const Route route = node.route(key(1));
  EXPECT_TRUE(route.hops.empty());
  EXPECT_FALSE(route.to_origin);
}

TEST(Router, WhereARequestHasBeenItIsNotSentAgain) {
  Node node("fra-a", cluster_of_three());
  node.fields.add("CDN-Loop", "muc-a, ams-a; q=1, ams-b");
  for (int i = 0; i < 20; ++i) {
    for (const Hop& hop : node.route(key(i)).hops) { EXPECT_EQ(hop.kind, HopKind::kSibling); }
  }
}

// However one-sided the keys are, nobody gets over (1 + epsilon) of its share.
TEST(Router, NoParentGetsMoreThanItsShareByAFactor) {
  config::Tier tier;
  tier.parents = {peer("ams-a"), peer("ams-b", 2), peer("ams-c")};
  tier.load_bound = 1.25;
  Node node("fra-a", tier);
  std::map<std::string, int> load;
  constexpr int requests = 800;
  for (int i = 0; i < requests; ++i) {
    const Route route = node.route("http://www.example/one");
    node.states[first(route)]->begin(kNow);
    ++load[first(route)];
  }
  EXPECT_LE(load["ams-a"], 1.25 * requests / 4 + 1);
  EXPECT_LE(load["ams-b"], 1.25 * requests / 2 + 1);
  EXPECT_LE(load["ams-c"], 1.25 * requests / 4 + 1);
  // Few requests are spread by the key alone.
  Node idle("fra-a", tier);
  for (int i = 0; i < 16; ++i) {
    const Route route = idle.route("http://www.example/one");
    idle.states[first(route)]->begin(kNow);
  }
  EXPECT_EQ(idle.states[first(Node("x", tier).route("http://www.example/one"))]->in_flight(), 16);
}

TEST(Peers, KeepWhatIsKnownOfThoseThatStayOverAReload) {
  const auto with = [](config::Tier tier) {
    config::Config made;
    made.tier = std::move(tier);
    return std::make_shared<const config::Config>(std::move(made));
  };
  Peers peers("fra-a");
  EXPECT_EQ(peers.router(), nullptr);
  peers.renew(with(cluster_of_three()));
  ASSERT_EQ(peers.router()->siblings().size(), 2U);  // without itself
  const PeerStateRef state = peers.router()->siblings()[0].state;
  config::Tier smaller = cluster_of_three();
  smaller.siblings.pop_back();
  peers.renew(with(smaller));
  EXPECT_EQ(peers.router()->siblings()[0].state, state);
  peers.renew(std::make_shared<const config::Config>());
  EXPECT_EQ(peers.router(), nullptr);
}

TEST(Peers, WantACopyTheSecondTime) {
  config::Config made;
  made.tier = cluster_of_three();
  Peers peers("fra-a");
  peers.renew(std::make_shared<const config::Config>(std::move(made)));
  EXPECT_FALSE(peers.is_wanted_here("http://www.example/1"));
  EXPECT_FALSE(peers.is_wanted_here("http://www.example/2"));
  EXPECT_TRUE(peers.is_wanted_here("http://www.example/1"));
}

}  // namespace
}  // namespace edge::tier
