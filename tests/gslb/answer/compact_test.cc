// Compact denials (RFC 9824): one NSEC of the name, signed beforehand or asked for.
#include "gslb/dnssec/compact.h"

#include <gtest/gtest.h>

#include "gslb/dnssec/sign_rrset.h"
#include "gslb/dnssec/sign_zone.h"

#include "allocations.h"
#include "tests/support/world.h"

namespace {

using gslb::answer::CompactDenial;
using gslb::answer::CompactDenials;
using gslb::answer::Deferred;
using gslb::dns::RrType;
using gslb::dns::testing::types_in;
using gslb::dnssec::SigningKey;
using tests::Ask;
using tests::Reply;
using Buffer = std::vector<std::uint8_t>;

std::string config() {
  return tests::text_of_zone("example.", "example.zone") +
         tests::text_of({.id = "fra", .nodes = {"192.0.2.10"}}) + "[service.web]\n" +
         tests::text_of_routes({{"r.example.", "web"}});
}
constexpr const char* kZone =
    "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n*.w A 192.0.2.2\na.ent A 192.0.2.3\n"
    "cut NS ns.cut\nns.cut A 192.0.2.4\nal CNAME nothing\nwal CNAME x.w\n";

class Compact : public testing::Test {
 protected:
  Compact() : world_(config(), {{"example.zone", kZone}}) {
    gslb::dnssec::SigningPlan plan;
    plan.keys = {{.key = key_, .signs_keys = true, .signs_zone = true}};
    plan.denial = gslb::dnssec::Denial::kNsec3;
    plan.is_compact = true;
    plan.serial = 1;
    plan.now = gslb::WallTime(std::chrono::seconds(1'700'000'000));
    plan.routed_types = [](auto) { return std::vector{RrType::kA}; };
    zone_ =
        gslb::dnssec::sign_zone(*world_.snapshot->zones->zones()[0], plan, nullptr).value().zone;
    auto snapshot = std::make_shared<gslb::answer::Snapshot>(*world_.snapshot);
    snapshot->zones = std::make_shared<gslb::zone::ZoneSet>(std::vector{zone_});
    snapshot->compact = denials_;
    world_.snapshot = snapshot;
  }
  // As the signer's thread does it.
  void sign(gslb::Octets name_wire) {
    gslb::dns::QuestionName name;
    name.assign(name_wire);
    const auto rdata = gslb::dnssec::compact_nsec(*zone_, name);
    ASSERT_TRUE(rdata);
    const Buffer nsec = block(*rdata);
    const Buffer rrsig = gslb::dnssec::sign_rrset(key_, name.wire(),
                                                  {RrType::kNsec, zone_->negative_ttl_s(), 1, nsec},
                                                  {1'700'000'000, 2'000'000'000});
    ASSERT_TRUE(denials_->put(zone_->compact_id(), name.wire(), nsec, block(rrsig)));
  }
  static Buffer block(const Buffer& rdata) {
    Buffer out;
    gslb::dns::append_record(out, rdata);
    return out;
  }
  // The first answer is by the NSEC3 chain and says what it would have liked; the second has it.
  Reply twice(const Ask& ask) {
    const Reply classical = world_.ask(ask);
    EXPECT_TRUE(world_.scratch.wants_denial) << ask.name;
    EXPECT_EQ(classical.text().find(" NSEC "), std::string::npos) << classical.text();
    EXPECT_NE(classical.text().find(" NSEC3 "), std::string::npos) << classical.text();
    const CompactDenial wanted = world_.scratch.denial;
    sign(wanted.name());
    return world_.ask(ask);
  }
  // "owner next types" of the one NSEC in the authority section, whose signature is checked.
  std::string nsec(const Reply& reply) {
    std::string out;
    Buffer rdata;
    for (const auto& record : reply.message.sections[1]) {
      EXPECT_NE(record.type, RrType::kNsec3) << reply.text();
      if (record.type == RrType::kNsec) {
        EXPECT_TRUE(out.empty()) << "one is enough";
        rdata = record.rdata;
        const std::size_t name = gslb::dns::wire_name_size(rdata);
        out = record.owner + ' ' +
              gslb::dns::Name::from_wire(gslb::Octets(rdata).first(name)).value().to_string();
        for (const RrType type : types_in(gslb::Octets(rdata).subspan(name))) {
          out += ' ' + gslb::dns::to_string(type);
        }
      } else if (record.type == RrType::kRrsig &&
                 gslb::load_u16(record.rdata.data()) == static_cast<unsigned>(RrType::kNsec)) {
        const auto owner = gslb::dns::Name::parse(record.owner).value().lower();
        EXPECT_TRUE(gslb::dnssec::verify_rrset(
            *gslb::dnssec::PublicKey::from_rdata(key_->dnskey_rdata()), owner.wire(),
            {RrType::kNsec, record.ttl, 1, block(rdata)}, record.rdata));
      }
    }
    return out;
  }

  std::shared_ptr<const SigningKey> key_ =
      SigningKey::generate(gslb::dns::Name::parse("example.").value(),
                           gslb::dnssec::Algorithm::kEcdsaP256Sha256, gslb::dnssec::kKskFlags);
  std::shared_ptr<CompactDenials> denials_ = std::make_shared<CompactDenials>(64);
  tests::World world_;
  std::shared_ptr<const gslb::zone::Zone> zone_;
};

TEST_F(Compact, ANameThatIsNotThereIsNoerrorWithNxname) {
  const Reply reply = twice({.name = "a.b.example", .dnssec_ok = true});
  EXPECT_EQ(reply.rcode, "NOERROR");
  EXPECT_TRUE(reply.aa);
  EXPECT_EQ(nsec(reply), "a.b.example. \\000.a.b.example. RRSIG NSEC NXNAME");
  // The first answer was a whole NXDOMAIN, and so is that to who can't read NSEC.
  EXPECT_EQ(world_.ask({.name = "a.b.example"}).text(),
            "NXDOMAIN aa; authority example. 5 SOA ns.example.");
}

TEST_F(Compact, TheCoFlagBringsTheRcodeBack) {
  Ask ask{.name = "nothing.example", .dnssec_ok = true};
  twice(ask);
  // The flags of the OPT record are the last but two octets.
  auto query = tests::make_query(ask);
  query[query.size() - 4] |= 0x40;
  const Reply reply(world_.respond(query, gslb::Address::parse("192.0.2.53").value(),
                                   gslb::answer::Transport::kUdp));
  EXPECT_EQ(reply.rcode, "NXDOMAIN");
  EXPECT_EQ(nsec(reply), "nothing.example. \\000.nothing.example. RRSIG NSEC NXNAME");
  EXPECT_EQ(reply.octets[reply.octets.size() - 4] & 0xc0, 0xc0) << "CO is in the response too";
}

TEST_F(Compact, TypesThatAreNotThere) {
  EXPECT_EQ(nsec(twice({.name = "ns.example", .type = RrType::kTxt, .dnssec_ok = true})),
            "ns.example. \\000.ns.example. A RRSIG NSEC");
  EXPECT_EQ(nsec(twice({.name = "ent.example", .type = RrType::kTxt, .dnssec_ok = true})),
            "ent.example. \\000.ent.example. RRSIG NSEC");
  EXPECT_EQ(nsec(twice({.name = "x.y.w.example", .type = RrType::kTxt, .dnssec_ok = true})),
            "x.y.w.example. \\000.x.y.w.example. A RRSIG NSEC");
  EXPECT_EQ(nsec(twice({.name = "r.example", .type = RrType::kTxt, .dnssec_ok = true})),
            "r.example. \\000.r.example. A RRSIG NSEC");
  EXPECT_EQ(nsec(twice({.name = "example", .type = RrType::kTxt, .dnssec_ok = true})),
            "example. \\000.example. NS SOA RRSIG NSEC DNSKEY NSEC3PARAM");
}

TEST_F(Compact, UnsignedReferralsKeepClearOfTheChild) {
  const Reply reply = twice({.name = "www.cut.example", .dnssec_ok = true});
  EXPECT_FALSE(reply.aa);
  EXPECT_EQ(nsec(reply), "cut.example. cut\\000.example. NS RRSIG NSEC");
  EXPECT_EQ(nsec(world_.ask({.name = "cut.example", .type = RrType::kDs, .dnssec_ok = true})),
            "cut.example. cut\\000.example. NS RRSIG NSEC");
}

TEST_F(Compact, WhatAWildcardOrAChainNeedsMoreForIsClassical) {
  EXPECT_NE(world_.ask({.name = "x.w.example", .dnssec_ok = true}).text().find(" NSEC3 "),
            std::string::npos);
  EXPECT_FALSE(world_.scratch.wants_denial);
  EXPECT_EQ(nsec(twice({.name = "al.example", .dnssec_ok = true})),
            "nothing.example. \\000.nothing.example. RRSIG NSEC NXNAME");
  for (const RrType type : {RrType::kNsec, RrType::kRrsig}) {
    const Reply reply = world_.ask({.name = "ent.example", .type = type, .dnssec_ok = true});
    EXPECT_FALSE(world_.scratch.wants_denial) << "the bitmap would have it";
    EXPECT_NE(reply.text().find(" NSEC3 "), std::string::npos);
  }
}

TEST_F(Compact, NxnameIsNoTypeToAskFor) {
  for (const char* name : {"ns.example", "nothing.example"}) {
    const Reply reply = world_.ask({.name = name, .type = RrType::kNxname, .dnssec_ok = true});
    EXPECT_EQ(reply.rcode, "FORMERR");
    EXPECT_EQ(reply.ede, 30U);
  }
}

TEST_F(Compact, WhoMayWaitIsDeferredAndCountedOnce) {
  const auto query = tests::make_query({.name = "q.example", .dnssec_ok = true});
  const auto resolver = gslb::Address::parse("192.0.2.53").value();
  Buffer out(4096);
  gslb::answer::Request request{.message = query, .client = resolver};
  request.defers = request.awaits_denial = true;
  const std::uint64_t before = world_.queries();
  EXPECT_EQ(gslb::answer::answer(*world_.snapshot, request, world_.scratch, world_.counters, out),
            0U);
  EXPECT_EQ(world_.scratch.deferred, Deferred::kDenial);
  sign(CompactDenial(world_.scratch.denial).name());
  request.defers = request.awaits_denial = false;
  request.is_second = true;
  const std::uint64_t allocations = tests::thread_allocations();
  EXPECT_GT(gslb::answer::answer(*world_.snapshot, request, world_.scratch, world_.counters, out),
            0U);
  EXPECT_EQ(tests::thread_allocations(), allocations);
  EXPECT_EQ(world_.queries(), before + 1);
  EXPECT_EQ(world_.counters.awaited_denials.value(), 1U);
}

TEST_F(Compact, AnotherVersionOfTheZoneHasItsOwnDenials) {
  twice({.name = "nothing.example", .dnssec_ok = true});
  CompactDenial found;
  gslb::dns::QuestionName name;
  name.assign(gslb::dns::Name::parse("nothing.example").value().wire());
  EXPECT_TRUE(denials_->find(zone_->compact_id(), name.wire(), found));
  EXPECT_FALSE(denials_->find(zone_->compact_id() + 1, name.wire(), found));
  EXPECT_FALSE(denials_->put(1, name.wire(), Buffer(CompactDenial::kMaxOctets), {}));
}

TEST(CompactTable, KeepsAsManyNamesAsItHasPlaces) {
  CompactDenials one(1);
  const Buffer record = {0, 1, 0};
  const Buffer first = {1, 'a', 0};
  const Buffer second = {1, 'b', 0};
  CompactDenial found;
  ASSERT_TRUE(one.put(7, first, record, record));
  EXPECT_TRUE(one.find(7, first, found));
  ASSERT_TRUE(one.put(7, second, record, record));
  EXPECT_FALSE(one.find(7, first, found)) << "a newer one takes the place";
  EXPECT_TRUE(one.find(7, second, found));
  EXPECT_EQ(found.signatures, 1U);
}

TEST_F(Compact, NamesWithoutRoomForTheNextOneStayClassical) {
  std::string longest;
  for (int i = 0; i < 3; ++i) { longest += std::string(63, 'a') + '.'; }
  longest += std::string(52, 'a') + ".example";
  const Reply reply = world_.ask({.name = longest, .dnssec_ok = true});
  EXPECT_EQ(reply.rcode, "NXDOMAIN");
  gslb::dns::QuestionName name;
  name.assign(CompactDenial(world_.scratch.denial).name());
  EXPECT_FALSE(gslb::dnssec::compact_nsec(*zone_, name));
}

}  // namespace
