#include "gslb/base/log.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace gslb {
namespace {

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { log_configure(LogLevel::kInfo, LogFormat::kText); }

  template <typename Action>
  std::string captured(Action action) {
    ::testing::internal::CaptureStderr();
    action();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, WritesOneTextLineWithItsFields) {
  log_configure(LogLevel::kInfo, LogFormat::kText);
  const std::string line = captured([] {
    log_info("server", "listening", {{"address", "192.0.2.1:53"}, {"workers", 2}, {"tls", false}});
  });
  ASSERT_GT(line.size(), 25U);
  EXPECT_EQ(line.substr(10, 1), "T");
  EXPECT_EQ(line.substr(23), "Z info server: listening address=192.0.2.1:53 workers=2 tls=false\n");
}

TEST_F(LogTest, DropsLinesUnderItsLevel) {
  log_configure(LogLevel::kWarning, LogFormat::kText);
  EXPECT_EQ(captured([] { log_info("a", "quiet"); }), "");
  EXPECT_NE(captured([] { log_warning("a", "loud"); }), "");
  log_set_level(LogLevel::kError);
  EXPECT_EQ(captured([] { log_warning("a", "quiet"); }), "");
}

TEST_F(LogTest, LetsNoValueForgeALine) {
  log_configure(LogLevel::kInfo, LogFormat::kText);
  const std::string line = captured([] {
    log_info("dns", "refused\nfake: line", {{"name", "x\n2026 error: owned\x1b[31m"}, {"e", ""}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(
      line.find("refused\\u000afake: line name=\"x\\u000a2026 error: owned\\u001b[31m\" e=\"\""),
      std::string::npos)
      << line;
}

TEST_F(LogTest, IsAlwaysOneValidJsonObject) {
  log_configure(LogLevel::kInfo, LogFormat::kJson);
  std::vector<std::string> values = {"",
                                     "plain",
                                     "quote\" back\\slash",
                                     "grüße €",
                                     "\xf0\x9f\x8c\x8d",
                                     "\xc0\xaf",
                                     "\xed\xa0\x80",
                                     "\xf5\x80\x80\x80",
                                     "\xe2\x82",
                                     "a\x80z",
                                     std::string("nul\0in", 6)};
  std::string all;
  for (int c = 1; c < 256; ++c) { all += static_cast<char>(c); }
  values.push_back(all);
  for (const std::string& value : values) {
    const std::string line = captured([&] { log_error(value, value, {{"key", value}}); });
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    boost::json::error_code error;
    const auto parsed = boost::json::parse(line, error);
    ASSERT_FALSE(error) << line;
    EXPECT_EQ(parsed.at("level").as_string(), "error");
    EXPECT_EQ(parsed.at("message"), parsed.at("key"));
  }
}

TEST_F(LogTest, KeepsValidTextAndReplacesTheRest) {
  log_configure(LogLevel::kInfo, LogFormat::kJson);
  const std::string line = captured([] { log_info("a", "grüße \"\t\xff!"); });
  EXPECT_EQ(boost::json::parse(line).at("message").as_string(), "grüße \"\t\xef\xbf\xbd!");
}

TEST_F(LogTest, PrintsNumbersAsNumbersAndNanAsAWord) {
  log_configure(LogLevel::kInfo, LogFormat::kJson);
  const std::string line = captured([] {
    log_info("a", "b",
             {{"count", std::uint64_t{18446744073709551615U}},
              {"minus", -3},
              {"share", 0.25},
              {"nan", std::nan("")},
              {"inf", INFINITY},
              {"on", true}});
  });
  const auto parsed = boost::json::parse(line);
  EXPECT_EQ(parsed.at("count").as_uint64(), 18446744073709551615U);
  EXPECT_EQ(parsed.at("minus").as_int64(), -3);
  EXPECT_EQ(parsed.at("share").as_double(), 0.25);
  EXPECT_TRUE(parsed.at("nan").is_string());
  EXPECT_EQ(parsed.at("inf").as_string(), "inf");
  EXPECT_TRUE(parsed.at("on").as_bool());
}

TEST_F(LogTest, ReadsItsLevelNames) {
  LogLevel level = LogLevel::kInfo;
  EXPECT_TRUE(parse_log_level("debug", &level));
  EXPECT_EQ(level, LogLevel::kDebug);
  EXPECT_TRUE(parse_log_level("error", &level));
  EXPECT_EQ(level, LogLevel::kError);
  EXPECT_FALSE(parse_log_level("Error", &level));
  EXPECT_FALSE(parse_log_level("", &level));
  EXPECT_EQ(level, LogLevel::kError);
}

}  // namespace
}  // namespace gslb
