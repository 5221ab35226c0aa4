#include <gmock/gmock.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

using testing::HasSubstr;

std::string file(std::string_view more) {
  return "[edge]\ncluster = \"x\"\nnode = \"a\"\nlisten = [\"127.0.0.1:1\"]\n[[site]]\n"
         "host = \"www.example\"\n" +
         std::string(more);
}

Origin origin_of(std::string_view more) {
  gslb::Problems problems;
  const auto config = parse(file(more), "e.toml", problems);
  EXPECT_TRUE(config) << problems.to_string();
  return config ? config->sites.front().origin : Origin{};
}

std::string problems_of(std::string_view more) {
  gslb::Problems problems;
  parse(file(more), "e.toml", problems);
  return problems.to_string();
}

TEST(OriginTable, ListsServersWithTheirWeights) {
  const Origin origin = origin_of(R"(
balance = "least"
max_connections = 7
path = "/base"
retry_status = [502, 503]
[[site.server]]
url = "http://a.example"
weight = 3
max_connections = 2
[[site.server]]
url = "https://b.example"
backup = true
[site.health]
path = "/up"
status = ["200", "300-302"]
[site.tls]
name = "b.internal"
min_version = "1.3"
verify = false
[site.request_headers]
remove = ["Cookie"]
[site.request_headers.set]
X-Edge = "yes"
[site.response_headers.add]
X-Served = "proxima"
)");
  ASSERT_EQ(origin.servers.size(), 2U);
  EXPECT_EQ(origin.name, "www.example");
  EXPECT_EQ(origin.balance, Balance::kLeast);
  EXPECT_EQ(origin.servers[0].weight, 3U);
  EXPECT_EQ(origin.servers[0].max_connections, 2U);
  EXPECT_EQ(origin.servers[1].max_connections, 7U) << "the origin's own is for who says nothing";
  EXPECT_TRUE(origin.servers[1].backup);
  EXPECT_EQ(origin.path, "/base");
  EXPECT_EQ(origin.failover.retry_statuses, (std::vector<int>{502, 503}));
  ASSERT_TRUE(origin.health);
  EXPECT_EQ(origin.health->statuses, (std::vector<std::pair<int, int>>{{200, 200}, {300, 302}}));
  EXPECT_TRUE(origin.tls.only_tls13);
  EXPECT_FALSE(origin.tls.verify);
  EXPECT_EQ(origin.tls.name, "b.internal");
  EXPECT_EQ(origin.request_fields.remove, std::vector<std::string>{"Cookie"});
  EXPECT_EQ(origin.request_fields.set.front().second, "yes");
  EXPECT_EQ(origin.response_fields.added.front().first, "X-Served");
}

TEST(OriginTable, UrlsAreTriedInOrderAndListsTakeTurns) {
  EXPECT_EQ(origin_of("urls = [\"http://a\", \"http://b\"]").balance, Balance::kPriority);
  EXPECT_EQ(origin_of("[[site.server]]\nurl = \"http://a\"").balance, Balance::kRoundRobin);
}

TEST(OriginTable, FaultsAreNamed) {
  EXPECT_THAT(problems_of(""), HasSubstr("no url"));
  EXPECT_THAT(problems_of("[[site.server]]\nurl = \"http://a\"\nbackup = true"),
              HasSubstr("all servers are backups"));
  EXPECT_THAT(problems_of("[[site.server]]\nurl = \"a\""), HasSubstr("no origin URL"));
  EXPECT_THAT(problems_of("url = \"http://a\"\npath = \"base/\""), HasSubstr("before a path"));
  EXPECT_THAT(problems_of("url = \"http://a\"\n[site.health]\nstatus = [\"2xx\"]"),
              HasSubstr("no statuses"));
  EXPECT_THAT(problems_of("url = \"http://a\"\n[site.health]\npath = \"up\""),
              HasSubstr("no path"));
  EXPECT_THAT(problems_of("url = \"http://a\"\n[site.tls]\ncertificate = \"/nowhere\""),
              HasSubstr("can't read"));
  for (const char* name : {"Content-Length", "host", "Transfer-Encoding", "If-None-Match"}) {
    EXPECT_THAT(problems_of("url = \"http://a\"\n[site.request_headers.set]\n" + std::string(name) +
                            " = \"1\""),
                HasSubstr("own affair"))
        << name;
  }
  EXPECT_THAT(problems_of("url = \"http://a\"\n[site.request_headers.add]\nX = \"1\""),
              HasSubstr("add"));
  EXPECT_THAT(problems_of("url = \"http://a\"\n[[site]]\nhost = \"www.example\"\nurl=\"http://b\""),
              HasSubstr("twice"));
  EXPECT_THAT(problems_of("url = \"http://a\"\neject_time = \"1h\"\neject_max = \"1m\""),
              HasSubstr("shorter"));
}

TEST(S3Table, IsReadWhole) {
  const Origin origin = origin_of(R"(
url = "https://s3.example"
[site.s3]
bucket = "photos"
region = "eu-central-1"
key_id = "ID"
key = "secret"
style = "host"
index = "index.html"
ttl = "1h"
)");
  ASSERT_TRUE(origin.s3);
  EXPECT_EQ(origin.s3->bucket, "photos");
  EXPECT_EQ(origin.s3->secret, "secret");
  EXPECT_TRUE(origin.s3->virtual_host);
  EXPECT_FALSE(origin.s3->listing);
  EXPECT_EQ(origin.s3->ttl_s, 3600);
}

TEST(S3Table, FaultsAreNamed) {
  const std::string site = "url = \"https://s3.example\"\n[site.s3]\n";
  EXPECT_THAT(problems_of(site), HasSubstr("key_id"));
  EXPECT_THAT(problems_of(site), HasSubstr("no bucket"));
  EXPECT_THAT(problems_of(site), HasSubstr("no secret key"));
  EXPECT_THAT(problems_of(site + "bucket = \"a/b\""), HasSubstr("no bucket's name"));
  EXPECT_THAT(problems_of(site + "index = \"/index.html\""), HasSubstr("slash"));
}

TEST(CustomersTable, IsReadAndFaultsAreNamed) {
  const std::string site = "url = \"http://a\"\n";
  gslb::Problems problems;
  const auto config = parse(file(site + "[customers]\ncdn_domains = [\"*.CDN.example\"]\n"
                                        "share = true\n[resolver]\nservers = [\"[::1]:5353\"]\n"),
                            "e.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  EXPECT_EQ(config->customers->domains, std::vector<std::string>{"*.cdn.example"});
  EXPECT_TRUE(config->customers->share);
  EXPECT_EQ(config->resolver.servers.front().port, 5353);
  EXPECT_THAT(problems_of(site + "[customers]\ncdn_domains = [\"cdn.example\"]"),
              HasSubstr("no domain of a CDN"));
  EXPECT_THAT(problems_of(site + "[resolver]\nmin_ttl = \"2h\""), HasSubstr("longer"));
}

TEST(KeystoneTable, NeedsAProjectOrACredential) {
  const std::string site =
      "url = \"http://a\"\n[[site]]\nhost = \"*.b.example\"\nurl = \"http://s\"\n[site.swift]\n"
      "auth_url = \"http://k:5000/v3\"\nkey = \"k\"\n";
  EXPECT_THAT(problems_of(site + "user = \"u\""), HasSubstr("project"));
  EXPECT_THAT(problems_of(site + "project = \"p\""), HasSubstr("user"));
  EXPECT_EQ(problems_of(site + "user = \"u\"\nproject = \"p\""), "");
  EXPECT_EQ(problems_of(site + "credential_id = \"c\""), "");
}

}  // namespace
}  // namespace edge::config
