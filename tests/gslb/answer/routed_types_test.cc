// Decisions that are answered with more than addresses: HTTPS records, and other CDNs' names.
#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using gslb::dns::RrType;
using gslb::fleet::AdminState;
using tests::Reply;
using tests::World;

const std::string kConfig =
    tests::text_of_zone("example.", "example.zone") +
    tests::text_of({.id = "fra",
                    .nodes = {"203.0.113.1 2001:db8::1", "203.0.113.2"},
                    .more = "host = \"fra.c.example.\""}) +
    tests::text_of({.id = "nyc",
                    .nodes = {"203.0.113.9"},
                    .place = "latitude = 40\nlongitude = -74",
                    .more = "host = \"nyc.c.example.\"\nbias_ms = 5"}) +
    tests::text_of({.id = "other", .more = "tiers = [\"other\"]\ncname = \"Cust.Other.Test.\""}) +
    R"(
[service.web]
ttl = 30
[service.web.https]
alpn = ["h3", "h2"]
port = 8443
runner_up = true
[service.plain]
[service.plain.https]
alpn = ["h2"]
hints = false
[service.multi]
tiers = ["default", "other"]
fallback = "servfail"
)" +
    tests::text_of_routes({{"*.cdn.example.", "web"},
                           {"plain.example.", "plain"},
                           {"fixed.example.", "plain"},
                           {"example.", "plain"},
                           {"multi.example.", "multi"}});
constexpr const char* kZone =
    "$TTL 60\n@ SOA ns.test. h 1 2 3 4 5\n@ NS ns.test.\n@ TXT apex\n@ CAA 0 issue ca.test\n"
    "fixed HTTPS 0 elsewhere.test.\nplain TXT beside\n";

class RoutedTypes : public testing::Test {
 protected:
  // RDATA of the answer's HTTPS records, in hexadecimal.
  std::vector<std::string> https(const std::string& name) {
    std::vector<std::string> found;
    const Reply reply = world_.ask({.name = name, .type = RrType::kHttps});
    for (const auto& record : reply.message.sections[0]) {
      if (record.type != RrType::kHttps) { continue; }
      std::string& text = found.emplace_back();
      for (const std::uint8_t octet : record.rdata) {
        constexpr const char* kDigits = "0123456789abcdef";
        text += kDigits[octet >> 4];
        text += kDigits[octet & 15];
      }
    }
    return found;
  }
  std::string text(const std::string& name, RrType type) {
    return world_.ask({.name = name, .type = type}).text();
  }
  World world_{kConfig, {{"example.zone", kZone}}};
};

constexpr const char* kParameters =
    "00010006"
    "026833"
    "026832"  // alpn h3, h2
    "00030002"
    "20fb";  // port 8443

TEST_F(RoutedTypes, HintsAreTheAddressesOfTheSameDecision) {
  for (const char* name : {"a.cdn.example", "b.cdn.example", "c.cdn.example", "d.cdn.example"}) {
    const auto a = world_.ask({.name = name}).answers(RrType::kA);
    ASSERT_EQ(a.size(), 1U);
    const auto records = https(name);
    ASSERT_EQ(records.size(), 2U);
    const std::string hint = a[0] == "203.0.113.1" ? "cb007101" : "cb007102";
    const std::string ipv6 =
        "00060010"
        "20010db8000000000000000000000001";
    EXPECT_EQ(records[0], std::string("0001"
                                      "00") +
                              kParameters + "00040004" + hint + ipv6)
        << name;
    EXPECT_EQ(world_.ask({.name = name, .type = RrType::kAaaa}).answers(RrType::kAaaa)[0],
              "2001:db8::1");
    EXPECT_EQ(records[1], std::string("0002"
                                      "036e7963016307"
                                      "6578616d706c6500") +
                              kParameters +
                              "00040004"
                              "cb007109")
        << "the runner-up by its host";
  }
}

TEST_F(RoutedTypes, TheRunnerUpServesOrIsLeftOut) {
  world_.set_admin("nyc", AdminState::kDown);
  EXPECT_EQ(https("a.cdn.example").size(), 1U);
  world_.set_admin("nyc", AdminState::kNone);
  world_.set_admin("fra", AdminState::kDown);
  const auto records = https("a.cdn.example");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_NE(records[0].find("cb007109"), std::string::npos);
}

TEST_F(RoutedTypes, HttpsWithoutHintsAndAtTheApex) {
  const std::vector<std::string> wanted = {
      "0001"
      "00"
      "00010003"
      "026832"};
  EXPECT_EQ(https("plain.example"), wanted);
  EXPECT_EQ(https("example"), wanted);
  EXPECT_EQ(text("example", RrType::kTxt), "NOERROR aa; example. 60 TXT \"apex\"");
  EXPECT_EQ(text("example", RrType::kCaa), "NOERROR aa; example. 60 CAA 14 octets");
  EXPECT_EQ(text("plain.example", RrType::kTxt), "NOERROR aa; plain.example. 60 TXT \"beside\"");
  EXPECT_EQ(world_.ask({.name = "example"}).answers(RrType::kA).size(), 1U);
}

TEST_F(RoutedTypes, AZonesOwnHttpsRecordStands) {
  ASSERT_EQ(https("fixed.example").size(), 1U);
  EXPECT_EQ(https("fixed.example")[0].substr(0, 4), "0000");
}

TEST_F(RoutedTypes, SvcbIsTheZonesAlone) {
  EXPECT_EQ(text("a.cdn.example", RrType::kSvcb), "NOERROR aa; authority example. 5 SOA ns.test.");
}

TEST_F(RoutedTypes, AnotherCdnIsItsNameForEveryType) {
  EXPECT_EQ(text("multi.example", RrType::kTxt), "NOERROR aa; authority example. 5 SOA ns.test.");
  EXPECT_EQ(world_.ask({.name = "multi.example"}).answers(RrType::kA).size(), 1U);
  world_.set_admin("fra", AdminState::kDown);
  world_.set_admin("nyc", AdminState::kDown);
  for (const RrType type :
       {RrType::kA, RrType::kAaaa, RrType::kTxt, RrType::kHttps, RrType::kCname}) {
    EXPECT_EQ(text("multi.example", type), "NOERROR aa; multi.example. 60 CNAME Cust.Other.Test.");
  }
  world_.set_admin("other", AdminState::kDrain);
  EXPECT_EQ(text("multi.example", RrType::kA), "SERVFAIL");
}

std::string refusal(const std::string& from, const std::string& to) {
  std::string config = kConfig;
  config.replace(config.find(from), from.size(), to);
  try {
    World(config, {{"example.zone", kZone}});
  } catch (const std::runtime_error& error) { return error.what(); }
  return "";
}

TEST(RoutedTypesCheck, RefusesWhatCannotBeAnswered) {
  EXPECT_NE(refusal("name = \"example.\"\nservice = \"plain\"",
                    "name = \"example.\"\nservice = \"multi\"")
                .find("can't be answered with a CNAME there"),
            std::string::npos);
  EXPECT_NE(refusal("cname = \"Cust.Other.Test.\"", "cname = \"a..b\"")
                .find("cname 'a..b' is not a domain name"),
            std::string::npos);
  EXPECT_NE(
      refusal("cname = \"Cust.Other.Test.\"", "cname = \"c.test.\"\nkey = \"0123456789abcdef\"")
          .find("'key' is not used"),
      std::string::npos);
  EXPECT_NE(refusal("health = \"none\"\ntiers = [\"other\"]",
                    "health = \"heartbeat\"\ntiers = [\"other\"]")
                .find("sends no heartbeats"),
            std::string::npos);
}

}  // namespace
