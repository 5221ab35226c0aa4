#include "gslb/config/protection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

using ::testing::HasSubstr;

const std::string kZone = "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";
const std::string kHex = "0123456789abcdef0123456789ABCDEF";

Config good(const std::string& text) {
  Problems problems;
  auto config = parse(text, "f", problems);
  EXPECT_TRUE(config) << problems.to_string();
  EXPECT_EQ(problems.to_string(), "");
  return config.value_or(Config{});
}

std::string bad(const std::string& text) {
  Problems problems;
  EXPECT_FALSE(parse(text, "f", problems)) << text;
  return problems.to_string();
}

TEST(ProtectionConfig, LetsEverybodyAskAndLimitsNobodyUnlessToldTo) {
  const Config config = good(kZone);
  EXPECT_FALSE(config.acl.restricts_queries);
  EXPECT_TRUE(config.cookies.enabled);
  EXPECT_TRUE(config.cookies.secrets.empty());
  EXPECT_FALSE(config.rate_limit.is_on());
  EXPECT_FALSE(config.zones[0].allow_query);
  EXPECT_TRUE(config.server.proxy_from.empty());
}

TEST(ProtectionConfig, ReadsListsOfPrefixes) {
  const Config config =
      good("[server]\nproxy_from = '192.0.2.7'\n[acl]\nquery = ['10.0.0.0/8', '2001:db8::/32']\n" +
           kZone + "allow_query = '0.0.0.0/0'\n");
  EXPECT_TRUE(config.acl.restricts_queries);
  EXPECT_EQ(config.acl.query[1].to_string(), "2001:db8::/32");
  EXPECT_EQ(config.zones[0].allow_query->at(0).bits(), 0);
  EXPECT_EQ(config.server.proxy_from[0].bits(), 32);
  EXPECT_THAT(bad(kZone + "[acl]\nquery = []\n"), HasSubstr("let everybody ask"));
  EXPECT_THAT(bad(kZone + "[acl]\nquery = ['10.0.0.1/8']\n"), HasSubstr("bits beyond its length"));
  EXPECT_THAT(bad(kZone + "[acl]\nquery = ['everybody']\n"), HasSubstr("not a prefix"));
}

TEST(ProtectionConfig, TakesOneCookieSecretOrTwo) {
  EXPECT_EQ(good(kZone + "[cookies]\nsecret = '" + kHex + "'\n").cookies.secrets.size(), 1U);
  const Config two = good(kZone + "[cookies]\nsecret = '" + kHex + "  " + kHex + "'\n");
  EXPECT_EQ(two.cookies.secrets, (std::vector{kHex, kHex}));
  for (const std::string& secret : {kHex + "0", kHex.substr(1) + "g", kHex + " " + kHex + "0"}) {
    EXPECT_THAT(bad(kZone + "[cookies]\nsecret = '" + secret + "'\n"),
                HasSubstr("32 hexadecimal digits"));
  }
  EXPECT_THAT(bad(kZone + "[cookies]\nsecret = '" + kHex + " " + kHex + " " + kHex + "'\n"),
              HasSubstr("more than two"));
}

TEST(ProtectionConfig, RatesOfOtherClassesAreThatOfPositiveAnswers) {
  const Config config =
      good(kZone + "[rrl]\nresponses_per_second = 50\nerrors_per_second = 0\nslip = 3\n");
  EXPECT_EQ(config.rate_limit.nxdomains_per_second, 50);
  EXPECT_EQ(config.rate_limit.referrals_per_second, 50);
  EXPECT_EQ(config.rate_limit.errors_per_second, 0);
  EXPECT_EQ(config.rate_limit.slip, 3U);
  EXPECT_TRUE(config.rate_limit.is_on());
}

}  // namespace
}  // namespace gslb::config
