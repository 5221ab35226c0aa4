// Where a decision leads: place, client subnet, health, fallback, nodes.
#include <cstdlib>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "gslb/answer/explain.h"

#include "tests/support/count_allocations.h"
#include "tests/support/world.h"

#include "allocations.h"

std::uint64_t tests::thread_allocations() { return allocations; }

namespace {

using gslb::answer::EcsUse;
using gslb::answer::Transport;
using gslb::dns::RrType;
using gslb::fleet::AdminState;
using gslb::steer::Reason;
using tests::Reply;
using tests::World;
using Texts = std::vector<std::string>;

constexpr const char* kEurope = "198.51.100.0/24";
constexpr const char* kAustralia = "198.51.96.0/24";  // its leaf is a /22
constexpr const char* kAmerica = "192.0.2.0/24";

class Routed : public testing::Test {
 protected:
  // The last octet's tens: 1 fra, 2 lon, 3 nyc, 4 syd, 5 isp; 25 the pool.
  std::string cluster(const std::string& ecs, const std::string& name = "www.example") {
    const Reply reply = world_.ask({.name = name, .ecs = ecs});
    const Texts found = reply.answers(RrType::kA);
    if (found.empty()) { return reply.rcode; }
    static const std::map<char, std::string> kNames = {
        {'1', "fra"}, {'2', "lon"}, {'3', "nyc"}, {'4', "syd"}, {'5', "isp"}};
    return kNames.at(found[0][std::string("203.0.113.").size()]);
  }
  std::uint64_t ecs(EcsUse use) const {
    return world_.counters.ecs[static_cast<std::size_t>(use)].value();
  }
  void down(const std::string& glob) { world_.set_admin(glob, AdminState::kDown); }
  World world_ = tests::make_world();
};

TEST_F(Routed, TheNearestClusterServes) {
  EXPECT_EQ(cluster(kEurope), "fra");
  EXPECT_EQ(cluster(kAustralia), "syd");
  EXPECT_EQ(cluster(kAmerica), "nyc");
  EXPECT_EQ(cluster(kAmerica, "a.b.cdn.example"), "nyc");
  EXPECT_EQ(cluster(kAmerica, "premium.example"), "fra") << "nyc is not in the tier";
  EXPECT_EQ(cluster("198.51.104.0/24"), "isp") << "on-net";
  EXPECT_EQ(cluster("198.51.104.0/24", "premium.example"), "fra");
}

TEST_F(Routed, TheSubnetDecidesElseTheResolver) {
  const Reply used = world_.ask({.name = "www.example", .ecs = kEurope});
  EXPECT_EQ(used.scope, 24U);
  EXPECT_EQ(ecs(EcsUse::kUsed), 1U);
  const Reply wide = world_.ask({.name = "www.example", .ecs = kAustralia});
  EXPECT_EQ(wide.scope, 22U);
  EXPECT_EQ(wide.source, 24U);
  const Reply ipv6 = world_.ask({.name = "www.example", .ecs = "2001:db8:e000::/48"});
  EXPECT_EQ(ipv6.scope, 36U);
  EXPECT_EQ(ipv6.answers(RrType::kA)[0].substr(0, 11), "203.0.113.1");
  EXPECT_EQ(ecs(EcsUse::kUsed), 3U);

  const std::string resolver = world_.ask({.name = "www.example", .edns = false}).section(0)[0];
  EXPECT_EQ(ecs(EcsUse::kNone), 1U);
  for (const char* out : {":raw:00010000", ":raw:00000000", ":raw:00020000"}) {
    const Reply opted = world_.ask({.name = "www.example", .ecs = out});
    EXPECT_EQ(opted.scope, 0U);
    EXPECT_EQ(opted.section(0)[0], resolver);
  }
  EXPECT_EQ(ecs(EcsUse::kOptOut), 3U);
  for (const char* unknown : {"10.1.2.0/24", "8.8.8.0/24", "fd00::/48"}) {
    const Reply reply = world_.ask({.name = "www.example", .ecs = unknown});
    EXPECT_EQ(reply.section(0)[0], resolver);
    EXPECT_GT(*reply.scope, 0U) << "the hole's own leaf, or it would cover its neighbours";
  }
  EXPECT_EQ(ecs(EcsUse::kResolver), 3U);
  world_.ask({.name = "static.example", .ecs = kEurope});
  EXPECT_EQ(ecs(EcsUse::kStatic), 1U);
}

TEST_F(Routed, AMappedSubnetIsFoundAsIpv4AndItsScopeCountsFromBit96) {
  const Reply reply =
      world_.ask({.name = "www.example", .ecs = ":raw:0002780000000000000000000000ffffc63364"});
  EXPECT_EQ(reply.scope, 120U);
  EXPECT_EQ(reply.answers(RrType::kA)[0].substr(0, 11), "203.0.113.1");
}

TEST_F(Routed, BothFamiliesComeFromOneDecision) {
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i) + ".cdn.example";
    const Texts a = world_.ask({.name = name, .ecs = kEurope}).answers(RrType::kA);
    const Texts aaaa =
        world_.ask({.name = name, .type = RrType::kAaaa, .ecs = kEurope}).answers(RrType::kAaaa);
    ASSERT_EQ(a.size(), 2U);
    ASSERT_EQ(aaaa.size(), 2U);
    EXPECT_NE(a[0], a[1]);
    for (std::size_t n = 0; n < 2; ++n) { EXPECT_EQ(a[n].back(), aaaa[n].back()); }
  }
}

TEST_F(Routed, AClusterWithoutTheFamilyIsNoData) {
  down("fra");
  EXPECT_EQ(cluster(kEurope), "lon");
  const Reply reply = world_.ask({.name = "www.example", .type = RrType::kAaaa, .ecs = kEurope});
  EXPECT_EQ(reply.text(), "NOERROR aa; authority example. 60 SOA ns1.example.; scope 24");
}

TEST_F(Routed, OtherTypesAreTheZones) {
  EXPECT_EQ(world_.ask({.name = "www.example", .type = RrType::kTxt}).text(),
            "NOERROR aa; www.example. 300 TXT \"beside the route\"");
  EXPECT_EQ(world_.ask({.name = "premium.example", .type = RrType::kMx}).text(),
            "NOERROR aa; authority example. 60 SOA ns1.example.");
  const Reply any = world_.ask({.name = "premium.example", .type = RrType::kAny});
  EXPECT_EQ(any.answers(RrType::kA).size(), 1U);
  EXPECT_EQ(world_.ask({.name = "example", .type = RrType::kSoa}).section(0).size(), 1U);
  EXPECT_EQ(world_.ask({.name = "example", .ecs = kEurope}).answers(RrType::kA).size(), 2U);
}

TEST_F(Routed, TtlIsTheServices) {
  EXPECT_EQ(world_.ask({.name = "www.example"}).message.sections[0][0].ttl, 30U);
  EXPECT_EQ(world_.ask({.name = "premium.example"}).message.sections[0][0].ttl, 20U);
  EXPECT_EQ(world_.ask({.name = "last.example"}).message.sections[0][0].ttl, 60U);
}

TEST_F(Routed, ALostNodeMovesOnlyItsNames) {
  std::map<std::string, std::string> before;
  std::map<std::string, int> share;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "n" + std::to_string(i) + ".cdn.example";
    before[name] = world_.ask({.name = name, .ecs = kEurope}).answers(RrType::kA)[0];
    ++share[before[name]];
  }
  ASSERT_EQ(share.size(), 4U);
  for (const auto& [node, names] : share) { EXPECT_NEAR(names, 100, 40) << node; }
  const auto snapshot = world_.snapshot;
  down("fra/node-2");
  ASSERT_EQ(world_.snapshot, snapshot) << "a health word needs no snapshot";
  std::set<std::string> heirs;
  for (const auto& [name, node] : before) {
    const std::string now = world_.ask({.name = name, .ecs = kEurope}).answers(RrType::kA)[0];
    if (node != "203.0.113.12") { EXPECT_EQ(now, node); }
    if (node == "203.0.113.12") { heirs.insert(now); }
  }
  EXPECT_EQ(heirs.size(), 3U) << "its names spread over all others";
  world_.set_admin("fra/node-2", AdminState::kNone);
  for (const auto& [name, node] : before) {
    EXPECT_EQ(world_.ask({.name = name, .ecs = kEurope}).answers(RrType::kA)[0], node);
  }
}

TEST_F(Routed, ADeadClusterIsPassedOverWithoutANewSnapshot) {
  const auto snapshot = world_.snapshot;
  const auto board = std::const_pointer_cast<gslb::fleet::HealthBoard>(snapshot->health);
  board->set_serving(world_.cluster("fra"), 0);
  EXPECT_EQ(cluster(kEurope), "lon");
  EXPECT_EQ(snapshot->decisions->total(0, world_.cluster("lon"), Reason::kFailover), 1U);
  board->set_serving(world_.cluster("lon"), 0);
  EXPECT_EQ(cluster(kEurope), "nyc");
  board->set_serving(world_.cluster("fra"), 0b0100);
  EXPECT_EQ(world_.ask({.name = "www.example", .ecs = kEurope}).answers(RrType::kA),
            Texts{"203.0.113.13"});
  EXPECT_EQ(snapshot->decisions->total(0, world_.cluster("fra"), Reason::kBest), 1U);
}

// A and AAAA go together, nothing is allocated for it, and what nobody has more room for stays.
TEST_F(Routed, WhatANodeYieldsGoesToTheOthersOfItsCluster) {
  const auto board = std::const_pointer_cast<gslb::fleet::HealthBoard>(world_.snapshot->health);
  const auto named = [&] {
    return world_.ask({.name = "www.example", .ecs = kEurope}).answers(RrType::kA)[0];
  };
  const std::string before = named();
  const auto& nodes = world_.snapshot->fleet->cluster(world_.cluster("fra")).nodes;
  for (unsigned n = 0; n < nodes.size(); ++n) {
    if (nodes[n].ipv4->to_string() == before) { board->set_yield(world_.cluster("fra"), n, 65535); }
  }
  const std::string after = named();
  EXPECT_NE(after, before);
  EXPECT_EQ(cluster(kEurope), "fra");
  EXPECT_EQ(named(), after);
  const auto query = tests::make_query({.name = "www.example", .ecs = kEurope});
  gslb::dns::testing::Buffer out(4096);
  const std::uint64_t allocated = tests::thread_allocations();
  gslb::answer::answer(*world_.snapshot,
                       {.message = query, .client = *gslb::Address::parse("192.0.2.53")},
                       world_.scratch, world_.counters, out);
  EXPECT_EQ(tests::thread_allocations(), allocated);
  for (unsigned n = 0; n < nodes.size(); ++n) {
    board->set_yield(world_.cluster("fra"), n, 65535);
  }
  EXPECT_EQ(cluster(kEurope), "fra") << "all yield it: as if none did";
  for (unsigned n = 0; n < nodes.size(); ++n) { board->set_yield(world_.cluster("fra"), n, 0); }
  EXPECT_EQ(named(), before);
}

TEST_F(Routed, WhenNobodyServesTheFallbackPolicyDoes) {
  down("fra/node-1");
  down("fra/node-2");
  down("fra/node-3");  // last good: node-4
  down("*");
  EXPECT_EQ(world_.ask({.name = "www.example", .ecs = kEurope}).answers(RrType::kA).size(), 2U);
  EXPECT_EQ(cluster(kEurope), "fra");
  EXPECT_EQ(cluster(kAustralia), "syd");
  EXPECT_EQ(world_.ask({.name = "last.example", .ecs = kEurope}).answers(RrType::kA),
            Texts{"203.0.113.14"});
  EXPECT_EQ(world_.ask({.name = "pool.example", .ecs = kEurope}).answers(RrType::kA),
            (Texts{"203.0.113.250", "203.0.113.251"}));
  EXPECT_EQ(world_.ask({.name = "pool.example", .type = RrType::kAaaa}).answers(RrType::kAaaa),
            Texts{"2001:db8::250"});
  EXPECT_EQ(world_.ask({.name = "alias.example", .ecs = kEurope}).text(),
            "NOERROR aa; alias.example. 60 CNAME Sorry.Elsewhere.test.; scope 24");
  const Reply none = world_.ask({.name = "none.example"});
  EXPECT_EQ(none.text(), "SERVFAIL") << "without AA";
  EXPECT_EQ(none.ede, 0U);
  EXPECT_EQ(world_.snapshot->decisions->total(0, gslb::fleet::kNoCluster, Reason::kFallback), 3U);
  world_.set_admin("*", AdminState::kNone);
  EXPECT_EQ(cluster(kEurope, "none.example"), "fra");
}

TEST_F(Routed, CountsDecisionsAndDemand) {
  for (int i = 0; i < 3; ++i) { cluster(kEurope); }
  EXPECT_EQ(world_.counters.routed.value(), 3U);
  EXPECT_EQ(world_.snapshot->decisions->total(0, world_.cluster("fra"), Reason::kBest), 3U);
  std::uint64_t demand = 0;
  for (gslb::geo::UnitIndex unit = 0; unit < world_.snapshot->demand->units(); ++unit) {
    demand += world_.snapshot->demand->total(0, unit);
  }
  EXPECT_EQ(demand, 3U);
}

TEST_F(Routed, NothingIsAllocatedWhateverIsAsked) {
  if (!PROXIMA_OWN_MALLOC) { GTEST_SKIP() << "a sanitizer owns malloc"; }
  std::vector<gslb::dns::testing::Buffer> queries;
  for (const char* name :
       {"www.example", "x.cdn.example", "static.example", "loop1.example", "x.dname.example",
        "host.sub.example", "nothing.example", "many.example", "back.other.test", "example",
        "example.org", "pool.example", "alias.example", "none.example", "version.bind"}) {
    for (const RrType type : {RrType::kA, RrType::kAaaa, RrType::kTxt, RrType::kAny, RrType::kNs,
                              RrType::kAxfr, RrType::kMx}) {
      queries.push_back(tests::make_query({.name = name, .type = type, .edns = false}));
      queries.push_back(tests::make_query({.name = name, .type = type, .ecs = kEurope}));
      queries.push_back(tests::make_query(
          {.name = name, .type = type, .options = "00030000", .klass = gslb::dns::RrClass::kCh}));
      queries.push_back(queries[queries.size() - 2]);
      queries.back().pop_back();
    }
  }
  std::vector<std::uint8_t> out(65535);
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  for (int round = 0; round < 20; ++round) {
    if (round == 10) { down("*"); }
    const std::uint64_t before = allocations;
    for (const auto& query : queries) {
      for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
        gslb::answer::answer(*world_.snapshot, {query, resolver, transport}, world_.scratch,
                             world_.counters, out);
      }
    }
    ASSERT_EQ(allocations, before);
  }
  EXPECT_GT(allocations, 0U) << "the hook counts";
  EXPECT_GT(world_.queries(), 10'000U);
}

TEST_F(Routed, ExplainTellsWhatIsServed) {
  const auto explain = [&](const std::string& name, const std::string& client) {
    return gslb::answer::explain(*world_.snapshot, world_.epoch->costs, world_.summary.price_ms,
                                 {.name = gslb::dns::Name::parse(name).value(),
                                  .client = gslb::Address::parse(client).value(),
                                  .resolver = gslb::Address::parse("192.0.2.53").value()});
  };
  const auto routed = explain("torouted.example", "198.51.100.77");
  EXPECT_EQ(routed.cluster, "fra");
  EXPECT_EQ(routed.reason, "best");
  EXPECT_EQ(routed.route, "www.example.");
  EXPECT_EQ(routed.decided_by, "client subnet");
  EXPECT_EQ(routed.leaf, "198.51.100.0/24");
  EXPECT_EQ(routed.scope_bits, 24);
  EXPECT_EQ(routed.addresses.size(), 2U);
  ASSERT_EQ(routed.clusters.size(), 5U);
  EXPECT_TRUE(routed.clusters[0].chosen);
  EXPECT_EQ(routed.clusters[4].verdict, "masked: on-net-only");
  EXPECT_EQ(world_.queries(), 0U) << "looking must not show in the figures";
  const auto fixed = explain("static.example", "198.51.100.77");
  EXPECT_EQ(fixed.scope_bits, 0);
  EXPECT_EQ(fixed.route, "");
  EXPECT_EQ(fixed.addresses.size(), 2U);
  const auto unknown = explain("www.example", "8.8.8.8");
  EXPECT_EQ(unknown.decided_by, "resolver address");
  EXPECT_EQ(unknown.cluster, "nyc");
}

}  // namespace
