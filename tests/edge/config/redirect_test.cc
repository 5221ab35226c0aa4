#include "edge/config/redirect.h"

#include <gtest/gtest.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

TEST(Redirects, FillTheTargetAndReadItBack) {
  const auto plain = parse_target("https://{cluster}.{host}");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->authority_at("muc", "www.example"), "muc.www.example");
  EXPECT_EQ(plain->host_of("muc.www.example", "muc"), "www.example");
  EXPECT_EQ(plain->host_of("www.example", "muc"), std::nullopt);
  EXPECT_EQ(plain->host_of("muc.", "muc"), std::nullopt);
  const auto odd = parse_target("http://at-{cluster}-of-{host}.cdn.example:8080/");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->authority_at("muc", "w"), "at-muc-of-w.cdn.example:8080");
  EXPECT_EQ(odd->host_of("at-muc-of-w.cdn.example", "muc"), "w");
  EXPECT_EQ(odd->host_of("at-muc-of-.cdn.example", "muc"), std::nullopt);
  EXPECT_EQ(odd->host_of("at-fra-of-w.cdn.example", "muc"), std::nullopt);
}

TEST(Redirects, TargetsWithoutWhatTheyNeedAreNone) {
  for (const char* text :
       {"", "https://{cluster}", "https://{host}", "https://{host}.{cluster}",
        "https://{cluster}{host}", "ftp://{cluster}.{host}", "https://{cluster}.{host}/path",
        "https://{cluster}/{host}", "https://{cluster}.{host}.{host}", "{cluster}.{host}"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

constexpr const char* kText = R"(
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:0"]
[origin]
url = "http://127.0.0.1:1"
[redirect]
mode = "all"
spill = "ams"
[[redirect.clients]]
cluster = "muc"
prefixes = ["192.0.2.0/24", "2001:db8::/32"]
)";

TEST(Redirects, OfOverloadNeedSomewhereToGo) {
  const auto parsed = [](const std::string& table) {
    gslb::Problems problems;
    const std::string text = kText;
    return parse(text.substr(0, text.find("[redirect]")) + "[redirect]\n" + table, "edge.toml",
                 problems);
  };
  const auto config = parsed("overload = true\nspill = \"ams\"\n");
  ASSERT_TRUE(config);
  ASSERT_TRUE(config->redirect);
  EXPECT_TRUE(config->redirect->overload);
  EXPECT_FALSE(config->redirect->all);
  EXPECT_FALSE(parsed("overload = true\n"));
  EXPECT_FALSE(parsed("overload = true\nspill = \"ams\"\nanswer = \"alt-svc\"\n"));
  const auto off = parsed("spill = \"ams\"\n");
  ASSERT_TRUE(off);
  EXPECT_FALSE(off->redirect);
}

TEST(Redirects, GoByNetworkAndByState) {
  gslb::Problems problems;
  const auto config = parse(kText, "edge.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  const Redirect& redirect = *config->redirect;
  const auto client = [](const char* text) { return *gslb::Address::parse(text); };
  EXPECT_EQ(redirect.cluster_for(client("192.0.2.9"), true), "muc");
  EXPECT_EQ(redirect.cluster_for(client("2001:db8::9"), true), "muc");
  EXPECT_EQ(redirect.cluster_for(client("198.51.100.1"), true), "");
  EXPECT_EQ(redirect.cluster_for(client("192.0.2.9"), false), "ams");
}

// What looks like a name of a cluster but is of none is a host like others.
TEST(Redirects, NamesOfKnownClustersMeanTheirHosts) {
  gslb::Problems problems;
  const auto config = parse(kText, "edge.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_EQ(config->redirected_host("fra.www.example:8443"), "www.example");
  EXPECT_EQ(config->redirected_host("muc.www.example"), "www.example");
  EXPECT_EQ(config->redirected_host("ams.www.example"), "www.example");
  EXPECT_EQ(config->redirected_host("www.example"), std::nullopt);
  EXPECT_EQ(config->redirected_host("cdg.www.example"), std::nullopt);
}

TEST(Redirects, WhatIsWrongIsSaid) {
  const auto problems_of = [](std::string redirect) {
    gslb::Problems problems;
    std::string text = kText;
    text = text.substr(0, text.find("[redirect]")) + std::move(redirect);
    parse(text, "edge.toml", problems);
    return problems.to_string();
  };
  EXPECT_NE(problems_of("[redirect]\nmode = \"all\"").find("nobody is to be redirected"),
            std::string::npos);
  EXPECT_NE(problems_of("[redirect]\nspill = \"ams\"\ntarget = \"x\"").find("is no target"),
            std::string::npos);
  EXPECT_NE(problems_of("[redirect]\nspill = \"A b\"").find("is no cluster"), std::string::npos);
  EXPECT_EQ(problems_of("[redirect]\nmode = \"off\""), "");
}

}  // namespace
}  // namespace edge::config
