#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

ServerOptions one_worker(TcpLimits limits = {}) {
  ServerOptions options;
  options.listen = {loopback_v4()};
  options.workers = 1;
  options.tcp = limits;
  return options;
}

TEST(Tcp, ListensOnThePortOfUdpInEveryWorker) {
  EchoServer echo({loopback_v4()});
  UdpClient udp(echo.endpoint());
  EXPECT_EQ(udp.ask(message(1)), message(1));
  for (std::uint32_t i = 0; i < 16; ++i) {
    TcpClient client(echo.endpoint());
    EXPECT_EQ(client.ask(message(i)), message(i));
  }
  EXPECT_EQ(echo.count(&ServerCounters::tcp_accepted), 16U);
}

TEST(Tcp, AnswersPipelinedMessagesOfOneSegmentInOrder) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  std::string segment;
  for (std::uint32_t i = 0; i < 500; ++i) segment += framed(message(i, 12 + i));
  client.send(segment);
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_EQ(client.receive(), message(i, 12 + i));
  EXPECT_EQ(client.ask(message(1)), message(1));
}

TEST(Tcp, JoinsMessagesSplitAtAnyOctet) {
  EchoServer echo(one_worker());
  const std::string two = framed(message(1, 13)) + framed(message(2, 14));
  for (std::size_t at = 1; at < two.size(); ++at) {
    TcpClient client(echo.endpoint());
    client.send(two.substr(0, at));
    // The second part goes once the first has been read.  The answer to it shows that, or, where
    // it holds no whole message, the answer to another connection of the same worker.
    if (at >= 15) {
      ASSERT_EQ(client.receive(), message(1, 13));
    } else {
      TcpClient other(echo.endpoint());
      ASSERT_EQ(other.ask(message(9)), message(9));
    }
    client.send(two.substr(at));
    if (at < 15) { ASSERT_EQ(client.receive(), message(1, 13)); }
    ASSERT_EQ(client.receive(), message(2, 14)) << at;
  }
}

TEST(Tcp, CarriesTheLongestMessages) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  EXPECT_EQ(client.ask(message(1, 65535)), message(1, 65535));
  EXPECT_EQ(client.ask(message(2, 12)), message(2, 12));
}

TEST(Tcp, ClosesOnMessagesWithoutAHeaderAfterAnsweringThoseBefore) {
  EchoServer echo(one_worker());
  for (const std::size_t length : {0U, 1U, 11U}) {
    TcpClient client(echo.endpoint());
    client.send(framed(message(1)) + framed(std::string(length, 'q')));
    EXPECT_EQ(client.receive(), message(1));
    EXPECT_TRUE(client.is_closed()) << length;
  }
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_protocol), 3U);
}

TEST(Tcp, AnswersEverythingAfterAHalfClose) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  client.send(framed(message(1)) + framed(message(2, 32, EchoHandler::kSilence)) +
              framed(message(3)) + "\x01");
  ::shutdown(client.fd(), SHUT_WR);
  EXPECT_EQ(client.receive(), message(1));
  EXPECT_EQ(client.receive(), message(3));
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_peer, 1));
}

TEST(Tcp, ClosesIdleConnections) {
  TcpLimits limits;
  limits.idle = milliseconds(60);
  EchoServer echo(one_worker(limits));
  TcpClient client(echo.endpoint());
  EXPECT_EQ(client.ask(message(1)), message(1));
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_idle), 1U);
}

TEST(Tcp, TricklingOctetsDoNotHoldAConnection) {
  TcpLimits limits;
  limits.idle = milliseconds(100);
  EchoServer echo(one_worker(limits));
  TcpClient client(echo.endpoint());
  client.send(std::string{"\xff\xff", 2});
  const MonoTime deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline &&
         ::send(client.fd(), "x", 1, MSG_NOSIGNAL) == 1) {
    ::poll(nullptr, 0, 5);
  }
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_idle), 1U);
}

TEST(Tcp, ClosesTheLongestIdleWhenFull) {
  TcpLimits limits;
  limits.connections = 2;
  EchoServer echo(one_worker(limits));
  TcpClient first(echo.endpoint());
  EXPECT_EQ(first.ask(message(1)), message(1));
  TcpClient second(echo.endpoint());
  EXPECT_EQ(second.ask(message(2)), message(2));
  EXPECT_EQ(first.ask(message(3)), message(3));  // now `second` is the longest idle
  TcpClient third(echo.endpoint());
  EXPECT_EQ(third.ask(message(4)), message(4));
  EXPECT_TRUE(second.is_closed());
  EXPECT_EQ(first.ask(message(5)), message(5));
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_full), 1U);
}

TEST(Tcp, RefusesAClientOverItsLimitOnly) {
  TcpLimits limits;
  limits.per_client = 2;
  ServerOptions options = one_worker(limits);
  options.listen = {{Address::v4(0), 0}};
  EchoServer echo(options);
  const Endpoint at{Address::v4(0x7f000001), echo.endpoint().port};
  std::optional<TcpClient> first(at);
  TcpClient second(at);
  EXPECT_EQ(first->ask(message(1)), message(1));
  EXPECT_EQ(second.ask(message(2)), message(2));
  TcpClient third(at);
  EXPECT_TRUE(third.is_closed());
  EXPECT_EQ(echo.count(&ServerCounters::tcp_refused_client), 1U);
  TcpClient other(at, {Address::v4(0x7f000002), 0});
  EXPECT_EQ(other.ask(message(3)), message(3));
  first.reset();
  ASSERT_TRUE(echo.reaches(&ServerCounters::tcp_closed_peer, 1));
  TcpClient fourth(at);
  EXPECT_EQ(fourth.ask(message(4)), message(4));
}

TEST(Tcp, WaitsForAClientThatDoesNotReadAndServesOthersMeanwhile) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  constexpr std::uint32_t kMessages = 400;  // 26 MB of answers: no socket holds that
  std::string queries;
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    queries += framed(message(i, 32, EchoHandler::kBig));
  }
  client.send(queries);
  TcpClient other(echo.endpoint());
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(other.ask(message(i)), message(i));
  EXPECT_LT(echo.count_tcp(&StreamTraffic::queries), kMessages);
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    const std::string answer = client.receive();
    ASSERT_EQ(answer.size(), kMaxTcpMessageOctets);
    ASSERT_EQ(answer.substr(0, 32), message(i, 32, EchoHandler::kBig));
  }
  EXPECT_EQ(client.ask(message(1)), message(1));
}

TEST(Tcp, ClosesAClientThatDoesNotReadForTooLong) {
  TcpLimits limits;
  limits.slow_reader = milliseconds(60);
  EchoServer echo(one_worker(limits));
  TcpClient client(echo.endpoint());
  std::string queries;
  for (std::uint32_t i = 0; i < 400; ++i) queries += framed(message(i, 32, EchoHandler::kBig));
  client.send(queries);
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_slow, 1));
}

TEST(Tcp, SurvivesRunningOutOfDescriptors) {
  EchoServer echo(one_worker());
  TcpClient idle(echo.endpoint());
  ASSERT_EQ(idle.ask(message(1)), message(1));
  socklen_t length = 0;
  const sockaddr_storage to = to_sockaddr(echo.endpoint(), &length);
  const UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::fcntl(late.get(), F_DUPFD, 0);
  ::close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(::connect(late.get(), reinterpret_cast<const sockaddr*>(&to), length), 0);
  const bool failed = echo.reaches(&ServerCounters::tcp_accept_failed, 1);
  // The longest idle connection has made room: the late one is served under the same limit.
  const bool accepted = echo.reaches(&ServerCounters::tcp_accepted, 2);
  const std::string query = framed(message(2));
  std::string answer(query.size(), '\0');
  ::send(late.get(), query.data(), query.size(), MSG_NOSIGNAL);
  const ssize_t got = ::recv(late.get(), answer.data(), answer.size(), MSG_WAITALL);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(failed);
  EXPECT_TRUE(accepted);
  EXPECT_EQ(got, static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(answer, query);
  EXPECT_TRUE(idle.is_closed());
}

}  // namespace
}  // namespace gslb::server
