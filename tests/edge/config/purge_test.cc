#include <gmock/gmock.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

using testing::HasSubstr;

std::string file(std::string_view tables) {
  return "[edge]\ncluster = \"x\"\nnode = \"a\"\nlisten = [\"127.0.0.1:1\"]\n[origin]\n"
         "url = \"http://127.0.0.1:8080\"\n" +
         std::string(tables);
}

std::string problems_of(std::string_view tables) {
  gslb::Problems problems;
  parse(file(tables), "e.toml", problems);
  return problems.to_string();
}

TEST(PurgeTable, TheMethodIsOffAndLoopbackTrusted) {
  gslb::Problems problems;
  const auto config = parse(file(""), "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_FALSE(config->purge.method);
  EXPECT_FALSE(config->purge.show_keys);
  ASSERT_EQ(config->purge.allow.size(), 2U);
  EXPECT_TRUE(config->purge.allow[0].contains(*gslb::Address::parse("127.1.2.3")));
  EXPECT_TRUE(config->purge.allow[1].contains(*gslb::Address::parse("::1")));
}

TEST(PurgeTable, IsReadWhole) {
  gslb::Problems problems;
  const auto config = parse(file("[purge]\nmethod = true\nallow = [\"192.0.2.0/24\"]\n"
                                 "per_second = 5\nshow_keys = true\n"
                                 "[prefetch]\nper_second = 3\nin_flight = 2\n"
                                 "off_peak = \"23:30-05:05\"\n"),
                            "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_TRUE(config->purge.method && config->purge.show_keys);
  EXPECT_EQ(config->purge.allow.size(), 1U);
  EXPECT_EQ(config->purge.per_second, 5);
  EXPECT_EQ(config->prefetch.per_second, 3);
  EXPECT_EQ(config->prefetch.in_flight, 2);
  EXPECT_EQ(config->prefetch.from_minute, 23U * 60 + 30);
  EXPECT_EQ(config->prefetch.to_minute, 5U * 60 + 5);
}

TEST(PurgeTable, FaultsAreNamed) {
  EXPECT_THAT(problems_of("[purge]\nallow = [\"office\"]"), HasSubstr("\"office\" is no prefix"));
  for (const char* time : {"1:00-2:00", "01:00", "24:00-01:00", "01:60-02:00", "01.00-02.00", ""}) {
    EXPECT_THAT(problems_of("[prefetch]\noff_peak = \"" + std::string(time) + "\""),
                HasSubstr("is no time of the day"))
        << time;
  }
}

}  // namespace
}  // namespace edge::config
