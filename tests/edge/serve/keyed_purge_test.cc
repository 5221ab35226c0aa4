#include "edge/serve/keyed_purge.h"

#include <gtest/gtest.h>

#include "edge/cache/key_rules.h"

namespace edge::serve {
namespace {

using cache::PurgeKind;

config::Config configured() {
  gslb::Problems problems;
  auto config = config::parse(R"(
[edge]
cluster = "x"
node = "a"
listen = ["127.0.0.1:1"]
[origin]
url = "http://127.0.0.1:8080"
[[site]]
host = "*.shop.example"
url = "http://127.0.0.1:8080"
[site.cache]
query = "sort"
ignore_query = ["utm_*"]
key_host = "www.shop.example"
)",
                              "e.toml", problems);
  EXPECT_TRUE(config) << problems.to_string();
  return config ? *std::move(config) : config::Config{};
}

std::string value_of(PurgeKind kind, const std::string& value) {
  static const config::Config config = configured();
  return keyed(config, {kind, false, value}).value;
}

TEST(KeyedPurge, AUrlIsWhatItsResponsesAreStoredUnder) {
  EXPECT_EQ(value_of(PurgeKind::kUrl, "de.shop.example /a?z=1&utm_source=x&b=2"),
            "www.shop.example /a?b=2&z=1");
  EXPECT_EQ(value_of(PurgeKind::kUrl, "www.example /a?z=1&b=2"), "www.example /a?z=1&b=2");
}

TEST(KeyedPurge, APrefixIsNeverLessThanWhatItMeans) {
  EXPECT_EQ(value_of(PurgeKind::kPrefix, "de.shop.example /img/"), "www.shop.example /img/");
  EXPECT_EQ(value_of(PurgeKind::kPrefix, "de.shop.example /a?z=1"), "www.shop.example /a");
  EXPECT_EQ(value_of(PurgeKind::kPrefix, "www.example /a?z=1"), "www.example /a?z=1");
}

TEST(KeyedPurge, AHostIsTheOneItSharesWith) {
  EXPECT_EQ(value_of(PurgeKind::kHost, "de.shop.example"), "www.shop.example");
  EXPECT_EQ(value_of(PurgeKind::kHost, "www.example"), "www.example");
  EXPECT_EQ(value_of(PurgeKind::kHost, "*.shop.example"), "*.shop.example");
  EXPECT_EQ(value_of(PurgeKind::kTag, "de.shop.example"), "de.shop.example");
}

}  // namespace
}  // namespace edge::serve
