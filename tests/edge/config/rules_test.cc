#include <gtest/gtest.h>

#include "edge/config/config.h"

#include "tests/support/folder.h"

namespace edge::config {
namespace {

constexpr const char* kBase = R"([edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:8080"]
[origin]
url = "http://127.0.0.1:1"
)";

std::string problems_of(const std::string& text, const std::string& file = "edge.toml") {
  gslb::Problems problems;
  parse(kBase + text, file, problems);
  return problems.to_string();
}

Config good(const std::string& text, const std::string& file = "edge.toml") {
  gslb::Problems problems;
  auto config = parse(kBase + text, file, problems);
  EXPECT_TRUE(config.has_value()) << problems.to_string();
  return config.value_or(Config{});
}

TEST(Rules, AreReadInTheirOrder) {
  const Config config = good(R"(
[[rule]]
name = "ban"
client = ["192.0.2.0/24", "198.51.100.7"]
action = "deny"
[[rule]]
name = "rate"
rate = 10
by = "cookie:sid"
action = "deny"
[[rule]]
name = "slow"
path = ["/big/*"]
header = ["User-Agent: *bot*", "!Referer", "X-Any"]
action = "throttle"
bytes_per_s = "1MiB"
after = "10MiB"
dry_run = true
[[site]]
host = "a.example"
url = "http://127.0.0.1:2"
[[site.rule]]
name = "move"
host = "A.example"
action = "redirect"
location = "https://b.example/"
status = 301
)");
  ASSERT_EQ(config.rules.size(), 3U);
  EXPECT_TRUE(config.rules[0].clients.contains(*gslb::Address::parse("198.51.100.7")));
  EXPECT_FALSE(config.rules[0].clients.contains(*gslb::Address::parse("198.51.100.8")));
  EXPECT_EQ(config.rules[0].status, 403);
  EXPECT_EQ(config.rules[1].status, 429);
  EXPECT_EQ(config.rules[1].burst, 10);
  EXPECT_EQ(config.rules[1].by, Rule::By::kCookie);
  EXPECT_EQ(config.rules[1].by_name, "sid");
  EXPECT_EQ(config.rules[2].octets_per_s, 1 << 20);
  ASSERT_EQ(config.rules[2].fields.size(), 3U);
  EXPECT_EQ(config.rules[2].fields[0].value, "*bot*");
  EXPECT_TRUE(config.rules[2].fields[1].absent);
  EXPECT_EQ(config.rules[2].fields[2].value, "*");
  EXPECT_TRUE(config.rules[2].dry_run);
  ASSERT_EQ(config.sites[0].rules.size(), 1U);
  EXPECT_EQ(config.sites[0].rules[0].status, 301);
  EXPECT_EQ(config.sites[0].rules[0].hosts[0], "a.example");
}

TEST(Rules, PrefixFilesAreReadAndWhatIsWrongInThemIsShown) {
  const tests::Folder folder;
  folder.write("bans.txt", "# bad ones\n192.0.2.0/24\n\n2001:db8::/32 # v6\n");
  const std::string rule = "[[rule]]\nname=\"b\"\naction=\"deny\"\nclient_file=\"bans.txt\"\n";
  const Config config = good(rule, folder / "edge.toml");
  EXPECT_TRUE(config.rules[0].clients.contains(*gslb::Address::parse("2001:db8::1")));
  folder.write("bans.txt", "192.0.2.0/24\n192.0.2.1/24\n");
  const std::string problems = problems_of(rule, folder / "edge.toml");
  EXPECT_NE(problems.find("bans.txt:2:1"), std::string::npos) << problems;
}

TEST(Rules, AnEmptyListOfClientsIsNobody) {
  const tests::Folder folder;
  folder.write("bans.txt", "# none today\n");
  const Config config = good("[[rule]]\nname=\"b\"\naction=\"deny\"\nclient_file=\"bans.txt\"\n",
                             folder / "edge.toml");
  EXPECT_TRUE(config.rules[0].not_clients.contains(*gslb::Address::parse("203.0.113.9")));
  EXPECT_TRUE(config.rules[0].not_clients.contains(*gslb::Address::parse("2001:db8::9")));
}

TEST(Rules, WhatIsWrongIsShown) {
  const std::string rule = "[[rule]]\nname = \"a\"\n";
  for (const auto& [text, expected] : std::initializer_list<std::pair<std::string, const char*>>{
           {rule, "action"},
           {rule + "action = \"denny\"\n", "did you mean 'deny'"},
           {"[[rule]]\naction = \"deny\"\n", "name"},
           {"[[rule]]\nname = \"a b\"\naction = \"deny\"\n", "no name"},
           {rule + "action = \"deny\"\n" + rule + "action = \"deny\"\n", "another rule"},
           {rule + "action = \"redirect\"\n", "location"},
           {rule + "action = \"throttle\"\n", "bytes_per_s"},
           {rule + "action = \"allow\"\nstatus = 403\n", "no status"},
           {rule + "action = \"deny\"\nby = \"client\"\n", "there is no rate"},
           {rule + "action = \"deny\"\nrate = 1\nby = \"moon\"\n", "nothing to count by"},
           {rule + "action = \"deny\"\nclient = \"nowhere\"\n", "no prefix"},
           {rule + "action = \"deny\"\npath = \"admin\"\n", "matches no path"},
           {rule + "action = \"deny\"\nheader = \"a b: c\"\n", "names no field"},
           {rule + "action = \"deny\"\npaht = \"/\"\n", "did you mean 'path'"},
       }) {
    EXPECT_NE(problems_of(text).find(expected), std::string::npos) << text << problems_of(text);
  }
}

TEST(CachePolicy, ASiteHasTheGlobalOneWhereItSaysNothing) {
  const Config config = good(R"(
[cache]
negative_ttl = "7s"
ignore_query = ["utm_*"]
max_ttl = "1h"
[[site]]
host = "a.example"
url = "http://127.0.0.1:2"
[site.cache]
ttl = "5m"
honour_origin = false
query = "sort"
key_host = "WWW.a.example"
bypass_cookies = ["session*"]
[[site]]
host = "b.example"
url = "http://127.0.0.1:2"
)");
  const CachePolicy& a = config.policy_for(*config.origin_for("a.example"));
  EXPECT_EQ(a.negative_ttl_s, 7);
  EXPECT_EQ(a.ttl_s, 300);
  EXPECT_EQ(a.max_ttl_s, 3600);
  EXPECT_TRUE(a.ignore_origin);
  EXPECT_EQ(a.key.query, KeyRules::Query::kSort);
  EXPECT_EQ(a.key.ignore, std::vector<std::string>{"utm_*"});
  EXPECT_EQ(a.key.host, "www.a.example");
  const CachePolicy& b = config.policy_for(*config.origin_for("b.example"));
  EXPECT_EQ(b.max_ttl_s, 3600);
  EXPECT_FALSE(b.ttl_s);
  const CachePolicy& other = config.policy_for(*config.origin_for("c.example"));
  EXPECT_FALSE(other.ignore_origin);
  EXPECT_FALSE(other.key.is_usual());
}

TEST(CachePolicy, WhatIsWrongIsShown) {
  EXPECT_NE(problems_of("[cache]\nmin_ttl = 10\nmax_ttl = 5\n").find("min_ttl is above"),
            std::string::npos);
  EXPECT_NE(problems_of("[cache]\nhonour_origin = false\n").find("there has to be a ttl"),
            std::string::npos);
  EXPECT_NE(problems_of("[cache]\nkey_host = \"*.a\"\n").find("is no host"), std::string::npos);
}

TEST(ReportHosts, ArePatternsOfHosts) {
  const Config config = good("[report]\nhosts = [\"*.Video.example\", \"www.example\"]\n");
  EXPECT_EQ(config.report.hosts[0], "*.video.example");
  EXPECT_NE(problems_of("[report]\nhosts = [\"a/b\"]\n").find("is no host"), std::string::npos);
}

}  // namespace
}  // namespace edge::config
