#include "edge/origin/swift_site.h"

#include <gtest/gtest.h>

namespace {

using edge::origin::swift_access;
using edge::origin::swift_container;
using edge::origin::swift_place;

edge::config::Swift site() {
  edge::config::Swift swift;
  swift.domain = "cdn.example.com";
  return swift;
}

std::string path_of(std::string_view host, const edge::config::Swift& swift = site()) {
  const auto place = swift_place(swift, host);
  return place ? place->path() : "";
}

TEST(SwiftPlace, IsContainerAndAccountOfTheHost) {
  EXPECT_EQ(path_of("photos.auth_test.cdn.example.com"), "/v1/AUTH_test/photos");
  EXPECT_EQ(path_of("photos.auth-test.cdn.example.com:8080"), "/v1/AUTH_test/photos");
  EXPECT_EQ(path_of("photos.test.cdn.example.com"), "/v1/AUTH_test/photos");
}

TEST(SwiftPlace, ReadsDashesAsDomainRemapDoes) {
  EXPECT_EQ(path_of("c.my-own.cdn.example.com"), "/v1/AUTH_my_own/c");
  EXPECT_EQ(path_of("c.auth-my-own.cdn.example.com"), "/v1/AUTH_my-own/c");
  edge::config::Swift swift = site();
  swift.account_prefix = "";
  EXPECT_EQ(path_of("c.my-own.cdn.example.com", swift), "/v1/my-own/c");
}

TEST(SwiftPlace, ContainersMayHaveDots) {
  EXPECT_EQ(path_of("www.shop.example.test.cdn.example.com"), "/v1/AUTH_test/www.shop.example");
}

TEST(SwiftPlace, OtherHostsAreNone) {
  for (const char* host : {"cdn.example.com", "test.cdn.example.com", ".test.cdn.example.com",
                           "a..test.cdn.example.com", "a.test.cdn.example.org",
                           "a.testcdn.example.com", "..cdn.example.com", ""}) {
    EXPECT_EQ(path_of(host), "") << host;
  }
}

TEST(SwiftAccess, NeedsARuleThatFits) {
  EXPECT_FALSE(swift_access("", "").objects);
  EXPECT_FALSE(swift_access("test:tester", "").objects);
  EXPECT_FALSE(swift_access(".rlistings", "").objects);
  EXPECT_TRUE(swift_access(".r:*", "").objects);
  EXPECT_FALSE(swift_access(".r:*", "").listing);
  EXPECT_TRUE(swift_access("test:x,.r:*,.rlistings", "").listing);
  EXPECT_FALSE(swift_access(".rlistings,.r:www.example.com", "").listing);
}

TEST(SwiftAccess, ByReferer) {
  const std::string_view acl = ".r:*,.r:-bad.example,.r:-.worse.example";
  EXPECT_TRUE(swift_access(acl, "http://good.example/").objects);
  EXPECT_FALSE(swift_access(acl, "http://bad.example/x").objects);
  EXPECT_TRUE(swift_access(acl, "http://www.bad.example/x").objects);
  EXPECT_FALSE(swift_access(acl, "https://user@WWW.worse.example:8443").objects);
  EXPECT_TRUE(swift_access(".r:.example.com", "http://www.example.com").objects);
  EXPECT_FALSE(swift_access(".r:.example.com", "http://example.com.evil").objects);
  EXPECT_FALSE(swift_access(".r:.example.com", "www.example.com").objects);
  EXPECT_TRUE(swift_access(".r:2001:db8::1", "http://[2001:db8::1]:80/").objects);
  EXPECT_FALSE(swift_access(".r:x", "http://[").objects);
}

TEST(SwiftContainer, SaysWhatItsFieldsSay) {
  edge::http::ResponseHead head;
  head.status = 204;
  head.fields.add("X-Container-Read", ".r:*");
  head.fields.add("X-Container-Meta-Web-Index", " index.html ");
  head.fields.add("x-container-meta-web-listings", "TRUE");
  head.fields.add("X-Container-Meta-Cdn-Ttl", "90");
  const auto container = swift_container(head, "X-Container-Meta-CDN-TTL");
  EXPECT_TRUE(container.exists());
  EXPECT_EQ(container.index, "index.html");
  EXPECT_TRUE(container.listings && container.is_site());
  EXPECT_EQ(container.ttl_s, 90);
  head.fields.set("X-Container-Meta-Web-Listings", "no");
  head.fields.set("X-Container-Meta-Cdn-Ttl", "soon");
  const auto other = swift_container(head, "X-Container-Meta-Cdn-Ttl");
  EXPECT_FALSE(other.listings);
  EXPECT_FALSE(other.ttl_s.has_value());
  head.status = 404;
  EXPECT_FALSE(swift_container(head, "X").exists());
}

}  // namespace
