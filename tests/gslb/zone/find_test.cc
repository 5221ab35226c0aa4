#include <string>

#include <gtest/gtest.h>

#include "lookup.h"

namespace gslb::zone {
namespace {

struct Case {
  const char* qname;
  dns::RrType qtype;
  const char* expected;
};

void expect_all(const Zone& zone, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(look_up(zone, c.qname, c.qtype), c.expected)
        << c.qname << ' ' << dns::to_string(c.qtype);
  }
}

using dns::RrType;

// The zone of RFC 4592 2.2.1, with addresses for its name servers.
const std::string kRfc4592 =
    "$ORIGIN example.\n"
    "example.                 3600 IN SOA ns.example.com. hostmaster.example. 1 3600 900 86400 "
    "300\n"
    "example.                 3600 NS ns.example.com.\n"
    "example.                 3600 NS ns.example.net.\n"
    "*.example.               3600 TXT \"this is a wildcard\"\n"
    "*.example.               3600 MX 10 host1.example.\n"
    "sub.*.example.           3600 TXT \"this is not a wildcard\"\n"
    "host1.example.           3600 A 192.0.2.1\n"
    "_ssh._tcp.host1.example. 3600 SRV 0 0 22 host1.example.\n"
    "_ssh._tcp.host2.example. 3600 SRV 0 0 22 host1.example.\n"
    "subdel.example.          3600 NS ns.example.com.\n"
    "subdel.example.          3600 NS ns.example.net.\n";

TEST(Find, AnswersTheExamplesOfRfc4592) {
  const auto zone = zone_of("example", kRfc4592);
  expect_all(*zone,
             {
                 {"host3.example", RrType::kMx, "wildcard *.example. of example. 1"},
                 {"host3.example", RrType::kA, "wildcard *.example. of example. 1"},
                 {"foo.bar.example", RrType::kTxt, "wildcard *.example. of example. 2"},
                 {"host1.example", RrType::kMx, "exact host1.example."},
                 {"sub.*.example", RrType::kMx, "exact sub.*.example."},
                 {"_telnet._tcp.host1.example", RrType::kSrv, "nxdomain in _tcp.host1.example. 1"},
                 {"host.subdel.example", RrType::kA, "delegation subdel.example. 1"},
                 {"ghost.*.example", RrType::kMx, "nxdomain in *.example. 1"},
                 // 2.2.2 and 2.2.3: asterisks asked for literally, and empty non-terminals.
                 {"*.example", RrType::kTxt, "exact *.example."},
                 {"_tcp.host2.example", RrType::kA, "exact _tcp.host2.example."},
                 {"host2.example", RrType::kA, "exact host2.example."},
                 {"*.host1.example", RrType::kA, "nxdomain in host1.example. 1"},
                 {"EXAMPLE", RrType::kSoa, "exact example."},
                 {"HoSt1.ExAmPlE", RrType::kA, "exact host1.example."},
             });
}

// RFC 1034 6.1 cut down to what its queries of 6.2 touch.
TEST(Find, AnswersTheExamplesOfRfc1034) {
  const auto zone = zone_of(
      ".",
      "$TTL 86400\n"
      ".            SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400\n"
      ".            NS  A.ISI.EDU.\n"
      ".            NS  C.ISI.EDU.\n"
      ".            NS  SRI-NIC.ARPA.\n"
      "MIL.         NS  SRI-NIC.ARPA.\n"
      "MIL.         NS  A.ISI.EDU.\n"
      "EDU.         NS  SRI-NIC.ARPA.\n"
      "EDU.         NS  C.ISI.EDU.\n"
      "SRI-NIC.ARPA. A  26.0.0.73\n"
      "SRI-NIC.ARPA. A  10.0.0.51\n"
      "SRI-NIC.ARPA. MX 0 SRI-NIC.ARPA.\n"
      "SRI-NIC.ARPA. HINFO DEC-2060 TOPS20\n"
      "ACC.ARPA.    A   26.6.0.65\n"
      "USC-ISIC.ARPA. CNAME C.ISI.EDU.\n"
      "73.0.0.26.IN-ADDR.ARPA. PTR SRI-NIC.ARPA.\n"
      "A.ISI.EDU.   A   26.3.0.103\n"
      "C.ISI.EDU.   A   10.0.0.52\n");
  expect_all(*zone, {
                        {"SRI-NIC.ARPA", RrType::kA, "exact sri-nic.arpa."},    // 6.2.1
                        {"SRI-NIC.ARPA", RrType::kNs, "exact sri-nic.arpa."},   // 6.2.4
                        {"SIR-NIC.ARPA", RrType::kA, "nxdomain in arpa. 1"},    // 6.2.5
                        {"BRL.MIL", RrType::kA, "delegation mil. 1"},           // 6.2.6
                        {"USC-ISIC.ARPA", RrType::kA, "exact usc-isic.arpa."},  // 6.2.7
                        {"ISI.EDU", RrType::kA, "delegation edu. 1"},
                        {"A.ISI.EDU", RrType::kA, "delegation edu. 2"},  // glue is no answer
                        {"IN-ADDR.ARPA", RrType::kA, "exact in-addr.arpa."},
                        {".", RrType::kSoa, "exact ."},
                    });
}

const std::string kHead = "$TTL 300\n@ SOA ns h 1 1 1 1 60\n@ NS ns\nns A 192.0.2.1\n";

TEST(Find, StopsAtTheCutWhateverLiesBelow) {
  const auto zone = zone_of(
      "example",
      kHead +
          "sub NS ns.sub\nns.sub A 192.0.2.2\n"
          "*.sub A 192.0.2.3\n"
          "deeper.sub NS ns.sub\n"
          "sub DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
  expect_all(*zone, {
                        {"sub.example", RrType::kA, "delegation sub.example. 0"},
                        {"sub.example", RrType::kNs, "delegation sub.example. 0"},
                        {"sub.example", RrType::kDs, "exact sub.example."},
                        {"ns.sub.example", RrType::kA, "delegation sub.example. 1"},
                        {"ns.sub.example", RrType::kDs, "delegation sub.example. 1"},
                        {"x.y.deeper.sub.example", RrType::kA, "delegation sub.example. 3"},
                        {"any.sub.example", RrType::kA, "delegation sub.example. 1"},
                        {"example", RrType::kNs, "exact example."},
                    });
  // Glue is there for referrals, though never an answer.
  dns::QuestionName glue;
  glue.assign(name_of("ns.sub.example").wire());
  EXPECT_NE(zone->find_node(glue.wire()), kNoNode);
}

TEST(Find, DnameRulesBelowItsOwnerOnly) {
  const auto zone = zone_of("example", kHead + "d DNAME other.test.\nd TXT here\n");
  expect_all(*zone, {
                        {"d.example", RrType::kTxt, "exact d.example."},
                        {"d.example", RrType::kDname, "exact d.example."},
                        {"a.d.example", RrType::kA, "dname d.example. 1"},
                        {"a.b.c.d.example", RrType::kDs, "dname d.example. 3"},
                        {"*.d.example", RrType::kA, "dname d.example. 1"},
                        {"e.example", RrType::kA, "nxdomain in example. 1"},
                    });
}

TEST(Find, DnameAtTheApexRedirectsAllBelow) {
  const auto zone = zone_of(
      "example", "$TTL 300\n@ SOA ns.test. h.test. 1 1 1 1 60\n@ NS ns.test.\n@ DNAME test.\n");
  EXPECT_EQ(look_up(*zone, "example", RrType::kNs), "exact example.");
  EXPECT_EQ(look_up(*zone, "a.b.example"), "dname example. 2");
}

TEST(Find, ClosestEncloserWithoutWildcardBlocksTheOneAbove) {
  const auto zone = zone_of("example", kHead + "* A 192.0.2.9\nb.a TXT x\n*.b.a A 192.0.2.8\n");
  expect_all(*zone, {
                        {"x.example", RrType::kA, "wildcard *.example. of example. 1"},
                        {"a.example", RrType::kA, "exact a.example."},
                        {"x.a.example", RrType::kA, "nxdomain in a.example. 1"},
                        {"x.b.a.example", RrType::kA, "wildcard *.b.a.example. of b.a.example. 1"},
                        {"*.*.example", RrType::kA, "nxdomain in *.example. 1"},
                    });
}

TEST(Find, WildcardThatIsAnEmptyNonTerminalIsASource) {
  const auto zone = zone_of("example", kHead + "a.* TXT x\n");
  EXPECT_EQ(look_up(*zone, "b.example"), "wildcard *.example. of example. 1");
  dns::QuestionName wildcard;
  wildcard.assign(name_of("*.example").wire());
  EXPECT_EQ(zone->rrset_count(zone->find_node(wildcard.wire())), 0U);
}

TEST(Find, TakesTheLongestQname) {
  const auto zone = zone_of("example", kHead + "* A 192.0.2.9\n");
  std::string longest;
  for (int i = 0; i < 122; ++i) { longest += "a."; }
  EXPECT_EQ(look_up(*zone, longest + "example"), "wildcard *.example. of example. 122");
}

TEST(Find, NamesNeedNotBeText) {
  const auto zone = zone_of("example", kHead + "a\\.b A 192.0.2.2\n\\000\\255 A 192.0.2.3\n");
  EXPECT_EQ(look_up(*zone, "a\\.b.example"), "exact a\\.b.example.");
  EXPECT_EQ(look_up(*zone, "b.example"), "nxdomain in example. 1");
  EXPECT_EQ(look_up(*zone, "\\000\\255.example"), "exact \\000\\255.example.");
}

TEST(Zone, FindNodeRefusesForeignNames) {
  const auto zone = zone_of("a.example", kHead);
  for (const char* foreign : {".", "example", "b.example", "x.b.example", "ns.b.example"}) {
    dns::QuestionName name;
    name.assign(name_of(foreign).wire());
    EXPECT_EQ(zone->find_node(name.wire()), kNoNode) << foreign;
  }
}

TEST(Zone, KeepsRecordsInFileOrderAndDropsRepeats) {
  const auto zone = zone_of(
      "example",
      kHead + "m 60 A 192.0.2.3\nm TXT t\nm 30 A 192.0.2.1\nm 60 A 192.0.2.3\nm A 192.0.2.2\n");
  dns::QuestionName name;
  name.assign(name_of("m.example").wire());
  const NodeIndex node = zone->find_node(name.wire());
  ASSERT_EQ(zone->rrset_count(node), 2U);
  EXPECT_EQ(zone->rrset_at(node, 0).type, RrType::kA);
  EXPECT_EQ(zone->rrset_at(node, 1).type, RrType::kTxt);
  const auto set = zone->rrset(node, RrType::kA);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->count, 3);
  EXPECT_EQ(set->ttl_s, 30U);  // the lowest, RFC 2181 5.2
  std::string last_octets;
  for (dns::RdataCursor r(*set); !r.done(); r.next()) {
    last_octets += static_cast<char>('0' + r.rdata()[3]);
  }
  EXPECT_EQ(last_octets, "312");
  EXPECT_FALSE(zone->rrset(node, RrType::kAaaa));
}

}  // namespace
}  // namespace gslb::zone
