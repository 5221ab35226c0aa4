#include <gtest/gtest.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

constexpr const char* kEdge = R"(
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:0"]
[origin]
url = "http://127.0.0.1:1"
[[site]]
host = "direct.example"
url = "http://127.0.0.1:1"
tier = false
)";

TEST(TierTable, ReadsParentsAndSiblingsWithWhatTheyShare) {
  gslb::Problems problems;
  const auto config = parse(std::string(kEdge) + R"(
[tier]
key = "secret"
first_byte_timeout = "8s"
max_hops = 2
on_failure = "error"
[[tier.sibling]]
name = "fra-b"
url = "http://192.0.2.2:8080"
[[tier.parent]]
name = "ams-a"
url = "https://parent.example"
weight = 2.5
)",
                            "edge.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  const Tier& tier = *config->tier;
  EXPECT_EQ(tier.key, "secret");
  EXPECT_EQ(tier.max_hops, 2);
  EXPECT_FALSE(tier.origin_on_failure);
  ASSERT_EQ(tier.parents.size(), 1U);
  EXPECT_EQ(tier.parents[0].weight, 2.5);
  EXPECT_EQ(tier.parents[0].origin.servers.front().url.to_string(), "https://parent.example");
  EXPECT_EQ(tier.parents[0].origin.first_byte_timeout_ms, 8'000);
  // A sibling waits for its parents, so it is waited for a little longer.
  ASSERT_EQ(tier.siblings.size(), 1U);
  EXPECT_EQ(tier.siblings[0].origin.first_byte_timeout_ms, 10'000);
  EXPECT_TRUE(config->origin_for("www.example")->tiered);
  EXPECT_FALSE(config->origin_for("direct.example")->tiered);
}

TEST(TierTable, SaysWhatIsWrong) {
  const auto problems_of = [](const std::string& tier) {
    gslb::Problems problems;
    parse(kEdge + tier, "edge.toml", problems);
    return problems.to_string();
  };
  const auto says = [&](const std::string& tier, const char* what) {
    const std::string problems = problems_of(tier);
    EXPECT_NE(problems.find(what), std::string::npos) << tier << '\n' << problems;
  };
  says("[tier]\n", "no key");
  says("[tier]\nkey = \"\"\n", "the key is empty");
  says("[tier]\nkey = \"k\"\non_failure = \"error\"\n", "there is no parent");
  says("[tier]\nkey = \"k\"\n[[tier.parent]]\nname = \"A\"\nurl = \"http://a\"\n",
       "is no edge's name");
  says("[tier]\nkey = \"k\"\n[[tier.parent]]\nname = \"a\"\n", "no url");
  const std::string twin = "[[tier.sibling]]\nname = \"fra-b\"\nurl = \"http://a\"\n";
  says("[tier]\nkey = \"k\"\n" + twin + twin, "there twice");
}

}  // namespace
}  // namespace edge::config
