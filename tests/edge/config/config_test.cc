#include "edge/config/config.h"

#include <cstdio>
#include <fstream>

#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/support/folder.h"

namespace edge::config {
namespace {

using testing::HasSubstr;

constexpr std::string_view kGood = R"(
[edge]
cluster = "fra"
node = "a"
key = "secret"
listen = ["127.0.0.1:8080", "[::1]:8080"]
[cache]
memory = "8MiB"
max_object = "1MiB"
[origin]
url = "http://127.0.0.1:9000"
host = "origin.example"
connect_timeout = "250ms"
[report]
gslb = ["http://127.0.0.1:8053", "https://[::1]:8053"]
interval = "250ms"
[report.capacity.requests_per_s]
target = 100
max = 200
[[site]]
host = "*.Example.com"
url = "https://s.example"
[[site]]
host = "www.example.com"
urls = ["http://a.example:81", "http://b.example"]
)";

TEST(EdgeConfig, ReadsTheWholeSchema) {
  gslb::Problems problems;
  const auto config = parse(kGood, "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_EQ(config->edge.listen.size(), 2U);
  EXPECT_EQ(config->cache.max_object_octets, 1U << 20);
  EXPECT_EQ(config->origin->connect_timeout_ms, 250);
  EXPECT_EQ(config->report.gslb[1].to_string(), "https://[::1]:8053");
  ASSERT_EQ(config->report.capacity.size(), 1U);
  EXPECT_EQ(config->report.capacity[0].max, 200);
}

TEST(EdgeConfig, SlicesFitWhatAnObjectMayBe) {
  gslb::Problems problems;
  auto config = parse(kGood, "e.toml", problems);
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->cache.slices.enabled);
  EXPECT_EQ(config->cache.slices.octets, 1U << 20);
  EXPECT_EQ(config->cache.slices.from_octets, 1U << 20);
  const auto with = [&](const std::string& lines) {
    std::string text(kGood);
    text.insert(text.find("[origin]"), lines);
    return parse(text, "e.toml", problems);
  };
  config = with("slices = false\nslice = \"512KiB\"\nslice_from = \"2MiB\"\n");
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_FALSE(config->cache.slices.enabled);
  EXPECT_EQ(config->cache.slices.octets, 512U << 10);
  EXPECT_EQ(config->cache.slices.from_octets, 2U << 20);
  EXPECT_FALSE(with("slice = \"2MiB\"\n"));
  EXPECT_THAT(problems.to_string(), HasSubstr("larger than max_object"));
  EXPECT_FALSE(with("slice = \"512KiB\"\nslice_from = \"64KiB\"\n"));
  EXPECT_THAT(problems.to_string(), HasSubstr("smaller than slice"));
}

TEST(EdgeConfig, MapsHostsToTheMostSpecificOrigin) {
  gslb::Problems problems;
  const auto config = parse(kGood, "e.toml", problems);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->origin_for("www.example.com:8080")->servers[0].url.host, "a.example");
  EXPECT_EQ(config->origin_for("x.y.example.com")->servers[0].url.host, "s.example");
  EXPECT_EQ(config->origin_for("example.com"), &*config->origin);
  EXPECT_EQ(config->origin_for("[::1]:80"), &*config->origin);
}

TEST(EdgeConfig, ShowsEveryProblemWithItsPlace) {
  gslb::Problems problems;
  EXPECT_FALSE(
      parse("[edge]\ncluster = \"Fra\"\nnode = \"a\"\nlisten = [\"nowhere\"]\nworker = 2\n"
            "[origin]\nurl = \"ftp://x\"\n"
            "[report]\ngslb = [\"http://127.0.0.1:1\"]\n"
            "[report.capacity.request_per_s]\ntarget = 9\nmax = 1\n",
            "e.toml", problems));
  const std::string text = problems.to_string();
  EXPECT_THAT(text, HasSubstr("e.toml:2:"));
  EXPECT_THAT(text, HasSubstr("e.toml:4:"));
  EXPECT_THAT(text, HasSubstr("workers"));  // did you mean
  EXPECT_THAT(text, HasSubstr("e.toml:7:"));
  EXPECT_THAT(text, HasSubstr("requests_per_s"));  // did you mean
  EXPECT_THAT(text, HasSubstr("above max"));
  EXPECT_THAT(text, HasSubstr("key"));
}

TEST(EdgeConfig, ReadsWhatMayBeProbedAndNamesBeacons) {
  std::string toml(kGood);
  toml.replace(toml.find("interval ="), 0, "beacons = [\"*.Probe.example.com\"]\n");
  toml += R"(
[probe]
per_second = 5
in_flight = 4
target_interval = "1m"
timeout = "500ms"
ports = [53]
exclude = ["192.0.2.0/24", "2001:db8::/32"]
source = ["2001:db8::1", "192.0.2.1"]
allow_private = true
)";
  gslb::Problems problems;
  const auto config = parse(toml, "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_TRUE(config->probe.enabled);
  EXPECT_EQ(config->probe.per_second, 5);
  EXPECT_EQ(config->probe.target_interval_ms, 60'000);
  EXPECT_EQ(config->probe.ports, std::vector<std::uint16_t>{53});
  EXPECT_EQ(config->probe.exclude.size(), 2U);
  EXPECT_EQ(config->probe.source.size(), 2U);
  EXPECT_EQ(config->beacon_nonce("abcdefgh.probe.example.com:8080"), "abcdefgh");
  EXPECT_EQ(config->beacon_nonce("a.b.probe.example.com"), "a.b") << "which is no nonce";
  EXPECT_FALSE(config->beacon_nonce("probe.example.com"));
  EXPECT_FALSE(config->beacon_nonce(".probe.example.com"));
  EXPECT_FALSE(config->beacon_nonce("www.example.com"));
}

TEST(EdgeConfig, RefusesBadProbeRulesWithTheirPlace) {
  gslb::Problems problems;
  parse(std::string(kGood) + R"(
[probe]
per_second = 0
ports = [0]
exclude = ["192.0.2.1/24"]
source = ["192.0.2.1", "192.0.2.2", "2001:db8::/64"]
alow_private = true
)",
        "e.toml", problems);
  EXPECT_EQ(problems.error_count(), 6U) << problems.to_string();
  EXPECT_THAT(problems.to_string(), HasSubstr("e.toml:"));
  EXPECT_THAT(problems.to_string(), HasSubstr("second address of its family"));
  EXPECT_THAT(problems.to_string(), HasSubstr("allow_private"));  // did you mean
  std::string toml(kGood);
  toml.replace(toml.find("interval ="), 0, "beacons = [\"probe.example.com\", \"*.a*b\"]\n");
  gslb::Problems others;
  parse(toml, "e.toml", others);
  EXPECT_EQ(others.error_count(), 2U) << others.to_string();
}

TEST(EdgeConfig, RefusesACaFileWithoutACertificate) {
  const tests::Folder folder;
  const auto problems_with = [&](const std::string& text) {
    folder.write("ca.pem", text);
    std::string toml(kGood);
    toml.replace(toml.find("interval ="), 0, "ca_file = \"ca.pem\"\n");
    gslb::Problems problems;
    parse(toml, folder / "e.toml", problems);
    return problems.to_string();
  };
  EXPECT_EQ(problems_with("-----BEGIN CERTIFICATE-----\n"), "");
  EXPECT_EQ(problems_with("-----BEGIN TRUSTED CERTIFICATE-----\n"), "");
  EXPECT_THAT(problems_with("-----BEGIN PRIVATE KEY-----\n"), HasSubstr("has no certificate"));
  EXPECT_THAT(problems_with(""), HasSubstr("e.toml:16:11: error: "));
}

TEST(Url, AcceptsOriginsOnly) {
  EXPECT_EQ(parse_url("http://a.example")->port, 80);
  EXPECT_EQ(parse_url("https://a.example/")->port, 443);
  EXPECT_EQ(parse_url("http://[2001:db8::1]:81")->authority(), "[2001:db8::1]:81");
  for (const char* bad :
       {"", "a.example", "http://", "http://a/b", "http://a:0", "http://a:70000", "http://a:b",
        "http://u@a", "http://[::1", "http://a?b", "http://2001::1"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(EdgeConfig, ADiskHasAFolderASizeAndSegmentsThatFit) {
  const auto disk = [](const std::string& lines, gslb::Problems& problems) {
    return parse(
        "[edge]\ncluster = \"a\"\nnode = \"b\"\nlisten = [\"127.0.0.1:1\"]\n"
        "[origin]\nurl = \"http://o\"\n[cache.disk]\n" +
            lines,
        "/etc/edge/edge.toml", problems);
  };
  gslb::Problems good;
  const auto config = disk("path = \"c\"\nsize = \"64MiB\"\n", good);
  ASSERT_TRUE(config && config->cache.disk) << good.to_string();
  EXPECT_EQ(config->cache.disk->path, "/etc/edge/c");
  EXPECT_EQ(config->cache.disk->segment_octets, 4U << 20);
  const auto large = disk("path = \"c\"\nsize = \"1TiB\"\n", good);
  ASSERT_TRUE(large && large->cache.disk) << good.to_string();
  EXPECT_EQ(large->cache.disk->segment_octets, 512U << 20);
  for (const char* lines :
       {"size = \"64MiB\"\n", "path = \"c\"\n", "path = \"\"\nsize = \"64MiB\"\n",
        "path = \"c\"\nsize = \"1MiB\"\n", "path = \"c\"\nsize = \"64MiB\"\nsegment = \"32MiB\"\n",
        "path = \"c\"\nsize = \"1TiB\"\nsegment = \"64MiB\"\n"}) {
    gslb::Problems problems;
    EXPECT_FALSE(disk(lines, problems)) << lines;
  }
}

}  // namespace
}  // namespace edge::config
