// [probes] and [server] place.
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

const std::string kBase =
    "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n"
    "[cluster.fra]\nlatitude = 50\nlongitude = 8\nhealth = 'none'\n"
    "[[cluster.fra.node]]\nid = 'a'\nipv4 = '192.0.2.1'\n[service.web]\n";

std::string problems_of(const std::string& text) {
  Problems problems;
  parse(kBase + text, "/etc/f.toml", problems);
  return problems.to_string();
}

TEST(ProbesConfig, NothingIsProbedWithoutTheTable) {
  Problems problems;
  const auto config = parse(kBase, "f", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_FALSE(config->probes.enabled);
  EXPECT_FALSE(config->server.place);
}

TEST(ProbesConfig, ReadsTheWholeTable) {
  Problems problems;
  const auto config =
      parse("[server]\nplace = { latitude = 50.1, longitude = 8.7 }\n" + kBase +
                "[probes]\ntarget_interval = '1m'\nmesh_interval = 0\nmesh_port = 80\n"
                "exclude = ['192.0.2.0/24']\nallow_private = true\ntargets = 'targets.csv'\n",
            "/etc/f.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_TRUE(config->probes.enabled);
  EXPECT_EQ(config->probes.target_interval_ms, 60'000);
  EXPECT_EQ(config->probes.mesh_interval_ms, 0);
  EXPECT_EQ(config->probes.mesh_port, 80);
  EXPECT_EQ(config->probes.exclude.size(), 1U);
  EXPECT_TRUE(config->probes.allow_private);
  EXPECT_EQ(config->probes.targets->text, "/etc/targets.csv");
  ASSERT_TRUE(config->server.place);
  EXPECT_EQ(config->server.place->second, 8.7);
}

TEST(ProbesConfig, ShowsWhatIsWrongAtItsPlace) {
  EXPECT_NE(problems_of("[probes]\nmesh_port = 0\n").find("/etc/f.toml:13:"), std::string::npos);
  EXPECT_NE(problems_of("[probes]\nexclude = ['192.0.2.1/24']\n"), "");
  EXPECT_NE(problems_of("[probes]\ntarget_intervall = 5\n").find("target_interval"),
            std::string::npos);
}

}  // namespace
}  // namespace gslb::config
