#include <gmock/gmock.h>

#include "edge/config/config.h"

namespace edge::config {
namespace {

using testing::HasSubstr;

std::string with(std::string_view edge, std::string_view rest = "") {
  std::string text = "[edge]\ncluster = \"c\"\nnode = \"n\"\n";
  text.append(edge).append("\n[origin]\nurl = \"http://127.0.0.1:1\"\n").append(rest);
  return text;
}

std::string problems_of(const std::string& text) {
  gslb::Problems problems;
  EXPECT_FALSE(parse(text, "edge.toml", problems));
  return problems.to_string();
}

TEST(Listeners, AreGivenShortOrWithOptions) {
  gslb::Problems problems;
  const auto config = parse(with(R"(listen = "0.0.0.0"
listen_tls = "127.0.0.1"
[[edge.listener]]
address = "127.0.0.1:81"
http2 = true
proxy_from = ["10.0.0.0/8", "::1"])",
                                 R"([tls]
min_version = "1.3"
[[tls.certificate]]
certificate = "a.pem"
key = "/k/a.key"
hosts = ["WWW.example"]
[access_log]
file = "log"
format = "json"
)"),
                            "/etc/edge.toml", problems);
  ASSERT_TRUE(config) << problems.to_string();
  ASSERT_EQ(config->edge.listen.size(), 3U);
  EXPECT_EQ(config->edge.listen[0].at.to_string(), "0.0.0.0:80");
  EXPECT_EQ(config->edge.listen[1].at.to_string(), "127.0.0.1:443");
  EXPECT_TRUE(config->edge.listen[1].tls);
  EXPECT_TRUE(config->edge.listen[2].http2);
  EXPECT_EQ(config->edge.listen[2].proxy_from.size(), 2U);
  EXPECT_TRUE(config->tls.only_tls13);
  const Certificate& certificate = config->tls.certificates.at(0);
  EXPECT_EQ(certificate.certificate, "/etc/a.pem");
  EXPECT_EQ(certificate.key, "/k/a.key");
  EXPECT_EQ(certificate.hosts.at(0), "www.example");
  EXPECT_EQ(config->access_log.file, "/etc/log");
  EXPECT_TRUE(config->access_log.json);
}

TEST(Listeners, ThatCantWorkAreRefused) {
  EXPECT_THAT(problems_of(with("")), HasSubstr("nothing to listen on"));
  EXPECT_THAT(problems_of(with("listen = [\"[::1]:80\", \"[::1]:80\"]")),
              HasSubstr("edge.toml:4:23: error: [::1]:80 is listened on twice"));
  EXPECT_THAT(problems_of(with("listen_tls = \"127.0.0.1\"")), HasSubstr("no certificate"));
  EXPECT_THAT(problems_of(with("[[edge.listener]]\naddress = \"::1\"\ntls = true\nhttp2 = true")),
              HasSubstr("http2 of a listener is for clients without TLS"));
  EXPECT_THAT(problems_of(with("[[edge.listener]]\naddress = \"::1\"\nproxy_from = \"10.1/8\"")),
              HasSubstr("is no prefix"));
}

}  // namespace
}  // namespace edge::config
