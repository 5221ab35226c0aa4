// Signed decisions that are more than addresses: HTTPS records, and other CDNs' names.
#include "allocations.h"
#include "signed_world.h"

namespace {

using namespace tests;  // NOLINT(google-build-using-namespace): the fixture's names

const Buffer kParameters = {0, 1, 0, 3, 2, 'h', '2'};

Buffer joined(std::initializer_list<Buffer> parts) {
  Buffer all;
  for (const Buffer& part : parts) { all.insert(all.end(), part.begin(), part.end()); }
  return all;
}

Buffer hint(std::uint8_t key, const std::string& address) {
  const gslb::Address parsed = gslb::Address::parse(address).value();
  const gslb::Octets octets = parsed.octets();
  return joined(
      {{0, key, 0, static_cast<std::uint8_t>(octets.size())}, {octets.begin(), octets.end()}});
}

class SignedTypes : public SignedRouted {
 protected:
  std::vector<Buffer> https(const std::string& name) {
    const Reply reply =
        ask({.name = name, .type = RrType::kHttps, .ecs = kEurope, .dnssec_ok = true});
    expect_signed(reply);
    std::vector<Buffer> found;
    for (const auto& record : reply.message.sections[0]) {
      if (record.type == RrType::kHttps) { found.push_back(record.rdata); }
    }
    return found;
  }
  void expect_alias(const std::string& name, RrType type) {
    const gslb::dns::Name target = name_of("customer.partner.test.");
    cname_.assign(target.wire().begin(), target.wire().end());
    const Reply reply = ask({.name = name, .type = type, .ecs = kEurope, .dnssec_ok = true});
    EXPECT_EQ(reply.rcode, "NOERROR");
    EXPECT_EQ(reply.answers(RrType::kCname), std::vector<std::string>{"customer.partner.test."})
        << reply.text();
    EXPECT_EQ(reply.section(0).size(), 2U) << "alone, with its signature";
    expect_signed(reply);
  }
};

INSTANTIATE_TEST_SUITE_P(Denials, SignedTypes,
                         testing::Values(gslb::dnssec::Denial::kNsec,
                                         gslb::dnssec::Denial::kNsec3));

TEST_P(SignedTypes, HttpsHintsAtTheAddressesOfTheSameDecision) {
  const std::size_t before = signed_;
  for (const char* name : {"web.example", "a.web.example", "b.web.example", "c.d.web.example"}) {
    const auto ipv4 = addresses(name);
    const auto ipv6 = addresses(name, RrType::kAaaa);
    ASSERT_EQ(ipv4.size(), 1U);
    ASSERT_EQ(ipv6.size(), 1U);
    const auto records = https(name);
    ASSERT_EQ(records.size(), 2U) << name;
    EXPECT_EQ(records[0],
              joined({{0, 1, 0}, kParameters, hint(4, *ipv4.begin()), hint(6, *ipv6.begin())}));
    const gslb::dns::Name host = name_of("par.c.example.");
    EXPECT_EQ(records[1], joined({{0, 2}, {host.wire().begin(), host.wire().end()}, kParameters}));
  }
  EXPECT_EQ(signed_, before);
  const Reply wild = ask({.name = "x.web.example", .type = RrType::kHttps, .dnssec_ok = true});
  EXPECT_TRUE(proves_in_authority(wild));
}

TEST_P(SignedTypes, HttpsNamesOnlyWhoServes) {
  down("ams/node-1");
  EXPECT_EQ(https("web.example")[0],
            joined({{0, 1, 0}, kParameters, hint(4, "203.0.113.72"), hint(6, "2001:db8:ae5::72")}));
  down("par");
  EXPECT_EQ(https("web.example").size(), 1U) << "no runner-up";
  world_.set_admin("par", AdminState::kNone);
  down("ams");
  EXPECT_EQ(https("web.example"),
            std::vector<Buffer>{joined({{0, 1, 0}, kParameters, hint(4, "203.0.113.81")})});
  down("*");
  EXPECT_EQ(https("web.example"),
            std::vector<Buffer>{joined(
                {{0, 1, 0}, kParameters, hint(4, "203.0.113.250"), hint(6, "2001:db8::250")})})
      << "the bitmap has HTTPS, so the fallback pool has one too";
}

TEST_P(SignedTypes, WhatTheBitmapHasIsNeverDenied) {
  for (const char* name : {"web.example", "x.web.example"}) {
    const Reply reply = ask({.name = name, .type = RrType::kTxt, .dnssec_ok = true});
    const auto types = types_in_proof(reply);
    for (const RrType type : {RrType::kA, RrType::kAaaa, RrType::kHttps}) {
      EXPECT_TRUE(types.contains(type)) << name;
    }
    EXPECT_TRUE(reply.section(0).empty());
  }
  // Without a service binding HTTPS is NODATA, and so says the bitmap.
  const Reply reply = ask({.name = "four.example", .type = RrType::kHttps, .dnssec_ok = true});
  EXPECT_TRUE(reply.section(0).empty());
  EXPECT_FALSE(types_in_proof(reply).contains(RrType::kHttps));
}

TEST_P(SignedTypes, AnotherCdnIsItsSignedNameForEveryType) {
  for (const char* name :
       {"multi.example", "x.multi.example", "y.x.multi.example", "partner.example"}) {
    for (const RrType type : {RrType::kA, RrType::kAaaa, RrType::kHttps, RrType::kTxt, RrType::kMx,
                              RrType::kCname, RrType::kAny}) {
      expect_alias(name, type);
    }
  }
  const Reply wild = ask({.name = "x.multi.example", .dnssec_ok = true});
  EXPECT_TRUE(proves_in_authority(wild));
}

TEST_P(SignedTypes, DenialsOfAnOwnerThatMayBeAnAliasHaveNoCnameBit) {
  // A DS is asked for on the way to names below, whatever the decision.
  const Reply ds = ask({.name = "multi.example", .type = RrType::kDs, .dnssec_ok = true});
  EXPECT_TRUE(ds.section(0).empty()) << ds.text();
  EXPECT_FALSE(types_in_proof(ds).contains(RrType::kCname));
  down("partner");
  EXPECT_EQ(addresses("multi.example").size(), 1U);
  EXPECT_EQ(https("multi.example").size(), 1U);
  const Reply reply = ask({.name = "multi.example", .type = RrType::kTxt, .dnssec_ok = true});
  EXPECT_TRUE(reply.section(0).empty());
  const auto types = types_in_proof(reply);
  EXPECT_TRUE(types.contains(RrType::kHttps));
  EXPECT_FALSE(types.contains(RrType::kCname));
  EXPECT_FALSE(types.contains(RrType::kTxt));
}

TEST_P(SignedTypes, WhereThereAreOnlyAliasesTheBitmapHasCnameAndNothingIsDenied) {
  for (gslb::zone::RouteIndex i = 0; i < source().services.routes.size(); ++i) {
    if (source().services.routes[i].owner != name_of("partner.example.")) { continue; }
    EXPECT_EQ(gslb::answer::routed_types(source(), i), std::vector{RrType::kCname});
  }
  expect_alias("partner.example", RrType::kDs);
  down("*");
  expect_alias("partner.example", RrType::kA);
  expect_alias("partner.example", RrType::kAaaa);
  expect_alias("partner.example", RrType::kTxt);
}

TEST_P(SignedTypes, NothingUnsignedIsServed) {
  for (const RrType refused : {RrType::kHttps, RrType::kCname}) {
    refused_ = refused;
    sets_ = build(nullptr);
    const char* const name = refused == RrType::kHttps ? "web.example" : "multi.example";
    const Reply reply = ask({.name = name, .type = RrType::kHttps, .ecs = kEurope});
    EXPECT_EQ(reply.rcode, "SERVFAIL") << name;
  }
}

TEST_P(SignedTypes, NothingIsAllocated) {
  std::vector<gslb::dns::testing::Buffer> queries;
  for (const char* name : {"web.example", "x.web.example", "multi.example", "x.multi.example"}) {
    for (const RrType type : {RrType::kHttps, RrType::kA, RrType::kTxt}) {
      queries.push_back(
          make_query({.name = name, .type = type, .ecs = kEurope, .dnssec_ok = true}));
    }
  }
  ask({.name = "web.example"});
  std::vector<std::uint8_t> out(65535);
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  const std::uint64_t before = thread_allocations();
  for (const auto& query : queries) {
    gslb::answer::answer(*world_.snapshot, {query, resolver, gslb::answer::Transport::kUdp},
                         world_.scratch, world_.counters, out);
  }
  EXPECT_EQ(thread_allocations(), before);
}

}  // namespace
