// Groups of clusters: a tree of names that are there.
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

// A cluster that is in `group`, below `text`.
std::optional<Config> read(const std::string& text, const std::string& group, Problems& problems) {
  return parse("[[zone]]\nname = 'example.'\nfile = 'z'\n" + text +
                   "[cluster.fra]\nlatitude = 1\nlongitude = 1\nhealth = 'none'\n" + group +
                   "node = [{ id = 'a', ipv4 = '192.0.2.1' }]\n",
               "f", problems);
}

std::string said(const std::string& text, const std::string& group = "") {
  Problems problems;
  read(text, group, problems);
  return problems.to_string();
}

TEST(GroupConfig, StandsBeforeTheOneItIsPartOf) {
  Problems problems;
  const auto config = read(
      "[group.world]\n[group.metro]\ngroup = 'world'\nfails_together = false\n"
      "capacity.egress_bits_per_s = { target = 8e9, max = 9e9 }\n[group.hall]\ngroup = 'metro'\n",
      "group = 'hall'\n", problems);
  ASSERT_TRUE(config) << problems.to_string();
  ASSERT_EQ(config->groups.size(), 3U);
  EXPECT_EQ(config->groups[0].id.text, "hall");
  EXPECT_EQ(config->groups[1].id.text, "metro");
  EXPECT_EQ(config->groups[2].id.text, "world");
  EXPECT_FALSE(config->groups[1].fails_together);
  EXPECT_TRUE(config->groups[2].fails_together);
  EXPECT_EQ(config->groups[1].capacity.at(0).target, 8e9);
  EXPECT_EQ(config->clusters[0].group->text, "hall");
}

TEST(GroupConfig, RefusesWhatIsNoTree) {
  EXPECT_NE(said("[group.a]\ngroup = 'b'\n[group.b]\ngroup = 'a'\n").find("is part of itself"),
            std::string::npos);
  EXPECT_NE(said("[group.a]\ngroup = 'a'\n").find("is part of itself"), std::string::npos);
  EXPECT_NE(said("[group.a]\ngroup = 'c'\n").find("unknown group 'c'"), std::string::npos);
  EXPECT_NE(said("[group.a]\n", "group = 'aa'\n").find("did you mean 'a'"), std::string::npos);
  EXPECT_NE(said("[group.fra]\n").find("is named like a group"), std::string::npos);
}

TEST(GroupConfig, LimitsAreThoseOfClusters) {
  EXPECT_NE(said("[group.a]\ncapacity.x = { target = 2, max = 1 }\n").find("is over its max"),
            std::string::npos);
  EXPECT_NE(said("[group.a]\ncapacity.X = { target = 1, max = 1 }\n").find("not a valid name"),
            std::string::npos);
  EXPECT_NE(said("[group.a]\ncapacity.x = { target = 1 }\n").find("max"), std::string::npos);
}

}  // namespace
}  // namespace gslb::config
