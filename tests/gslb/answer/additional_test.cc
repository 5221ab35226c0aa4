// The additional section: glue, addresses of targets, and what SVCB and HTTPS lead to.
#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using gslb::dns::RrType;
using tests::Reply;
using tests::World;

constexpr const char* kConfig = R"([[zone]]
name = "example."
file = "example.zone"
[[zone]]
name = "other."
file = "other.zone"
)";
constexpr const char* kHead = "$TTL 60\n@ SOA ns.other. h 1 2 3 4 5\n@ NS ns.other.\n";

class Additional : public testing::Test {
 protected:
  static World make() {
    std::string zone = kHead;
    zone +=
        "many NS ns.sibling\nmany NS ns.many\nmany NS out.test.\nns.many A 192.0.2.1\n"
        "sibling NS ns.sibling\nns.sibling A 192.0.2.2\n"
        "mail MX 1 host\nmail MX 2 host\nhost A 192.0.2.3\n"
        "self HTTPS 1 . alpn=h2\nself A 192.0.2.4\nself AAAA 2001:db8::4\n"
        "svc HTTPS 1 host\nsvc HTTPS 2 host port=8443\n"
        "@ HTTPS 0 pool.other.\nnone HTTPS 0 .\n"
        "ring1 SVCB 0 ring2\nring2 SVCB 0 ring1\nme SVCB 0 me\n"
        "plain HTTPS 0 host\nouter HTTPS 0 cdn.test.\ndeep HTTPS 1 x.many\n"
        "*.wild HTTPS 1 .\n*.wild A 192.0.2.9\n";
    for (int i = 0; i < 13; ++i) {
      const std::string name = "ns" + std::to_string(i);
      zone += "big NS " + name + ".big\n" + name + ".big AAAA 2001:db8::" + name.substr(2) + "\n";
    }
    zone += "d DNAME t\nin.t CNAME x.d\n*.t A 192.0.2.8\nend DNAME end2\n";
    const std::string other =
        std::string(kHead) + "ns A 192.0.2.5\npool HTTPS 1 edge alpn=h3\nedge A 192.0.2.6\n";
    return World(kConfig, {{"example.zone", zone}, {"other.zone", other}});
  }
  std::string extra(const std::string& name, RrType type) {
    std::string text;
    for (const std::string& record : world_.ask({.name = name, .type = type}).section(2)) {
      text += (text.empty() ? "" : "; ") + record;
    }
    return text;
  }
  World world_ = make();
};

TEST_F(Additional, GlueBelowTheCutComesBeforeSiblingGlue) {
  EXPECT_EQ(extra("x.many.example", RrType::kA),
            "ns.many.example. 60 A 192.0.2.1; ns.sibling.example. 60 A 192.0.2.2");
}

TEST_F(Additional, GlueThatDoesNotFitSetsTc) {
  EXPECT_TRUE(world_.ask({.name = "x.big.example", .edns = false}).tc);
  const Reply whole = world_.ask({.name = "x.big.example"});
  EXPECT_FALSE(whole.tc);
  EXPECT_EQ(whole.section(2).size(), 13U);
}

TEST_F(Additional, AnAddressStandsOnce) {
  EXPECT_EQ(extra("mail.example", RrType::kMx), "host.example. 60 A 192.0.2.3");
  EXPECT_EQ(extra("svc.example", RrType::kHttps), "host.example. 60 A 192.0.2.3");
}

TEST_F(Additional, ADotInServiceModeIsTheOwner) {
  EXPECT_EQ(extra("self.example", RrType::kHttps),
            "self.example. 60 A 192.0.2.4; self.example. 60 AAAA 2001:db8::4");
}

TEST_F(Additional, AliasModeIsFollowedThroughLocalZones) {
  EXPECT_EQ(extra("example", RrType::kHttps),
            "pool.other. 60 HTTPS 21 octets; edge.other. 60 A 192.0.2.6");
  EXPECT_EQ(extra("plain.example", RrType::kHttps), "host.example. 60 A 192.0.2.3");
}

TEST_F(Additional, NothingIsMadeUpForServiceTargets) {
  EXPECT_EQ(extra("none.example", RrType::kHttps), "");
  EXPECT_EQ(extra("outer.example", RrType::kHttps), "");
  EXPECT_EQ(extra("deep.example", RrType::kHttps), "") << "below a cut";
  EXPECT_EQ(extra("x.wild.example", RrType::kHttps), "") << "a wildcard";
  EXPECT_EQ(extra("me.example", RrType::kSvcb), "");
}

TEST_F(Additional, AnAliasRingEnds) {
  const Reply reply = world_.ask({.name = "ring1.example", .type = RrType::kSvcb});
  EXPECT_LE(reply.section(2).size(), 5U);
}

TEST_F(Additional, ADnameStandsOnceInAChain) {
  EXPECT_EQ(world_.ask({.name = "in.d.example"}).text(),
            "NOERROR aa; d.example. 60 DNAME t.example.; in.d.example. 60 CNAME in.t.example.; "
            "in.t.example. 60 CNAME x.d.example.; x.d.example. 60 CNAME x.t.example.; "
            "x.t.example. 60 A 192.0.2.8");
}

TEST_F(Additional, AnAskedForCnameIsNotFollowedBelowADname) {
  EXPECT_EQ(world_.ask({.name = "x.end.example", .type = RrType::kCname}).text(),
            "NOERROR aa; end.example. 60 DNAME end2.example.; "
            "x.end.example. 60 CNAME x.end2.example.");
  EXPECT_EQ(world_.ask({.name = "in.t.example", .type = RrType::kNsec}).text(),
            "NOERROR aa; authority example. 5 SOA ns.other.")
      << "NSEC stands beside a CNAME";
}

}  // namespace
