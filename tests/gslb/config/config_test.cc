#include "gslb/config/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "gslb/base/file.h"

#include "tests/support/folder.h"

namespace gslb::config {
namespace {

const std::string kZone = "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";
const std::string kCluster =
    "[cluster.fra]\nlatitude = 50\nlongitude = 8\nhealth = 'none'\n"
    "[[cluster.fra.node]]\nid = 'a'\nipv4 = '192.0.2.1'\n";

class ConfigTest : public ::testing::Test {
 protected:
  Config good(const std::string& text) {
    Problems problems;
    auto config = parse(text, "/etc/proxima/proxima.toml", problems);
    EXPECT_TRUE(config) << problems.to_string();
    said_ = problems.to_string();
    return config.value_or(Config{});
  }
  std::string bad(const std::string& text) {
    Problems problems;
    EXPECT_FALSE(parse(text, "f", problems));
    EXPECT_TRUE(problems.has_errors());
    return problems.to_string();
  }

  std::string said_;
};

TEST_F(ConfigTest, NeedsNoMoreThanAZone) {
  const Config config = good(kZone);
  EXPECT_EQ(said_, "");
  ASSERT_EQ(config.server.listen.size(), 2U);
  EXPECT_EQ(config.server.listen[0].to_string(), "127.0.0.1:53");
  EXPECT_EQ(config.server.listen[1].to_string(), "[::1]:53");
  EXPECT_EQ(config.server.identity, config.server.nsid);
  EXPECT_EQ(config.admin.listen.to_string(), "127.0.0.1:8053");
  EXPECT_EQ(config.zones[0].file.text, "/etc/proxima/example.zone");
  EXPECT_EQ(config.zones[0].file.at.line, 3U);
  EXPECT_TRUE(config.routes.empty());
}

TEST_F(ConfigTest, LoadsTheExampleWithoutAWord) {
  Problems problems;
  const auto config = load(std::string(TEST_SOURCE_DIR) + "/zones/example.toml", problems);
  EXPECT_EQ(problems.to_string(), "");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->clusters.size(), 3U);
  const Cluster& fra = config->clusters[0];
  EXPECT_EQ(fra.id.text, "fra");
  EXPECT_EQ(fra.country, "DE");
  EXPECT_EQ(fra.tiers, (std::vector<std::string>{"default", "premium"}));
  EXPECT_EQ(fra.operators, (std::vector<std::uint32_t>{64500}));
  ASSERT_EQ(fra.capacity.size(), 2U);
  EXPECT_EQ(fra.capacity[1].resource, "egress_bits_per_s");
  EXPECT_EQ(fra.capacity[1].max, 10e9);
  ASSERT_EQ(fra.nodes.size(), 2U);
  EXPECT_EQ(fra.nodes[1].weight, 2);
  EXPECT_EQ(fra.nodes[1].ipv6->to_string(), "2001:db8:f0a::12");
  EXPECT_EQ(config->clusters[2].health, "none");
  EXPECT_FALSE(config->clusters[2].nodes[0].ipv6);
  ASSERT_EQ(config->services.size(), 2U);
  EXPECT_EQ(config->services[1].ttl_s, 30U);
  EXPECT_EQ(config->services[1].fallback, FallbackPolicy::kPool);
  EXPECT_EQ(config->services[1].fallback_pool.size(), 2U);
  EXPECT_EQ(config->routes[0].service.text, "web");
  ASSERT_EQ(config->overrides.size(), 3U);
  EXPECT_EQ(config->overrides[0].set_country, "AU");
  EXPECT_EQ(config->overrides[1].prefer[1].text, "fra");
  EXPECT_EQ(config->overrides[2].country, "NZ");
  EXPECT_EQ(config->health.heartbeat_interval_ms, 1000);
  EXPECT_EQ(config->steering.ms_per_km, 0.0125);
}

TEST_F(ConfigTest, SaysExactlyWhatIsWrongInEveryBrokenFile) {
  const std::string folder = std::string(TEST_SOURCE_DIR) + "/zones/broken/";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") { continue; }
    ++files;
    const std::string path = entry.path().string();
    std::string expected;
    std::ifstream in(path);
    std::getline(in, expected);
    ASSERT_EQ(expected.rfind("# expect: ", 0), 0U) << path;
    Problems problems;
    EXPECT_FALSE(load(path, problems)) << path;
    std::string said = problems.to_string();
    while (said.find(folder) != std::string::npos) { said.erase(said.find(folder), folder.size()); }
    EXPECT_EQ(said, entry.path().filename().string() + ':' + expected.substr(10) + '\n');
  }
  EXPECT_GE(files, 60U);
}

TEST_F(ConfigTest, ReportsAllProblemsAtOnceInFileOrder) {
  EXPECT_EQ(bad("[service.web]\ntll = 5\ntiers = 'gold'\n[health]\nup_thresh = 0\n[[route]]\n"
                "name = 'a.example.'\nservice = 'wbe'\n"),
            "f:1:1: error: there is no zone to serve (add [[zone]] with name = \"example.\" and "
            "file = \"example.zone\")\n"
            "f:2:1: error: unknown key 'tll' in [service.web] (did you mean 'ttl'?)\n"
            "f:3:9: error: unknown tier 'gold' (there is none in this file)\n"
            "f:5:13: error: 'up_thresh' is 0, outside 1 to 100\n"
            "f:8:11: error: unknown service 'wbe' (did you mean 'web'?)\n");
}

TEST_F(ConfigTest, BeaconsAreWildcards) {
  const std::string service = "[service.web]\n[[route]]\nservice = 'web'\nbeacon = true\n";
  EXPECT_TRUE(good(kZone + kCluster + service + "name = '*.probe.example.'\n").routes[0].beacon);
  EXPECT_EQ(bad(kZone + kCluster + service + "name = 'probe.example.'\n"),
            "f:14:10: error: a beacon's names differ from client to client (name = "
            "\"*.probe.example.com.\")\n");
}

TEST_F(ConfigTest, DoesNotReportReferencesToFaultyTablesAsUnknown) {
  EXPECT_EQ(bad(kZone + kCluster +
                "[service.web]\nttl = 'x s'\n[[route]]\nname = 'a.example.'\n"
                "service = 'web'\n"),
            "f:12:7: error: 'ttl' must be a duration such as \"250ms\", \"30s\", \"10m\", \"2h\" "
            "or \"1d\", not the string \"x s\"\n");
}

TEST_F(ConfigTest, WarnsWithoutRefusing) {
  const Config config = good(kZone + kCluster + "[service.web]\nttl = 2\n");
  EXPECT_EQ(config.services[0].ttl_s, 2U);
  EXPECT_NE(said_.find(":12:7: warning: a TTL under 5 s"), std::string::npos) << said_;
  good(kZone + "[admin]\nlisten = '192.0.2.1:8053'\ntoken = '0123456789abcdef'\n");
  EXPECT_NE(said_.find(": warning: the token crosses the network unencrypted"), std::string::npos);
}

TEST_F(ConfigTest, TakesTheTtlToItsLimit) {
  EXPECT_EQ(good(kZone + kCluster + "[service.w]\nttl = 2147483647\n").services[0].ttl_s,
            2147483647U);
  EXPECT_EQ(good(kZone + kCluster + "[service.w]\nttl = 0\n").services[0].ttl_s, 0U);
}

TEST_F(ConfigTest, ResolvesGeoPresets) {
  const Config config =
      good(kZone +
           "[[geo.source]]\nfile = 'a.mmdb'\npreset = 'maxmind'\nradius_field = ''\n"
           "[[geo.source]]\nfile = 'b.csv'\npreset = 'asn-csv'\noperator_field = 4\n"
           "[[geo.source]]\nfile = '/c.dat'\nkind = 'mmdb'\ncountry_field = 'cc'\n"
           "[[geo.source]]\nfile = 'd.mmdb'\npreset = 'flat'\nattribution = 'by D'\n"
           "[[geo.source]]\nfile = 'e.mmdb'\npreset = 'maxmind-asn'\n"
           "[[geo.source]]\nfile = 'f.mmdb'\npreset = 'country-flat'\n");
  const auto& sources = config.geo.sources;
  ASSERT_EQ(sources.size(), 6U);
  EXPECT_EQ(sources[0].kind, "mmdb");
  EXPECT_EQ(sources[0].country_field, "country.iso_code");
  EXPECT_EQ(sources[0].longitude_field, "location.longitude");
  EXPECT_EQ(sources[0].radius_field, "");  // "" takes a field of the preset away
  EXPECT_EQ(sources[0].file.text, "/etc/proxima/a.mmdb");
  EXPECT_EQ(sources[1].kind, "csv");
  EXPECT_EQ(sources[1].asn_field, "2");
  EXPECT_EQ(sources[1].operator_field, "4");
  EXPECT_EQ(sources[2].country_field, "cc");
  EXPECT_EQ(sources[2].file.text, "/c.dat");
  EXPECT_EQ(sources[3].latitude_field, "latitude");
  EXPECT_EQ(sources[3].attribution, "by D");
  EXPECT_EQ(sources[4].asn_field, "autonomous_system_number");
  EXPECT_EQ(sources[5].country_field, "country_code");
  EXPECT_EQ(sources[5].latitude_field, "");
}

TEST_F(ConfigTest, LimitsTheNodesOfAClusterToAHealthWord) {
  std::string text = kZone + "[cluster.fra]\nlatitude = 5\nlongitude = 8\nhealth = 'none'\n";
  for (int i = 1; i <= 65; ++i) {
    const std::string number = std::to_string(i);
    if (i == 65) { EXPECT_EQ(good(text).clusters[0].nodes.size(), 64U); }
    text += "[[cluster.fra.node]]\nid = 'n" + number + "'\nipv4 = '192.0.2." + number + "'\n";
  }
  EXPECT_NE(bad(text).find("cluster 'fra' has 65 nodes, over 64"), std::string::npos);
}

TEST_F(ConfigTest, LimitsTheClusters) {
  std::string text = kZone;
  for (int i = 0; i <= 1024; ++i) {
    const std::string id = "c" + std::to_string(i);
    text += "[cluster." + id +
            "]\nlatitude = 1\nlongitude = 1\nhealth = 'none'\nnode = [{id = 'a'"
            ", ipv4 = '192.0.2.1'}]\n";
  }
  EXPECT_NE(bad(text).find("1025 clusters, over 1024"), std::string::npos);
}

TEST_F(ConfigTest, SwitchesServerTextsOffWhenEmpty) {
  const Config config = good(kZone + "[server]\nnsid = ''\nversion = ''\nidentity = 'x'\n");
  EXPECT_EQ(config.server.nsid, "");
  EXPECT_EQ(config.server.version, "");
  EXPECT_EQ(config.server.identity, "x");
  EXPECT_NE(bad(kZone + "[server]\nversion = '" + std::string(256, 'v') + "'\n")
                .find("longer than 255 octets"),
            std::string::npos);
}

class KeyFileTest : public ConfigTest {
 protected:
  std::optional<Config> load_with_key(const std::string& key, std::filesystem::perms mode) {
    EXPECT_TRUE(write_file_atomically(folder_ / "fra.key", key));
    std::filesystem::permissions(folder_ / "fra.key", mode);
    return load_with("fra.key");
  }
  std::optional<Config> load_with(const std::string& key_file) {
    EXPECT_TRUE(write_file_atomically(
        folder_ / "p.toml", kZone + "[cluster.fra]\nkey_file = '" + key_file +
                                "'\nlatitude = 5\nlongitude = 8\n[[cluster.fra.node]]\nid = "
                                "'a'\nipv4 = '192.0.2.1'\n"));
    Problems problems;
    auto config = load(folder_ / "p.toml", problems);
    said_ = problems.to_string();
    return config;
  }

  static constexpr auto kOwner = std::filesystem::perms::owner_read;
  const tests::Folder folder_;
};

TEST_F(KeyFileTest, StripsTheLastNewlineOnly) {
  EXPECT_EQ(load_with_key("0123456789abcdef\n", kOwner)->clusters[0].key, "0123456789abcdef");
  EXPECT_EQ(load_with_key("0123456789abcdef\r\n", kOwner)->clusters[0].key, "0123456789abcdef");
  EXPECT_EQ(load_with_key(" 0123456789abcdef\n\n", kOwner)->clusters[0].key, " 0123456789abcdef\n");
  EXPECT_EQ(said_, "");
}

TEST_F(KeyFileTest, CountsOctetsWithoutTheNewline) {
  EXPECT_FALSE(load_with_key("0123456789abcde\n", kOwner));
  EXPECT_NE(said_.find("the key has 15 octets, fewer than 16"), std::string::npos);
}

TEST_F(KeyFileTest, WarnsWhenEverybodyCanReadIt) {
  EXPECT_TRUE(load_with_key("0123456789abcdef", kOwner | std::filesystem::perms::others_read));
  EXPECT_NE(said_.find("warning: '" + folder_ / "fra.key' can be read by everybody"),
            std::string::npos);
}

TEST_F(KeyFileTest, RefusesWhatIsNoKeyFile) {
  EXPECT_FALSE(load_with("."));
  EXPECT_NE(said_.find("not a regular file"), std::string::npos);
  EXPECT_FALSE(load_with("/dev/zero"));
  EXPECT_NE(said_.find("not a regular file"), std::string::npos);
  EXPECT_FALSE(load_with(""));
  EXPECT_NE(said_.find("'key_file' is empty"), std::string::npos);
  EXPECT_FALSE(load_with_key(std::string(5000, 'k'), kOwner));
  EXPECT_NE(said_.find("File too large"), std::string::npos);
}

TEST(Load, SaysThatTheFileIsMissing) {
  Problems problems;
  EXPECT_FALSE(load("/nonexistent/proxima.toml", problems));
  EXPECT_EQ(problems.to_string(),
            "/nonexistent/proxima.toml: error: can't read the file: No such file or directory\n");
}

}  // namespace
}  // namespace gslb::config
