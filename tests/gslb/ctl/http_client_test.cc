#include "gslb/ctl/http_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "gslb/control/http_server.h"

#include "tests/gslb/control/test_certificate.h"

namespace gslb::ctl {
namespace {

using control::HttpOptions;
using control::HttpRequest;
using control::HttpResponse;
using control::HttpServer;
using control::TestCertificate;
using ::testing::HasSubstr;

// Says what it was asked.
HttpResponse mirror(const HttpRequest& request) {
  if (request.path == "/missing") return {404, "text/plain", "no such thing"};
  if (request.path == "/huge") return {200, "text/plain", std::string(1 << 20, 'h')};
  return {200, "application/json",
          request.method + " " + request.path + " " +
              std::string(request.header("X-Own").value_or("-")) + " " + request.body};
}

class HttpClient : public ::testing::Test {
 protected:
  void start(HttpOptions options = {}) {
    options.listen = {Address::v4(0x7f000001), 0};
    server_.emplace(options, mirror);
    const Problems problems = server_->start();
    ASSERT_FALSE(problems.has_errors()) << problems.to_string();
  }
  std::string url(const std::string& scheme, const std::string& path) const {
    return scheme + "://" + server_->endpoint().to_string() + path;
  }
  std::optional<HttpServer> server_;
};

std::string error_of(const HttpCall& call) {
  const auto reply = http_call(call);
  return reply ? "status " + std::to_string(reply->status) : reply.error();
}

TEST_F(HttpClient, GetsAndPosts) {
  start();
  const auto got = http_call({.url = url("http", "/a?b=c"), .headers = {{"X-Own", "mine"}}});
  ASSERT_TRUE(got.has_value()) << got.error();
  EXPECT_EQ(got->status, 200U);
  EXPECT_EQ(got->content_type, "application/json");
  EXPECT_EQ(got->body, "GET /a mine ");
  const auto posted = http_call({.url = url("http", ""), .method = "POST", .body = "{}"});
  ASSERT_TRUE(posted.has_value()) << posted.error();
  EXPECT_EQ(posted->body, "POST / - {}");
}

TEST_F(HttpClient, GivesAnyStatusAsAReply) {
  start();
  const auto reply = http_call({.url = url("http", "/missing")});
  ASSERT_TRUE(reply.has_value()) << reply.error();
  EXPECT_EQ(reply->status, 404U);
  EXPECT_EQ(reply->body, "no such thing");
}

TEST_F(HttpClient, ReadsLargeReplies) {
  start();
  const auto reply = http_call({.url = url("http", "/huge")});
  ASSERT_TRUE(reply.has_value()) << reply.error();
  EXPECT_EQ(reply->body.size(), std::size_t{1} << 20);
}

TEST_F(HttpClient, TrustsOnlyTheAuthoritiesItIsGiven) {
  const TestCertificate files;
  HttpOptions options;
  options.certificate_path = files.certificate();
  options.key_path = files.key();
  start(options);
  const auto trusted =
      http_call({.url = url("https", "/tls"), .authorities_path = files.certificate()});
  ASSERT_TRUE(trusted.has_value()) << trusted.error();
  EXPECT_EQ(trusted->body, "GET /tls - ");
  EXPECT_THAT(error_of({.url = url("https", "/")}), HasSubstr("agree on TLS"));
  const auto unverified = http_call({.url = url("https", "/tls"), .verify = false});
  EXPECT_TRUE(unverified.has_value());
  EXPECT_THAT(error_of({.url = url("https", "/"), .authorities_path = files.folder() + "/none"}),
              HasSubstr("set up TLS"));
}

TEST_F(HttpClient, ChecksTheNameInTheCertificate) {
  const TestCertificate files;
  HttpOptions options;
  options.certificate_path = files.certificate();
  options.key_path = files.key();
  start(options);
  const std::string port = std::to_string(server_->endpoint().port);
  // 127.0.0.1 by a spelling the certificate does not have.
  EXPECT_THAT(
      error_of({.url = "https://127.1:" + port + "/", .authorities_path = files.certificate()}),
      HasSubstr("agree on TLS"));
}

TEST_F(HttpClient, SaysWhatCouldNotBeDone) {
  EXPECT_THAT(error_of({.url = "ftp://127.0.0.1/"}),
              HasSubstr("is not an http:// or https:// URL"));
  EXPECT_THAT(error_of({.url = "http://:80/"}), HasSubstr("is not an http://"));
  EXPECT_THAT(error_of({.url = "http://127.0.0.1:http/"}), HasSubstr("is not an http://"));
  start();
  const std::string gone = url("http", "/");
  server_->stop();
  EXPECT_THAT(error_of({.url = gone}), HasSubstr("can't connect to 127.0.0.1"));
}

TEST_F(HttpClient, GivesUpInTime) {
  // Accepts by way of its backlog and never says a word.
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const auto* port = reinterpret_cast<const std::uint8_t*>(&bound) + 2;
  EXPECT_THAT(error_of({.url = "http://127.0.0.1:" + std::to_string(load_u16(port)) + "/",
                        .timeout = milliseconds(50)}),
              HasSubstr("no answer within 50 ms"));
  ::close(silent);
}

}  // namespace
}  // namespace gslb::ctl
