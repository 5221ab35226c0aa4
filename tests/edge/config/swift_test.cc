#include <gmock/gmock.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

using testing::HasSubstr;

std::string file(std::string_view host, std::string_view swift) {
  return "[edge]\ncluster = \"x\"\nnode = \"a\"\nlisten = [\"127.0.0.1:1\"]\n[[site]]\nhost = \"" +
         std::string(host) + "\"\nurl = \"http://127.0.0.1:8080\"\n[site.swift]\n" +
         std::string(swift);
}

std::string problems_of(std::string_view host, std::string_view swift) {
  gslb::Problems problems;
  parse(file(host, swift), "e.toml", problems);
  return problems.to_string();
}

TEST(SwiftSite, IsReadWhole) {
  gslb::Problems problems;
  const auto config = parse(file("*.CDN.example.com",
                                 "auth_url = \"https://[::1]:5000/auth/v1.0\"\nuser = \"a:b\"\n"
                                 "key = \"k\"\nttl = \"1h\"\nnegative_ttl = \"0s\"\n"),
                            "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  const Origin* origin = config->origin_for("c.a.cdn.example.com:80");
  ASSERT_TRUE(origin != nullptr && origin->swift);
  EXPECT_EQ(origin->swift->domain, "cdn.example.com");
  EXPECT_EQ(origin->swift->auth->to_string(), "https://[::1]:5000");
  EXPECT_EQ(origin->swift->auth_path, "/auth/v1.0");
  EXPECT_EQ(origin->swift->ttl_s, 3600);
  EXPECT_EQ(origin->swift->negative_ttl_s, 0);
}

TEST(SwiftSite, FaultsAreNamed) {
  EXPECT_THAT(problems_of("www.example.com", ""), HasSubstr("can't be a Swift site"));
  EXPECT_THAT(problems_of("*.x.example", "auth_url = \"ftp://x\"\nuser = \"a\"\nkey = \"k\""),
              HasSubstr("is no URL"));
  EXPECT_THAT(problems_of("*.x.example", "auth_url = \"http://x/a b\"\nuser = \"a\"\nkey = \"k\""),
              HasSubstr("is no URL"));
  EXPECT_THAT(problems_of("*.x.example", "auth_url = \"http://x/\"\nkey = \"k\""),
              HasSubstr("user"));
  EXPECT_THAT(problems_of("*.x.example", "auth_url = \"http://x/\"\nuser = \"a\""),
              HasSubstr("no key"));
  EXPECT_THAT(problems_of("*.x.example", "user = \"a\""), HasSubstr("nobody to show it to"));
  EXPECT_THAT(problems_of("*.x.example", "account_prefix = \"AUTH\""), HasSubstr("reseller"));
  EXPECT_THAT(problems_of("*.x.example", "ttl_field = \"a b\""), HasSubstr("field name"));
  EXPECT_THAT(problems_of("*.x.example", "container_tt = \"1s\""), HasSubstr("container_ttl"));
}

}  // namespace
}  // namespace edge::config
