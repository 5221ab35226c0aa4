// Routed answers in signed zones: every one is made of sets signed beforehand, and verifies.
#include <algorithm>
#include <bit>
#include <set>

#include <gtest/gtest.h>

#include "gslb/answer/nodes.h"
#include "gslb/base/hash.h"
#include "gslb/dnssec/sign_rrset.h"
#include "gslb/dnssec/sign_zone.h"

#include "allocations.h"
#include "tests/support/world.h"

namespace {

using gslb::answer::RoutedSets;
using gslb::answer::RoutedSigning;
using gslb::answer::RoutedSource;
using gslb::answer::SignRequest;
using gslb::dns::RrsetView;
using gslb::dns::RrType;
using gslb::dnssec::SigningKey;
using gslb::fleet::AdminState;
using tests::Ask;
using tests::Reply;
using tests::World;
using Buffer = std::vector<std::uint8_t>;

constexpr const char* kEurope = "198.51.100.0/24";
constexpr const char* kOnNet = "198.51.104.0/24";
constexpr gslb::dnssec::Validity kValidity{1'700'000'000, 2'000'000'000};

// Beside the world's own: three answers at a time, IPv4 alone, and what only unsigned zones answer.
constexpr const char* kMore = R"(
[cluster.ber]
latitude = 52.5
longitude = 13.4
tiers = ["four"]
health = "none"
[[cluster.ber.node]]
id = "node-1"
ipv4 = "203.0.113.61"
[cluster.partner]
latitude = 52.5
longitude = 13.4
tiers = ["partner"]
cname = "customer.partner.test."
[service.multi]
tiers = ["partner", "default"]
https = { alpn = ["h2"] }
[service.three]
answers = 3
[service.four]
tiers = ["four"]
[[route]]
name = "three.example."
service = "three"
[[route]]
name = "four.example."
service = "four"
[[route]]
name = "multi.example."
service = "multi"
)";

gslb::dns::Name name_of(const std::string& text) { return gslb::dns::Name::parse(text).value(); }

// The world with "example." signed; snapshots are dressed in it as the control floor would.
class SignedRouted : public testing::TestWithParam<gslb::dnssec::Denial> {
 protected:
  SignedRouted()
      : key_(SigningKey::generate(name_of("example."), gslb::dnssec::Algorithm::kEcdsaP256Sha256,
                                  gslb::dnssec::kKskFlags)),
        public_(*gslb::dnssec::PublicKey::from_rdata(key_->dnskey_rdata())),
        world_(std::string(tests::kWorldConfig) + kMore,
               {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}}) {
    sign_zone();
    sets_ = build(nullptr);
  }

  RoutedSource source() const {
    const auto& compiled = *world_.epoch->compiled;
    return {*zones_, *compiled.services, *compiled.fleet, compiled.config};
  }
  RoutedSigning signing() {
    return {.sign = [this](const SignRequest& request) -> Buffer {
              ++signed_;
              if (request.set.type == refused_) { return {}; }
              const Buffer rrsig =
                  gslb::dnssec::sign_rrset(key_, request.lower_owner, request.set, kValidity);
              Buffer block{static_cast<std::uint8_t>(rrsig.size() >> 8),
                           static_cast<std::uint8_t>(rrsig.size())};
              block.insert(block.end(), rrsig.begin(), rrsig.end());
              return block;
            },
            .is_fresh = [this](const SignRequest&, const RrsetView&) { return is_fresh_; }};
  }
  std::shared_ptr<const RoutedSets> build(const RoutedSets* previous) {
    return RoutedSets::build(source(), signing(), previous);
  }

  void sign_zone() {
    zones_ = world_.epoch->compiled->zones;
    gslb::dnssec::SigningPlan plan;
    plan.keys = {{.key = key_, .signs_keys = true, .signs_zone = true}};
    plan.denial = GetParam();
    plan.serial = 8;
    plan.now = gslb::WallTime(std::chrono::seconds(1'700'000'000));
    plan.routed_types = [this](gslb::zone::RouteIndex route) {
      return gslb::answer::routed_types(source(), route);
    };
    std::vector<std::shared_ptr<const gslb::zone::Zone>> zones;
    for (const auto& zone : zones_->zones()) {
      zones.push_back(zone->apex() == name_of("example.")
                          ? gslb::dnssec::sign_zone(*zone, plan, nullptr).value().zone
                          : zone);
    }
    zones_ = std::make_shared<gslb::zone::ZoneSet>(std::move(zones));
  }

  Reply ask(const Ask& ask) {
    if (world_.snapshot->zones != zones_ || world_.snapshot->routed_sets != sets_) {
      auto dressed = std::make_shared<gslb::answer::Snapshot>(*world_.snapshot);
      dressed->zones = zones_;
      dressed->routed_sets = sets_;
      world_.snapshot = std::move(dressed);
    }
    return world_.ask(ask);
  }
  std::set<std::string> addresses(const std::string& name, RrType type = RrType::kA,
                                  const std::string& ecs = kEurope) {
    const Reply reply = ask({.name = name, .type = type, .ecs = ecs, .dnssec_ok = true});
    expect_signed(reply);
    const auto found = reply.answers(type);
    return {found.begin(), found.end()};
  }

  // One RRset of addresses (or a CNAME) with an RRSIG of our key that verifies.
  void expect_signed(const Reply& reply) {
    Buffer rdata;
    RrsetView set;
    Buffer rrsig;
    std::string owner;
    for (const auto& record : reply.message.sections[0]) {
      if (record.type == RrType::kRrsig) {
        rrsig = record.rdata;
        continue;
      }
      owner = record.owner;
      set.type = record.type;
      set.ttl_s = record.ttl;
      ++set.count;
      // CNAME targets are compressed; those of this test are told from the service.
      const Buffer whole = record.type == RrType::kCname ? cname_ : record.rdata;
      rdata.push_back(static_cast<std::uint8_t>(whole.size() >> 8));
      rdata.push_back(static_cast<std::uint8_t>(whole.size()));
      rdata.insert(rdata.end(), whole.begin(), whole.end());
    }
    set.rdata = rdata;
    ASSERT_GT(set.count, 0) << reply.text();
    ASSERT_FALSE(rrsig.empty()) << reply.text();
    EXPECT_TRUE(gslb::dnssec::verify_rrset(public_, name_of(owner).lower().wire(), set, rrsig))
        << reply.text();
  }
  bool proves_in_authority(const Reply& reply) const {
    const RrType type = GetParam() == gslb::dnssec::Denial::kNsec ? RrType::kNsec : RrType::kNsec3;
    bool has_proof = false;
    bool has_soa = false;
    for (const auto& record : reply.message.sections[1]) {
      has_proof |= record.type == type;
      has_soa |= record.type == RrType::kSoa;
    }
    return has_proof && !has_soa;
  }
  void down(const std::string& glob) { world_.set_admin(glob, AdminState::kDown); }

  std::shared_ptr<const SigningKey> key_;
  gslb::dnssec::PublicKey public_;
  World world_;
  std::shared_ptr<const gslb::zone::ZoneSet> zones_;
  std::shared_ptr<const RoutedSets> sets_;
  std::size_t signed_ = 0;
  bool is_fresh_ = true;
  RrType refused_ = RrType::kAny;
  Buffer cname_;
};

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
    const bool only_ipv4 = from.services.routes[i].owner == name_of("four.example.");
    EXPECT_EQ(gslb::answer::routed_types(from, i).size(), only_ipv4 ? 1U : 2U);
  }
  EXPECT_EQ(addresses("four.example"), std::set<std::string>{"203.0.113.61"});
  const Reply reply = ask({.name = "four.example", .type = RrType::kAaaa, .dnssec_ok = true});
  EXPECT_EQ(reply.rcode, "NOERROR");
  EXPECT_TRUE(reply.section(0).empty());
  EXPECT_EQ(reply.message.sections[1].size(), 4U) << "SOA, proof and their signatures";
}

TEST_P(SignedRouted, ACnameClusterIsPassedOverAndHttpsIsNodataAsTheBitmapSays) {
  EXPECT_EQ(addresses("multi.example").size(), 1U) << "though its tier is the first";
  const bool is_nsec = GetParam() == gslb::dnssec::Denial::kNsec;
  const Buffer bitmap = gslb::dns::testing::hex(is_nsec ? "0006400000080003" : "0006400000080002");
  for (const RrType type : {RrType::kHttps, RrType::kTxt, RrType::kCname}) {
    const Reply reply = ask({.name = "multi.example", .type = type, .dnssec_ok = true});
    EXPECT_EQ(reply.text().find("NOERROR aa; authority example. "), 0U) << reply.text();
    for (const auto& record : reply.message.sections[1]) {
      if (record.type != (is_nsec ? RrType::kNsec : RrType::kNsec3)) { continue; }
      EXPECT_TRUE(std::equal(bitmap.rbegin(), bitmap.rend(), record.rdata.rbegin()));
    }
  }
  down("*");
  world_.set_admin("partner", AdminState::kNone);
  EXPECT_EQ(addresses("multi.example", RrType::kAaaa).size(), 1U) << "all, not the partner";
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
