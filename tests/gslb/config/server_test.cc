#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

using ::testing::HasSubstr;

const std::string kZone = "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";

Config good(const std::string& text) {
  Problems problems;
  auto config = parse(text + kZone, "/etc/proxima/proxima.toml", problems);
  EXPECT_TRUE(config) << problems.to_string();
  EXPECT_EQ(problems.to_string(), "");
  return config.value_or(Config{});
}

std::string bad(const std::string& text) {
  Problems problems;
  EXPECT_FALSE(parse(text + kZone, "f", problems)) << text;
  return problems.to_string();
}

TEST(ServerTls, ListensOnPort853WithTheFilesOfTheConfigurationsFolder) {
  const Config config = good(
      "[server]\nlisten_tls = ['192.0.2.1', '[::1]:8853']\n"
      "tls_certificate = 'c.pem'\ntls_key = '/k.pem'\n");
  ASSERT_EQ(config.server.listen_tls.size(), 2U);
  EXPECT_EQ(config.server.listen_tls[0].to_string(), "192.0.2.1:853");
  EXPECT_EQ(config.server.listen_tls[1].to_string(), "[::1]:8853");
  EXPECT_EQ(config.server.tls_certificate, "/etc/proxima/c.pem");
  EXPECT_EQ(config.server.tls_key, "/k.pem");
  EXPECT_TRUE(good("").server.listen_tls.empty());
}

TEST(ServerTls, NeedsBothFilesAndAPortOfItsOwn) {
  EXPECT_THAT(bad("[server]\nlisten_tls = '192.0.2.1'\n"), HasSubstr("are missing"));
  EXPECT_THAT(bad("[server]\nlisten_tls = '192.0.2.1'\ntls_key = 'k'\n"),
              HasSubstr("'tls_certificate' is missing"));
  EXPECT_THAT(bad("[server]\nlisten = '192.0.2.1:853'\nlisten_tls = '192.0.2.1'\n"
                  "tls_key = 'k'\ntls_certificate = 'c'\n"),
              HasSubstr("stands in 'listen' too"));
  EXPECT_THAT(bad("[server]\nlisten_tls = ['192.0.2.1', '192.0.2.1:853']\n"
                  "tls_key = 'k'\ntls_certificate = 'c'\n"),
              HasSubstr("stands twice"));
}

}  // namespace
}  // namespace gslb::config
