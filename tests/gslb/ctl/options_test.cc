#include "gslb/ctl/options.h"

#include <gtest/gtest.h>

namespace gslb::ctl {
namespace {

std::string refusal(const std::vector<std::string>& arguments) {
  const auto options = parse_options(arguments);
  return options ? "" : options.error();
}

TEST(Options, StandBeforeAndAfterTheVerb) {
  const auto options = parse_options(
      {"--url", "http://h", "drain", "--for=10m", "fra", "--json", "--reason", "fan"});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->verb, Verb::kDrain);
  EXPECT_EQ(options->target, "fra");
  EXPECT_EQ(options->lasts, milliseconds(600'000));
  EXPECT_EQ(options->reason, "fan");
  EXPECT_EQ(options->connection.url, "http://h");
  EXPECT_TRUE(options->json);
}

TEST(Options, ExplainAsksForAUnlessToldOtherwise) {
  const auto plain = parse_options({"explain", "www.example", "--client", "192.0.2.1"});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->type, "A");
  EXPECT_FALSE(plain->as_resolver);
  const auto other =
      parse_options({"explain", "www.example", "AAAA", "--client", "::1", "--as-resolver"});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->type, "AAAA");
  EXPECT_TRUE(other->as_resolver);
}

TEST(Options, TakeABareNumberAsSeconds) {
  const auto options = parse_options({"status", "--timeout", "3"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->connection.timeout, milliseconds(3000));
}

TEST(Options, RefuseWhatMakesNoSense) {
  EXPECT_EQ(refusal({}), "no verb given");
  EXPECT_EQ(refusal({"undrian", "fra"}), "unknown verb 'undrian'; did you mean 'undrain'?");
  EXPECT_EQ(refusal({"status", "--jsn"}), "unknown option '--jsn'; did you mean '--json'?");
  EXPECT_EQ(refusal({"status", "fra"}), "unexpected 'fra'");
  EXPECT_EQ(refusal({"drain"}), "drain needs a TARGET");
  EXPECT_EQ(refusal({"force", "fra"}), "force needs 'up' or 'down'");
  EXPECT_EQ(refusal({"force", "fra", "off"}), "force sets 'up' or 'down', not 'off'");
  EXPECT_EQ(refusal({"explain", "--client", "192.0.2.1"}), "explain needs a NAME");
  EXPECT_EQ(refusal({"explain", "www.example"}), "explain needs --client ADDR");
  EXPECT_EQ(refusal({"status", "--url"}), "--url needs a value");
  EXPECT_EQ(refusal({"status", "--json=yes"}), "--json takes no value");
  EXPECT_NE(refusal({"drain", "fra", "--for", "soon"}), "");
  EXPECT_NE(refusal({"drain", "fra", "--for", "0"}), "");
}

TEST(Options, RefuseOptionsOfOtherVerbs) {
  EXPECT_EQ(refusal({"undrain", "fra", "--for", "1h"}), "undrain has no option --for");
  EXPECT_EQ(refusal({"drain", "fra", "-v"}), "drain has no option -v");
  EXPECT_EQ(refusal({"status", "--client", "::1"}), "status has no option --client");
  EXPECT_EQ(refusal({"metrics", "--json"}), "metrics has no option --json");
}

TEST(Options, HelpWinsOverEverythingAfterIt) {
  const auto options = parse_options({"drain", "--help", "--nonsense"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->verb, Verb::kHelp);
}

}  // namespace
}  // namespace gslb::ctl
