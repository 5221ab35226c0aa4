#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHead =
    "[[zone]]\nname = \"example.\"\nfile = \"example.zone\"\n"
    "[cluster.fra]\nlatitude = 50\nlongitude = 8\n";
constexpr const char* kNode = "[[cluster.fra.node]]\nid = \"n1\"\nipv4 = \"192.0.2.1\"\n";
constexpr const char* kKey = "key = \"0123456789abcdef\"\n";

struct Read {
  std::optional<Config> config;
  std::string problems;
};
// `cluster`: lines of [cluster.fra]; `rest`: tables.
Read read(const std::string& cluster, const std::string& rest) {
  Problems problems;
  auto config = parse(kHead + cluster + kNode + rest, "f.toml", problems);
  return {std::move(config), problems.to_string()};
}
Monitor monitor(const std::string& lines) {
  auto result = read("monitors = [\"m\"]\n", "[monitor.m]\n" + lines);
  EXPECT_TRUE(result.config) << result.problems;
  return result.config ? result.config->monitors.at(0) : Monitor();
}
std::string problems(const std::string& lines) {
  return read("monitors = [\"m\"]\n", "[monitor.m]\n" + lines).problems;
}

TEST(MonitorConfig, DefaultsAreGdnsds) {
  const Monitor made = monitor("kind = \"http\"\n");
  EXPECT_EQ(made.interval_ms, 10'000);
  EXPECT_EQ(made.timeout_ms, 5'000);
  EXPECT_EQ(made.jitter_ms, 1'000);
  EXPECT_EQ(made.up_thresh, 20U);
  EXPECT_EQ(made.ok_thresh, 10U);
  EXPECT_EQ(made.down_thresh, 10U);
  EXPECT_EQ(made.port, 80);
  EXPECT_EQ(made.path, "/");
  EXPECT_THAT(made.ok_codes, ElementsAre(200U));
}

TEST(MonitorConfig, TimeoutAndJitterFollowTheInterval) {
  const Monitor made = monitor("kind = \"icmp\"\ninterval = \"2s\"\n");
  EXPECT_EQ(made.timeout_ms, 1'000);
  EXPECT_EQ(made.jitter_ms, 200);
}

TEST(MonitorConfig, EveryKindHasItsPortAndKeys) {
  EXPECT_EQ(monitor("kind = \"https\"\nhost = \"www.example\"\n").port, 443);
  const Monitor dns = monitor("kind = \"dns\"\nname = \"www.example.\"\nrcode = \"NXDOMAIN\"\n");
  EXPECT_EQ(dns.port, 53);
  EXPECT_EQ(dns.type.text, "A");
  EXPECT_EQ(dns.rcode, 3U);
  EXPECT_EQ(monitor("kind = \"tcp\"\nport = 8443\n").port, 8443);
  const Monitor command =
      monitor("kind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"true\"]\n");
  EXPECT_THAT(command.command, ElementsAre("/bin/sh", "-c", "true"));
}

TEST(MonitorConfig, WhatIsWrongIsToldWithItsPlace) {
  EXPECT_THAT(problems("kind = \"tcp\"\n"), HasSubstr("f.toml:11:1: error"));
  EXPECT_THAT(problems("kind = \"tcp\"\nport = 1\npath = \"/\"\n"),
              HasSubstr("f.toml:14:1: error"));
  EXPECT_THAT(problems("kind = \"dns\"\n"), HasSubstr("name"));
  EXPECT_THAT(problems("kind = \"http\"\npath = \"x\"\n"), HasSubstr("is no path of a request"));
  EXPECT_THAT(problems("kind = \"http\"\nok_codes = [99]\n"), HasSubstr("ok_codes"));
  EXPECT_THAT(problems("kind = \"https\"\ninsecure = true\nca_file = \"x.pem\"\n"),
              HasSubstr("leaves 'ca_file' without use"));
  EXPECT_THAT(problems("kind = \"command\"\ncommand = [\"true\"]\n"),
              HasSubstr("the program 'true' has no full path"));
  EXPECT_THAT(problems("kind = \"command\"\ncommand = [\"/nonexistent/x\"]\n"),
              HasSubstr("can't run '/nonexistent/x': No such file or directory"));
  EXPECT_THAT(
      problems("kind = \"dns\"\nname = \"a.\"\nrcode = \"REFUSED\"\nanswer = \"192.0.2.1\"\n"),
      HasSubstr("an answer is expected only with"));
}

TEST(MonitorConfig, WhatIsConfiguredCounts) {
  const std::string tcp = "[monitor.m]\nkind = \"tcp\"\nport = 1\n";
  const auto health = [&](const std::string& cluster) {
    const auto result = read(cluster, tcp);
    EXPECT_TRUE(result.config) << result.problems;
    return result.config ? result.config->clusters[0].health : "";
  };
  EXPECT_EQ(health(kKey), "heartbeat");
  EXPECT_EQ(health("monitors = [\"m\"]\n"), "monitors");
  EXPECT_EQ(health(std::string(kKey) + "monitors = \"m\"\n"), "both");
  EXPECT_EQ(health(std::string(kKey) + "monitors = [\"m\"]\nhealth = \"any\"\n"), "any");
  EXPECT_THAT(read("monitors = [\"m\"]\nhealth = \"both\"\n", tcp).problems,
              HasSubstr("has no key for its heartbeats"));
  EXPECT_THAT(read("health = \"monitors\"\n", tcp).problems, HasSubstr("has no monitor"));
  EXPECT_THAT(read("health = \"none\"\nmonitors = [\"m\"]\n", tcp).problems,
              HasSubstr("warning: monitors of cluster 'fra' have no say"));
}

TEST(MonitorConfig, ANodesOwnListReplacesTheClusters) {
  const auto result = read(
      "monitors = [\"m\"]\n",
      "monitors = [\"other\"]\n[monitor.m]\nkind = \"icmp\"\n[monitor.other]\nkind = \"icmp\"\n");
  ASSERT_TRUE(result.config) << result.problems;
  EXPECT_EQ(result.config->clusters[0].nodes[0].monitors[0].text, "other");
}

TEST(MonitorConfig, AServiceNamesMonitorsOfItsOwn) {
  const std::string page =
      "[monitor.page]\nkind = \"http\"\nhost = \"%%SERVICE%%.example\"\n";
  const auto good = read(kKey, page + "[service.shop]\nmonitors = [\"page\"]\n");
  ASSERT_TRUE(good.config) << good.problems;
  ASSERT_EQ(good.config->services[0].monitors.size(), 1U);
  EXPECT_EQ(good.config->services[0].monitors[0].text, "page");
  EXPECT_THAT(read(kKey, page + "[service.shop]\nmonitors = [\"pag\"]\n").problems,
              HasSubstr("did you mean 'page'"));
  EXPECT_THAT(read(std::string(kKey) + "monitors = [\"page\"]\n", page).problems,
              HasSubstr("monitor 'page' asks about a service, not about a node"));
}

TEST(MonitorConfig, ANameCanBeAskedAboutByACommandOnly) {
  const auto with = [](const std::string& kind) {
    Problems problems;
    auto config = parse(std::string(kHead) + "cname = \"cdn.example.net.\"\nmonitors = [\"m\"]\n" +
                            "[monitor.m]\n" + kind,
                        "f.toml", problems);
    return config ? config->clusters[0].health : problems.to_string();
  };
  EXPECT_EQ(with("kind = \"command\"\ncommand = [\"/bin/true\", \"%%ITEM%%\"]\n"), "monitors");
  EXPECT_THAT(with("kind = \"icmp\"\n"), HasSubstr("needs an address, and a cname has none"));
}

}  // namespace
}  // namespace gslb::config
