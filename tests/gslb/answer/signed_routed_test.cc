// Routed answers in signed zones: every one is made of sets signed beforehand, and verifies.
#include <algorithm>
#include <bit>

#include "gslb/answer/nodes.h"
#include "gslb/base/hash.h"

#include "allocations.h"
#include "signed_world.h"

namespace {

using namespace tests;  // NOLINT(google-build-using-namespace): the fixture's names

INSTANTIATE_TEST_SUITE_P(Denials, SignedRouted,
                         testing::Values(gslb::dnssec::Denial::kNsec,
                                         gslb::dnssec::Denial::kNsec3));

TEST_P(SignedRouted, EveryHealthOfAClusterIsAnsweredInFullWithoutSigning) {
  const std::size_t before = signed_;
  const auto board = std::const_pointer_cast<gslb::fleet::HealthBoard>(world_.snapshot->health);
  for (std::uint64_t serving = 1; serving < 16; ++serving) {
    board->set_serving(world_.cluster("fra"), serving);
    for (const auto& [name, wanted] : {std::pair{"www.example", 2}, std::pair{"three.example", 3},
                                       std::pair{"premium.example", 1}}) {
      const auto found = addresses(name);
      EXPECT_EQ(found.size(), std::min<std::size_t>(std::popcount(serving), wanted)) << serving;
      for (const std::string& address : found) {
        EXPECT_NE(serving >> (address.back() - '1') & 1, 0U) << address << " is down";
      }
    }
    EXPECT_EQ(addresses("www.example", RrType::kAaaa).size(),
              std::min<std::size_t>(std::popcount(serving), 2));
  }
  EXPECT_EQ(signed_, before);
}

TEST_P(SignedRouted, TheFirstNodeIsThatOfAnUnsignedZone) {
  World plain = tests::make_world();
  for (int i = 0; i < 100; ++i) {
    const std::string name = "n" + std::to_string(i) + ".cdn.example";
    EXPECT_EQ(ask({.name = name, .ecs = kEurope}).answers(RrType::kA)[0],
              plain.ask({.name = name, .ecs = kEurope}).answers(RrType::kA)[0]);
  }
}

TEST_P(SignedRouted, ALostNodeMovesOnlyAnswersThatHeldIt) {
  std::map<std::string, std::set<std::string>> before;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "n" + std::to_string(i) + ".cdn.example";
    before[name] = addresses(name);
  }
  down("fra/node-2");
  for (const auto& [name, were] : before) {
    const auto now = addresses(name);
    EXPECT_EQ(now.size(), 2U);
    if (!were.contains("203.0.113.12")) { EXPECT_EQ(now, were); }
  }
}

TEST_P(SignedRouted, AWildcardRouteIsSignedAsTheWildcardAndProvesItsExpansion) {
  const Reply reply = ask({.name = "a.b.cdn.example", .ecs = kEurope, .dnssec_ok = true});
  expect_signed(reply);
  EXPECT_TRUE(proves_in_authority(reply));
  for (const auto& record : reply.message.sections[0]) {
    if (record.type == RrType::kRrsig) {
      EXPECT_EQ(record.rdata[3], 2) << "labels of *.cdn.example";
    }
  }
  const Reply exact = ask({.name = "www.example", .ecs = kEurope, .dnssec_ok = true});
  EXPECT_TRUE(exact.message.sections[1].empty());
}

TEST_P(SignedRouted, AnyIsTheAddressesNotTheirNsec) {
  const Reply reply = ask({.name = "premium.example", .type = RrType::kAny, .dnssec_ok = true});
  EXPECT_EQ(reply.answers(RrType::kA).size(), 1U);
  expect_signed(reply);
}

TEST_P(SignedRouted, WithoutDoTheSameSetsComeUnsigned) {
  for (const char* name : {"www.example", "x.cdn.example", "three.example"}) {
    const Reply with = ask({.name = name, .ecs = kEurope, .dnssec_ok = true});
    const Reply without = ask({.name = name, .ecs = kEurope});
    EXPECT_EQ(without.answers(RrType::kA), with.answers(RrType::kA));
    EXPECT_EQ(without.section(0).size(), without.answers(RrType::kA).size());
    EXPECT_TRUE(without.section(1).empty());
  }
}

TEST_P(SignedRouted, APromisedFamilyComesFromTheNextClusterThatHasIt) {
  down("fra");
  EXPECT_EQ(addresses("www.example"), std::set<std::string>{"203.0.113.21"}) << "lon";
  // lon has no IPv6: NODATA would be bogus beside a bitmap with AAAA.
  EXPECT_EQ(addresses("www.example", RrType::kAaaa), std::set<std::string>{"2001:db8:aec::31"});
  EXPECT_EQ(addresses("www.example", RrType::kA, kOnNet), std::set<std::string>{"203.0.113.51"});
  EXPECT_EQ(addresses("www.example", RrType::kAaaa, kOnNet).size(), 1U);
}

TEST_P(SignedRouted, AFamilyNobodyHasIsProvenAbsent) {
  const RoutedSource from = source();
  for (gslb::zone::RouteIndex i = 0; i < from.services.routes.size(); ++i) {
    const gslb::dns::Name& owner = from.services.routes[i].owner;
    const bool has_https =
        from.services.services[from.services.routes[i].service].https.has_value();
    const bool has_one = owner == name_of("four.example.") || owner == name_of("partner.example.");
    EXPECT_EQ(gslb::answer::routed_types(from, i).size(),
              (has_one ? 1U : 2U) + (has_https ? 1U : 0U))
        << owner.to_string();
  }
  EXPECT_EQ(addresses("four.example"), std::set<std::string>{"203.0.113.61"});
  const Reply reply = ask({.name = "four.example", .type = RrType::kAaaa, .dnssec_ok = true});
  EXPECT_EQ(reply.rcode, "NOERROR");
  EXPECT_TRUE(reply.section(0).empty());
  EXPECT_EQ(reply.message.sections[1].size(), 4U) << "SOA, proof and their signatures";
}

TEST_P(SignedRouted, FallbacksAreSigned) {
  down("*");
  EXPECT_EQ(addresses("www.example").size(), 2U) << "all";
  EXPECT_EQ(addresses("www.example", RrType::kAaaa).size(), 2U);
  EXPECT_EQ(addresses("last.example").size(), 1U) << "last good";
  EXPECT_EQ(addresses("pool.example"), (std::set<std::string>{"203.0.113.250", "203.0.113.251"}));
  EXPECT_EQ(addresses("pool.example", RrType::kAaaa), std::set<std::string>{"2001:db8::250"});
  const gslb::dns::Name target = name_of("Sorry.Elsewhere.test.");
  cname_.assign(target.wire().begin(), target.wire().end());
  const Reply alias = ask({.name = "alias.example", .ecs = kEurope, .dnssec_ok = true});
  EXPECT_EQ(alias.answers(RrType::kCname).size(), 1U);
  expect_signed(alias);
  EXPECT_EQ(ask({.name = "none.example", .dnssec_ok = true}).rcode, "SERVFAIL");
}

TEST_P(SignedRouted, NothingUnsignedIsEverServed) {
  refused_ = RrType::kA;
  sets_ = build(nullptr);
  EXPECT_GT(sets_->signatures_missing(), 0U);
  for (const char* name : {"www.example", "x.cdn.example"}) {
    for (const bool dnssec_ok : {true, false}) {
      const Reply reply = ask({.name = name, .ecs = kEurope, .dnssec_ok = dnssec_ok});
      EXPECT_EQ(reply.rcode, "SERVFAIL");
      EXPECT_EQ(reply.ede, 14U);
      EXPECT_TRUE(reply.section(0).empty());
      EXPECT_TRUE(reply.section(1).empty());
    }
  }
  EXPECT_EQ(addresses("www.example", RrType::kAaaa).size(), 2U);
  sets_ = nullptr;
  const Reply bare = ask({.name = "www.example", .type = RrType::kAaaa, .ecs = kEurope});
  EXPECT_EQ(bare.rcode, "SERVFAIL");
  EXPECT_EQ(bare.ede, 14U);
}

TEST_P(SignedRouted, ANewTableSignsOnlyWhatIsNewOrStale) {
  const std::size_t all = signed_;
  EXPECT_EQ(sets_->signatures_made(), all);
  const auto kept = build(sets_.get());
  EXPECT_EQ(signed_, all);
  EXPECT_EQ(kept->signatures_made(), 0U);
  EXPECT_EQ(kept->signatures_kept(), all);
  is_fresh_ = false;
  const auto renewed = build(kept.get());
  EXPECT_EQ(renewed->signatures_made(), all);
  EXPECT_EQ(signed_, 2 * all);
}

TEST_P(SignedRouted, OfTheSameContentOneSignatureIsMade) {
  // fra has four nodes; pairs are found from both sides, so 6 pairs and 4 singletons a family.
  std::set<Buffer> seen;
  std::size_t requests = 0;
  RoutedSigning counting = signing();
  counting.sign = [&](const SignRequest& request) -> Buffer {
    ++requests;
    std::vector<Buffer> records;
    for (gslb::dns::RdataCursor r(request.set); !r.done(); r.next()) {
      records.emplace_back(r.rdata().begin(), r.rdata().end());
    }
    std::ranges::sort(records);
    Buffer content(request.lower_owner.begin(), request.lower_owner.end());
    for (const Buffer& record : records) {
      content.insert(content.end(), record.begin(), record.end());
    }
    EXPECT_TRUE(seen.insert(content).second);
    return {0, 1, 0};
  };
  RoutedSets::build(source(), counting, nullptr);
  EXPECT_EQ(requests, signed_);
}

TEST_P(SignedRouted, NothingIsAllocated) {
  std::vector<gslb::dns::testing::Buffer> queries;
  for (const char* name : {"www.example", "x.cdn.example", "three.example", "four.example",
                           "torouted.example", "alias.example", "pool.example"}) {
    for (const RrType type : {RrType::kA, RrType::kAaaa, RrType::kTxt, RrType::kAny}) {
      queries.push_back(
          tests::make_query({.name = name, .type = type, .ecs = kEurope, .dnssec_ok = true}));
    }
  }
  ask({.name = "www.example"});
  const auto healthy = world_.snapshot;
  down("*");
  ask({.name = "www.example"});
  std::vector<std::uint8_t> out(65535);
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  const std::uint64_t before = tests::thread_allocations();
  for (const auto& snapshot : {healthy, world_.snapshot}) {
    for (const auto& query : queries) {
      gslb::answer::answer(*snapshot, {query, resolver, gslb::answer::Transport::kUdp},
                           world_.scratch, world_.counters, out);
    }
  }
  EXPECT_EQ(tests::thread_allocations(), before);
}

}  // namespace
