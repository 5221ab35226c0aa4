#include "gslb/zone/loader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/base/file.h"

#include "lookup.h"
#include "tests/support/folder.h"

namespace gslb::zone {
namespace {

using dns::RrType;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHead =
    "$TTL 3600\n"
    "@ SOA ns hostmaster 7 3600 1200 604800 300\n"
    "@ NS ns\n"
    "ns A 192.0.2.1\n";  // four lines

std::string problems_of(const std::string& body, const std::vector<RouteBinding>& routes = {}) {
  Problems problems;
  const auto zone =
      load_zone_text(name_of("example.com"), std::string(kHead) + body, "z", routes, problems);
  EXPECT_EQ(zone == nullptr, problems.has_errors()) << problems.to_string();
  return problems.to_string();
}

// RDATA of the first record of `type` at "r.example.com", in hexadecimal.
std::string rdata_of(const std::string& record, RrType type) {
  const auto zone = zone_of("example.com", std::string(kHead) + "r " + record + "\n");
  if (zone == nullptr) { return "?"; }
  dns::QuestionName name;
  name.assign(name_of("r.example.com").wire());
  const auto set = zone->rrset(zone->find_node(name.wire()), type);
  if (!set) { return "absent"; }
  std::string out;
  for (const std::uint8_t octet : dns::RdataCursor(*set).rdata()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

TEST(Loader, ReadsSoaAndCounts) {
  Problems problems;
  const auto zone = load_zone_text(name_of("example.com"), std::string(kHead) + "www A 192.0.2.2\n",
                                   "z", {}, problems);
  ASSERT_NE(zone, nullptr) << problems.to_string();
  EXPECT_EQ(problems.to_string(), "");
  EXPECT_EQ(zone->serial(), 7U);
  EXPECT_EQ(zone->negative_ttl_s(), 300U);
  EXPECT_EQ(zone->record_count(), 4U);
  EXPECT_EQ(zone->apex(), name_of("example.com"));
}

TEST(Loader, NegativeTtlIsTheLowerOfSoaTtlAndMinimum) {
  const auto zone = zone_of("example", "@ 60 SOA n.test. h.test. 1 1 1 1 300\n@ 60 NS n.test.\n");
  EXPECT_EQ(zone->negative_ttl_s(), 60U);
}

TEST(Loader, ReportsLineAndColumn) {
  EXPECT_THAT(problems_of("\n\nwww  A   192.0.2.300\n"), StartsWith("z:7:10: error: A: "));
  EXPECT_THAT(problems_of("www ( ; comment\n  300\n  IN A\n 1.2.3 )\n"),
              StartsWith("z:8:2: error: A: '1.2.3'"));
  EXPECT_THAT(problems_of("www TXT \"a\n"), StartsWith("z:5:9: error: quoted string"));
}

TEST(Loader, ReportsAllErrorsNotOnlyTheFirst) {
  const std::string text = problems_of("a A x\nb B y\nc A 192.0.2.1\nd..d A 192.0.2.1\n");
  EXPECT_THAT(text, HasSubstr("z:5:"));
  EXPECT_THAT(text, HasSubstr("z:6:"));
  EXPECT_THAT(text, HasSubstr("z:8:"));
}

TEST(Loader, QuotesAreForCharacterStrings) {
  EXPECT_THAT(problems_of("a A \"192.0.2.1\"\n"), StartsWith("z:5:5: error: A: quotes are for"));
  EXPECT_THAT(problems_of("a MX 10 \"ns\"\n"), StartsWith("z:5:9: error: MX: quotes are for"));
  EXPECT_THAT(problems_of("a \"300\" A 192.0.2.1\n"), StartsWith("z:5:3: error: unknown RR type"));
  EXPECT_THAT(problems_of("$TTL \"300\"\n"), StartsWith("z:5:6: error: '300' is not a TTL"));
  EXPECT_THAT(problems_of("$ORIGIN \"a\"\n"), StartsWith("z:5:1: error: $ORIGIN takes one name"));
  EXPECT_EQ(problems_of("a CAA 0 \"issue\" \"ca.test\"\na HTTPS 1 . alpn=\"h2\"\n"), "");
}

TEST(Loader, DigestsHaveTheSizeOfTheirType) {
  EXPECT_THAT(problems_of("a NS ns.b.test.\na DS 1 13 2 abcd\n"),
              StartsWith("z:6:13: error: DS: a digest of type 2 has 32 octets, not 2"));
  EXPECT_THAT(problems_of("a SSHFP 1 1 abcd\n"),
              StartsWith("z:5:13: error: SSHFP: a digest of type 1 has 20 octets, not 2"));
  EXPECT_THAT(problems_of("a CAA 0 \"\" \"ca.test\"\n"), HasSubstr("tag is empty"));
  EXPECT_EQ(problems_of("@ CDS 0 0 0 00\na SSHFP 1 9 abcd\n"), "") << "delete, unknown types";
}

TEST(Loader, StopsAfterManyErrors) {
  std::string body;
  for (int i = 0; i < 5000; ++i) { body += "a A x\n"; }
  const std::string text = problems_of(body);
  EXPECT_THAT(text, HasSubstr("too many errors"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 110);
}

TEST(Loader, BlankOwnerIsTheOneAboveAndOriginApplies) {
  const auto zone = zone_of(
      "example.com",
      std::string(kHead) +
          "a TXT one\n  TXT two\n$ORIGIN b\nc A 192.0.2.2\n$ORIGIN example.com.\nd A 192.0.2.3\n");
  dns::QuestionName name;
  name.assign(name_of("a.example.com").wire());
  EXPECT_EQ(zone->rrset(zone->find_node(name.wire()), RrType::kTxt)->count, 2);
  EXPECT_EQ(look_up(*zone, "c.b.example.com"), "exact c.b.example.com.");
  EXPECT_EQ(look_up(*zone, "d.example.com"), "exact d.example.com.");
}

TEST(Loader, TtlAndClassComeInEitherOrder) {
  const auto zone = zone_of(
      "example.com",
      std::string(kHead) +
          "a IN 10 A 192.0.2.2\nb 20 IN A 192.0.2.2\nc 1h30m A 192.0.2.2\nd IN A 192.0.2.2\n"
          "$TTL 5\ne A 192.0.2.2\nf class1 7 A 192.0.2.2\n");
  const std::vector<std::pair<std::string, std::uint32_t>> expected = {
      {"a", 10}, {"b", 20}, {"c", 5400}, {"d", 3600}, {"e", 5}, {"f", 7}};
  for (const auto& [label, ttl_s] : expected) {
    dns::QuestionName name;
    name.assign(name_of(label + ".example.com").wire());
    EXPECT_EQ(zone->rrset(zone->find_node(name.wire()), RrType::kA)->ttl_s, ttl_s) << label;
  }
}

TEST(Loader, TtlIsTakenFromTheLastOrTheSoaWithAWarning) {
  Problems problems;
  const auto zone = load_zone_text(
      name_of("example"),
      "@ SOA n.test. h.test. 1 1 1 1 300\n@ NS n.test.\na 60 A 192.0.2.1\nb A 192.0.2.1\n", "z", {},
      problems);
  ASSERT_NE(zone, nullptr) << problems.to_string();
  EXPECT_THAT(problems.to_string(), HasSubstr("z:1:1: warning: no TTL given"));
  dns::QuestionName name;
  name.assign(name_of("b.example").wire());
  EXPECT_EQ(zone->rrset(zone->find_node(name.wire()), RrType::kA)->ttl_s, 60U);
}

TEST(Loader, ReadsRdataExactly) {
  EXPECT_EQ(rdata_of("TXT \"a\\\"b\" c\\;d \"\"", RrType::kTxt), "0361226203633b6400");
  EXPECT_EQ(rdata_of("MX 10 a.b", RrType::kMx),
            "000a0161016207657861"
            "6d706c6503636f6d00");
  EXPECT_EQ(rdata_of("AAAA ::ffff:192.0.2.1", RrType::kAaaa), "00000000000000000000ffffc0000201");
  EXPECT_EQ(rdata_of("CAA 0 issue \"ca.test\"", RrType::kCaa),
            "00056973737565"
            "63612e74657374");
  EXPECT_EQ(rdata_of("A \\# 4 C0 00 0201", RrType::kA), "c0000201");
  EXPECT_EQ(rdata_of("TYPE65280 \\# 0", static_cast<RrType>(65280)), "");
  EXPECT_EQ(rdata_of("HTTPS 1 . port=443 alpn=\"h2,h3\"", RrType::kHttps),
            "00010000010006026832026833"
            "0003000201bb");
  EXPECT_EQ(rdata_of("APL 1:192.0.2.0/24 !2:2001:db8::/32", RrType::kApl),
            "00011803c00002"
            "0002208420010db8");
  EXPECT_EQ(rdata_of("DSYNC CDS NOTIFY 5359 t.", static_cast<RrType>(66)), "003b0114ef017400");
  EXPECT_EQ(rdata_of("RESINFO a b=1", static_cast<RrType>(261)), "016103623d31");
  EXPECT_EQ(rdata_of("TLSA 3 1 1 0123 4567", RrType::kTlsa), "03010101234567");
  constexpr auto kHip = static_cast<RrType>(55);
  EXPECT_EQ(rdata_of("HIP 2 2001 AQID", kHip), "020200032001010203");
  EXPECT_EQ(rdata_of("HIP 2 2001 AQID a. b.", kHip), "020200032001010203016100016200");
  EXPECT_EQ(rdata_of("CNAME @", RrType::kCname), "076578616d706c6503636f6d00");
}

TEST(Loader, GenerateExpandsAsBindDoes) {
  const auto zone = zone_of("example.com", std::string(kHead) +
                                               "$GENERATE 1-3 h$ A 192.0.2.${10}\n"
                                               "$GENERATE 0-20/10 p${1,3,d} 60 IN CNAME h$$x\n"
                                               "$GENERATE 16-17 ${0,3,n}.ip6 PTR n${0,2,X}\n");
  for (const char* name : {"h1", "h2", "h3", "p001", "p011", "p021", "0.1.ip6", "1.1.ip6"}) {
    const std::string full = std::string(name) + ".example.com.";
    EXPECT_EQ(look_up(*zone, full), "exact " + full);
  }
  EXPECT_THAT(look_up(*zone, "h4.example.com"), StartsWith("nxdomain"));
  EXPECT_EQ(zone->record_count(), 11U);
}

// The example of BIND's manual is MX "0 .".
TEST(Loader, GeneratedDataInQuotesAreFields) {
  const auto zone =
      zone_of("example.com", std::string(kHead) +
                                 "$GENERATE 1-2 h$ MX \"0 .\"\n"
                                 "$GENERATE 1-2 t$ 60 IN TXT \"one \\\"$ two\\\"\"\n");
  EXPECT_EQ(zone->record_count(), 7U);
  const auto texts = zone->rrset(zone->find_node(name_of("t2.example.com").wire()), RrType::kTxt);
  ASSERT_TRUE(texts);
  EXPECT_EQ(gslb::as_text(texts->rdata.subspan(2)), "\3one\0052 two");
  EXPECT_THAT(problems_of("$GENERATE 1-2 h$ MX \"0 \\\".\"\n"), HasSubstr("is not whole"));
}

TEST(Loader, WarnsButLoads) {
  EXPECT_THAT(problems_of("a 60 A 192.0.2.1\na 30 A 192.0.2.2\n"),
              HasSubstr("z:5:1: warning: records of one A RRset differ in TTL"));
  EXPECT_THAT(problems_of("@ MX 10 nowhere\n"), HasSubstr("warning: MX target"));
  EXPECT_THAT(problems_of("_s._tcp SRV 0 0 1 c\nc CNAME ns\n"), HasSubstr("is an alias"));
  EXPECT_THAT(problems_of("*.w NS ns\n"), HasSubstr("warning: wildcard"));
  EXPECT_THAT(problems_of("sub NS ns\nx.sub TXT t\n"), HasSubstr("is never answered"));
  EXPECT_EQ(problems_of("@ MX 0 .\n@ MX 10 mail.other.test.\nsub NS ns.other.test.\n"), "");
}

TEST(Loader, RoutesLieBesideOtherDataButNotAddressesOrAliases) {
  const auto route = [](const std::string& owner) {
    return std::vector<RouteBinding>{{name_of(owner), 1, {"p.toml", 9, 2}}};
  };
  EXPECT_EQ(problems_of("cdn TXT t\n", route("cdn.example.com")), "");
  EXPECT_EQ(problems_of("", route("*.cdn.example.com")), "");
  EXPECT_EQ(problems_of("", route("example.com")), "");
  EXPECT_EQ(problems_of("", route("other.test")), "");
  EXPECT_EQ(problems_of("@ MX 1 m\n", route("m.example.com")), "");  // a route is an address
  EXPECT_THAT(problems_of("cdn A 192.0.2.2\n", route("cdn.example.com")),
              StartsWith("p.toml:9:2: error: cdn.example.com. is routed but the zone has its A"));
  EXPECT_THAT(problems_of("cdn CNAME ns\n", route("cdn.example.com")), HasSubstr("has its CNAME"));
  EXPECT_THAT(problems_of("d DNAME t.test.\n", route("x.d.example.com")), HasSubstr("DNAME"));
  EXPECT_THAT(problems_of("s NS ns\n", route("x.s.example.com")), HasSubstr("zone cut"));
  EXPECT_THAT(problems_of("s NS ns\n", route("s.example.com")), HasSubstr("zone cut"));
  Problems problems;
  EXPECT_EQ(load_zone_text(name_of("example.com"), kHead, "z",
                           {{name_of("a.example.com"), 1, {}}, {name_of("A.example.com"), 2, {}}},
                           problems),
            nullptr);
  EXPECT_THAT(problems.to_string(), HasSubstr("routed twice"));
}

TEST(Loader, IncludedFilesAreRelativeAndNamedInProblems) {
  const tests::Folder folder;
  std::filesystem::create_directories(folder / "parts");
  const auto put = [&](const char* name, const std::string& text) { folder.write(name, text); };
  put("main.zone", std::string(kHead) + "a TXT before\n$INCLUDE parts/one sub\n  TXT after\n");
  put("parts/one", "www A 192.0.2.2\n$ORIGIN elsewhere.example.com.\n$INCLUDE two\n");
  put("parts/two", "x A 192.0.2.3\n");
  Problems problems;
  const auto zone = load_zone(name_of("example.com"), folder / "main.zone", {}, problems);
  ASSERT_NE(zone, nullptr) << problems.to_string();
  EXPECT_EQ(look_up(*zone, "www.sub.example.com"), "exact www.sub.example.com.");
  EXPECT_EQ(look_up(*zone, "x.elsewhere.example.com"), "exact x.elsewhere.example.com.");
  dns::QuestionName name;  // the owner before $INCLUDE is the owner after it
  name.assign(name_of("a.example.com").wire());
  EXPECT_EQ(zone->rrset(zone->find_node(name.wire()), RrType::kTxt)->count, 2);

  put("parts/two", "\nx A 192.0.2.3.4\n");
  EXPECT_EQ(load_zone(name_of("example.com"), folder / "main.zone", {}, problems), nullptr);
  EXPECT_THAT(problems.to_string(), HasSubstr("parts/two:2:5: error: A: "));
}

TEST(Loader, TextMayNotInclude) {
  EXPECT_THAT(problems_of("$INCLUDE /etc/hostname\n"), HasSubstr("not allowed"));
}

TEST(Loader, MissingFileIsAProblem) {
  Problems problems;
  EXPECT_EQ(load_zone(name_of("example"), "/nonexistent/zone", {}, problems), nullptr);
  EXPECT_THAT(problems.to_string(), HasSubstr("cannot read the zone file"));
}

}  // namespace
}  // namespace gslb::zone
