#include "gslb/control/http_server.h"

#include <array>
#include <cstring>
#include <fstream>
#include <future>
#include <sstream>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/gslb/control/test_certificate.h"

namespace gslb::control {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kPatienceSeconds = 10;  // for what must come; never waited for in full

// A plain socket: what it sends need not be HTTP.
class RawClient {
 public:
  explicit RawClient(const Endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    address.sin_addr.s_addr = htonl(to.address.v4_host_order());
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool send(const std::string& octets) {
    return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(octets.size());
  }
  // Up to and with `end`, or to the end of the connection.
  std::string read_to(const std::string& end) {
    std::string text;
    char octet = 0;
    while (!text.ends_with(end) && ::recv(fd_, &octet, 1, 0) == 1) text += octet;
    return text;
  }
  std::string read_all() {
    std::string text;
    std::array<char, 4096> part{};
    ssize_t got = 0;
    while ((got = ::recv(fd_, part.data(), part.size(), 0)) > 0) {
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    closed_ = got == 0 || errno == ECONNRESET;
    return text;
  }
  bool is_closed() {
    read_all();
    return closed_;
  }
  void shut() { ::shutdown(fd_, SHUT_WR); }

 private:
  int fd_;
  bool closed_ = false;
};

HttpResponse answer(const HttpRequest& request) {
  if (request.path == "/throw") throw std::runtime_error("on purpose");
  if (request.path == "/teapot") return {418, "text/plain", "short and stout", {{"X-Own", "yes"}}};
  std::ostringstream text;
  text << request.method << ' ' << request.path << ' ' << request.body.size() << ' '
       << (request.tls ? "tls" : "plain") << ' ' << request.peer.address.to_string() << " end";
  return {200, "text/plain", text.str()};
}

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpOptions options = {}, HttpHandler handler = answer) {
    options.listen = {Address::v4(0x7f000001), 0};
    server_.emplace(options, std::move(handler));
    const Problems problems = server_->start();
    ASSERT_FALSE(problems.has_errors()) << problems.to_string();
  }
  // All that comes back for these octets when nothing follows them.
  std::string exchange(const std::string& octets) {
    RawClient client(server_->endpoint());
    client.send(octets);
    client.shut();
    return client.read_all();
  }
  int shell(const std::string& command) { return std::system(command.c_str()); }

  std::optional<HttpServer> server_;
};

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

TEST_F(HttpServerTest, AnswersWithDateLengthAndTheHandlersHeaders) {
  start();
  RawClient client(server_->endpoint());
  client.send(get("/teapot"));
  const std::string reply = client.read_to("stout");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 418 "));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nX-Own: yes\r\n"));
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 15\r\n"));
  EXPECT_THAT(reply, HasSubstr(" GMT\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\nshort and stout"));
}

TEST_F(HttpServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(server_->endpoint());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += get("/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(client.read_to(" end"),
                HasSubstr("GET /" + std::to_string(i) + " 0 plain 127.0.0.1"));
  }
  client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close"));
}

TEST_F(HttpServerTest, ReadsBodiesWithLengthAndChunked) {
  start();
  EXPECT_THAT(exchange("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
              HasSubstr("POST /a 5 "));
  EXPECT_THAT(exchange("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"),
              HasSubstr("POST /a 7 "));
  EXPECT_THAT(exchange("GET /old HTTP/1.0\r\n\r\n"), HasSubstr("GET /old 0 "));
}

TEST_F(HttpServerTest, AnswersHeadAsGetWithoutTheBody) {
  start();
  RawClient client(server_->endpoint());
  client.send("HEAD /teapot HTTP/1.1\r\nHost: x\r\n\r\n" + get("/next"));
  const std::string head = client.read_to("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(client.read_to(" end"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, SaysContinueWhenAsked) {
  start();
  RawClient client(server_->endpoint());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.read_to(" end"), HasSubstr("POST /a 2 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  start();
  for (const std::string& octets : std::vector<std::string>{
           "garbage\r\n\r\n", std::string(64, '\0'), "\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
           "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_THAT(exchange(octets), StartsWith("HTTP/1.1 400 ")) << octets;
  }
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"),
              StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(exchange(get("/fine")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesBodiesOverTheLimitBeforeReadingThem) {
  HttpOptions options;
  options.body_limit_octets = 1000;
  start(options);
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" +
                       std::string(1000, 'b')),
              HasSubstr("POST / 1000 "));
  RawClient announced(server_->endpoint());
  announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n");
  EXPECT_THAT(announced.read_to("Large\n"), StartsWith("HTTP/1.1 413 "));
  // Still sending when it is refused: the answer must not be lost to a reset.
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n" +
                       std::string(4'000'000, 'b')),
              StartsWith("HTTP/1.1 413 "));
  std::string chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunks += "64\r\n" + std::string(100, 'c') + "\r\n";
  EXPECT_THAT(exchange(chunks), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesHeadersOverTheLimit) {
  start();
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'h') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, SurvivesHandlersThatThrow) {
  start();
  EXPECT_THAT(exchange(get("/throw") + get("/next")),
              ::testing::AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("GET /next")));
}

TEST_F(HttpServerTest, LimitsTheTimeOfEveryPhase) {
  HttpOptions options;
  options.idle = options.header = options.body = milliseconds(80);
  start(options);
  RawClient idle(server_->endpoint());
  EXPECT_TRUE(idle.is_closed());
  for (const char* begun :
       {"GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"}) {
    RawClient slow(server_->endpoint());
    slow.send(begun);
    // An octet now and then does not win more time.
    const MonoTime end = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
    while (slow.send("x") && std::chrono::steady_clock::now() < end) ::poll(nullptr, 0, 5);
    EXPECT_LT(std::chrono::steady_clock::now(), end) << begun;
  }
  EXPECT_THAT(exchange(get("/fine")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ClosesConnectionsOverTheLimit) {
  HttpOptions options;
  options.connections = 1;
  start(options);
  auto first = std::make_unique<RawClient>(server_->endpoint());
  first->send(get("/a"));
  EXPECT_THAT(first->read_to(" end"), StartsWith("HTTP/1.1 200 "));
  RawClient second(server_->endpoint());
  EXPECT_TRUE(second.is_closed());
  first->send(get("/b"));
  EXPECT_THAT(first->read_to(" end"), HasSubstr("GET /b"));
}

TEST_F(HttpServerTest, StopsAtOnceWithIdleClientsAndFinishesRequestsInProgress) {
  std::promise<void> entered;
  std::promise<void> go_on;
  start({}, [&](const HttpRequest& request) {
    if (request.path == "/slow") {
      entered.set_value();
      go_on.get_future().wait();
    }
    return answer(request);
  });
  RawClient idle(server_->endpoint());
  idle.send(get("/a"));
  idle.read_to(" end");
  RawClient busy(server_->endpoint());
  busy.send(get("/slow"));
  entered.get_future().wait();
  const auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  go_on.set_value();
  EXPECT_THAT(busy.read_all(), HasSubstr("GET /slow"));
  EXPECT_TRUE(idle.is_closed());
  stopped.wait();
  server_->stop();  // again: nothing to do
}

TEST_F(HttpServerTest, SpeaksTls12AndNewerOnly) {
  const TestCertificate files;
  HttpOptions options;
  options.certificate_path = files.certificate();
  options.key_path = files.key();
  start(options);
  const std::string call = "curl -sS --max-time 10 --cacert '" + files.certificate() +
                           "' https://" + server_->endpoint().to_string() + "/secret";
  EXPECT_EQ(shell(call + " | grep -q 'GET /secret 0 tls'"), 0);
  EXPECT_EQ(shell(call + " --tls-max 1.2 >/dev/null"), 0);
  const std::string old = "echo | openssl s_client -tls1_1 -cipher ALL:@SECLEVEL=0 -connect " +
                          server_->endpoint().to_string() + " >/dev/null 2>&1";
  EXPECT_NE(shell(old), 0);
  // Octets that are no handshake end that connection and nothing else.
  EXPECT_THAT(exchange(get("/plain")), Not(HasSubstr("HTTP/1.1")));
  EXPECT_EQ(shell(call + " >/dev/null"), 0);
}

TEST_F(HttpServerTest, ReloadsTheCertificateAndKeepsTheOldOneOnErrors) {
  const TestCertificate files;
  HttpOptions options;
  options.certificate_path = files.certificate();
  options.key_path = files.key();
  start(options);
  const std::string issuer = "echo | openssl s_client -connect " + server_->endpoint().to_string() +
                             " 2>/dev/null | grep -q 'O = '";
  EXPECT_EQ(shell(issuer + "first"), 0);
  files.make("second");
  EXPECT_FALSE(server_->reload_certificate().has_errors());
  EXPECT_EQ(shell(issuer + "second"), 0);
  std::ofstream(files.key()) << "no key";
  EXPECT_THAT(server_->reload_certificate().to_string(), HasSubstr(files.key()));
  EXPECT_EQ(shell(issuer + "second"), 0);
}

TEST(HttpServerStart, SaysWhatIsWrongWithTheFilesAndTheAddress) {
  const TestCertificate files;
  const TestCertificate others;
  HttpOptions options;
  options.listen = {*Address::parse("192.0.2.77"), 0};
  options.certificate_path = files.folder() + "/none.pem";
  options.key_path = files.key();
  HttpServer missing(options, answer);
  const Problems all = missing.start();
  EXPECT_THAT(all.to_string(), HasSubstr("none.pem: error: can't load the TLS certificate"));
  EXPECT_THAT(all.to_string(), HasSubstr("no interface of this machine has the address"));

  options.certificate_path = others.certificate();
  HttpServer mismatched(options, answer);
  EXPECT_THAT(mismatched.start().to_string(), HasSubstr("does not belong to the certificate"));
}

TEST(HttpServerStart, ReportsAnAddressInUse) {
  HttpOptions options;
  options.listen = {Address::v4(0x7f000001), 0};
  HttpServer first(options, answer);
  ASSERT_FALSE(first.start().has_errors());
  options.listen = first.endpoint();
  HttpServer second(options, answer);
  EXPECT_THAT(second.start().to_string(), HasSubstr("another process listens there"));
}

}  // namespace
}  // namespace gslb::control
