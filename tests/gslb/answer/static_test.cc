// What RFC 1034 4.3.2 makes of static names, asked with packets.
#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using gslb::dns::RrClass;
using gslb::dns::RrType;
using tests::Ask;
using tests::Reply;
using tests::World;

constexpr const char* kNegative = "; authority example. 60 SOA ns1.example.";

struct Row {
  const char* name;
  RrType type;
  std::string text;
};

class Static : public testing::Test {
 protected:
  std::string text(const std::string& name, RrType type = RrType::kA) {
    return world_.ask({.name = name, .type = type}).text();
  }
  World world_ = tests::make_world();
};

TEST_F(Static, AnswersExactNames) {
  EXPECT_EQ(text("static.example", RrType::kTxt), "NOERROR aa; static.example. 300 TXT \"static\"");
  EXPECT_EQ(text("static.example"),
            "NOERROR aa; static.example. 300 A 203.0.113.2; static.example. 300 A 203.0.113.3");
  EXPECT_EQ(text("example", RrType::kSoa), "NOERROR aa; example. 300 SOA ns1.example.");
}

TEST_F(Static, AddsAddressesOfTargets) {
  const std::string address = "; additional ns1.example. 300 A 203.0.113.1";
  const std::string both = address + "; additional ns1.example. 300 AAAA 2001:db8::1";
  EXPECT_EQ(text("mail.example", RrType::kMx),
            "NOERROR aa; mail.example. 300 MX ns1.example.; "
            "mail.example. 300 MX elsewhere.test." +
                both);
  EXPECT_EQ(text("example", RrType::kNs),
            "NOERROR aa; example. 300 NS ns1.example.; example. 300 NS ns2.other.test." + both);
}

TEST_F(Static, NoDataAndNxDomainCarryTheSoaWithTheNegativeTtl) {
  EXPECT_EQ(text("static.example", RrType::kMx), std::string("NOERROR aa") + kNegative);
  EXPECT_EQ(text("ent.example"), std::string("NOERROR aa") + kNegative);
  EXPECT_EQ(text("nothing.example"), std::string("NXDOMAIN aa") + kNegative);
  EXPECT_EQ(text("b.ent.example"), std::string("NXDOMAIN aa") + kNegative);
  EXPECT_EQ(text("x.y.z.nothing.example"), std::string("NXDOMAIN aa") + kNegative);
}

TEST_F(Static, WildcardsStandForNamesThatDoNotExist) {
  EXPECT_EQ(text("x.wild.example"), "NOERROR aa; x.wild.example. 300 A 203.0.113.5");
  EXPECT_EQ(text("a.b.wild.example"), "NOERROR aa; a.b.wild.example. 300 A 203.0.113.5");
  EXPECT_EQ(text("*.wild.example"), "NOERROR aa; *.wild.example. 300 A 203.0.113.5");
  EXPECT_EQ(text("x.wild.example", RrType::kMx), std::string("NOERROR aa") + kNegative);
  EXPECT_EQ(text("exist.wild.example"), std::string("NOERROR aa") + kNegative);
  EXPECT_EQ(text("x.exist.wild.example"), std::string("NXDOMAIN aa") + kNegative);
  EXPECT_EQ(text("wild.example"), std::string("NOERROR aa") + kNegative);
}

TEST_F(Static, FollowsAliasesThroughAllLocalZones) {
  EXPECT_EQ(text("alias1.example", RrType::kTxt),
            "NOERROR aa; alias1.example. 300 CNAME alias2.example.; "
            "alias2.example. 300 CNAME static.example.; static.example. 300 TXT \"static\"");
  EXPECT_EQ(text("alias1.example", RrType::kCname),
            "NOERROR aa; alias1.example. 300 CNAME alias2.example.");
  EXPECT_EQ(text("x.aliases.example", RrType::kTxt),
            "NOERROR aa; x.aliases.example. 300 CNAME static.example.; "
            "static.example. 300 TXT \"static\"");
  EXPECT_EQ(text("outside.example"), "NOERROR aa; outside.example. 300 CNAME www.elsewhere.test.");
  EXPECT_EQ(text("tonx.example"),
            std::string("NXDOMAIN aa; tonx.example. 300 CNAME nothing.example.") + kNegative);
  const Reply chain = world_.ask({.name = "back.other.test"});
  EXPECT_EQ(chain.answers(RrType::kCname),
            (std::vector<std::string>{"www.other.test.", "torouted.example.", "www.example."}));
  EXPECT_EQ(chain.answers(RrType::kA), (std::vector<std::string>{"203.0.113.31"}));
}

TEST_F(Static, AnAliasLoopIsAnsweredOnce) {
  EXPECT_EQ(text("self.example"), "NOERROR aa; self.example. 300 CNAME self.example.");
  EXPECT_EQ(text("loop1.example"),
            "NOERROR aa; loop1.example. 300 CNAME loop2.example.; "
            "loop2.example. 300 CNAME loop1.example.");
}

TEST_F(Static, DnameMakesAliases) {
  EXPECT_EQ(text("x.dname.example"),
            "NOERROR aa; dname.example. 300 DNAME target.example.; "
            "x.dname.example. 300 CNAME x.target.example.; x.target.example. 300 A 203.0.113.7");
  EXPECT_EQ(text("y.dname.example"),
            std::string("NXDOMAIN aa; dname.example. 300 DNAME target.example.; "
                        "y.dname.example. 300 CNAME y.target.example.") +
                kNegative);
  EXPECT_EQ(text("dname.example", RrType::kDname),
            "NOERROR aa; dname.example. 300 DNAME target.example.");
  const Reply tooLong = world_.ask({.name = std::string(60, 'x') + ".deep.example"});
  EXPECT_EQ(tooLong.rcode, "YXDOMAIN");
  ASSERT_EQ(tooLong.section(0).size(), 1U);
  EXPECT_TRUE(tooLong.aa);
}

TEST_F(Static, RefersAtZoneCutsWithGlueAndWithoutAa) {
  const std::string referral =
      "; authority sub.example. 300 NS ns.sub.example.; authority sub.example. 300 NS ns1.example.;"
      " authority sub.example. 300 NS ns.elsewhere.test."
      "; additional ns.sub.example. 300 A 203.0.113.6; additional ns1.example. 300 A 203.0.113.1"
      "; additional ns1.example. 300 AAAA 2001:db8::1";
  EXPECT_EQ(text("host.sub.example"), "NOERROR" + referral);
  EXPECT_EQ(text("sub.example", RrType::kNs), "NOERROR" + referral);
  EXPECT_EQ(text("ns.sub.example"), "NOERROR" + referral);
  EXPECT_EQ(text("x.sub.example", RrType::kDs), "NOERROR" + referral);
  EXPECT_EQ(text("tosub.example"),
            "NOERROR aa; tosub.example. 300 CNAME host.sub.example." + referral);
  EXPECT_EQ(text("sub.example", RrType::kDs), "NOERROR aa; sub.example. 300 DS 36 octets");
}

TEST_F(Static, AnyIsOneSetOverUdpAndAllOverTcp) {
  const Reply udp = world_.ask({.name = "static.example", .type = RrType::kAny});
  const Reply tcp = world_.ask({.name = "static.example", .type = RrType::kAny, .tcp = true});
  EXPECT_EQ(udp.answers(RrType::kA).empty(), !udp.answers(RrType::kTxt).empty());
  EXPECT_EQ(tcp.section(0).size(), 3U);
  EXPECT_EQ(text("alias1.example", RrType::kAny),
            "NOERROR aa; alias1.example. 300 CNAME alias2.example.");
  EXPECT_EQ(text("ent.example", RrType::kAny), std::string("NOERROR aa") + kNegative);
}

TEST_F(Static, QclassAnyIsAnsweredWithoutAa) {
  const Reply reply = world_.ask({.name = "static.example", .klass = RrClass::kAny});
  EXPECT_FALSE(reply.aa);
  ASSERT_EQ(reply.answers(RrType::kA).size(), 2U);
  EXPECT_EQ(reply.message.sections[0][0].klass, 1);
}

TEST_F(Static, CaseOfTheQuestionComesBack) {
  const Reply reply = world_.ask({.name = "StAtIc.ExAmPlE"});
  EXPECT_EQ(reply.message.qname, "StAtIc.ExAmPlE.");
  EXPECT_EQ(reply.section(0)[0], "StAtIc.ExAmPlE. 300 A 203.0.113.2");
}

TEST_F(Static, TruncatesWholeSetsAtTheSizeTheQueryAllows) {
  for (const std::uint16_t payload :
       {std::uint16_t{0}, std::uint16_t{512}, std::uint16_t{1232}, std::uint16_t{65535}}) {
    const std::size_t limit = std::clamp<std::size_t>(payload, 512, 1232);
    const Reply many = world_.ask({.name = "many.example", .payload = payload});
    EXPECT_LE(many.octets.size(), limit);
    EXPECT_EQ(many.text(), "NOERROR aa tc");
    EXPECT_TRUE(many.has_opt);
    const Reply big = world_.ask({.name = "big.example", .type = RrType::kTxt, .payload = payload});
    EXPECT_LE(big.octets.size(), limit);
    EXPECT_EQ(big.tc, limit == 512);
    EXPECT_EQ(big.section(0).size(), limit == 512 ? 0U : 6U);
  }
  const Reply plain = world_.ask({.name = "big.example", .type = RrType::kTxt, .edns = false});
  EXPECT_LE(plain.octets.size(), 512U);
  EXPECT_TRUE(plain.tc);
  EXPECT_FALSE(plain.has_opt);
  const Reply tcp = world_.ask({.name = "many.example", .tcp = true});
  EXPECT_EQ(tcp.answers(RrType::kA).size(), 100U);
  EXPECT_FALSE(tcp.tc);
  EXPECT_EQ(world_.counters.truncated.value(), 7U);
}

TEST_F(Static, StaticAnswersHaveScopeZero) {
  const Reply reply = world_.ask({.name = "static.example", .ecs = "198.51.100.0/24"});
  EXPECT_EQ(reply.scope, 0U);
  EXPECT_EQ(reply.source, 24U);
  EXPECT_EQ(world_.ask({.name = "nothing.example", .ecs = "198.51.100.0/24"}).scope, 0U);
}

}  // namespace
