#include <thread>

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

// Asks for `count` messages, small or as long as they may be.
std::string stream_query(std::uint32_t count, bool large) {
  return framed(message(count, large ? 101 : 32, EchoHandler::kStream));
}

std::uint32_t number_of(const std::string& text) {
  std::uint32_t number = 0;
  if (text.size() >= sizeof number) std::memcpy(&number, text.data(), sizeof number);
  return number;
}

void expect_stream(TcpClient& client, std::uint32_t count, std::size_t size) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string text = client.receive();
    ASSERT_EQ(text.size(), size) << i;
    ASSERT_EQ(number_of(text), i);
  }
}

bool all_dropped() {
  const MonoTime deadline = std::chrono::steady_clock::now() + kPatience;
  while (EchoHandler::Stream::alive() != 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

TEST(TcpStream, ComesWholeAndInOrder) {
  EchoServer echo(one_worker());
  for (const std::uint32_t count : {1U, 2U, 3U, 300U}) {
    TcpClient client(echo.endpoint());
    client.send(stream_query(count, true));
    expect_stream(client, count, kMaxTcpMessageOctets);
    EXPECT_EQ(client.ask(message(7)), message(7));
  }
  EXPECT_EQ(echo.count(&ServerCounters::tcp_streams), 4U);
  EXPECT_EQ(echo.count(&ServerCounters::tcp_streams_whole), 4U);
  EXPECT_EQ(echo.count_tcp(&StreamTraffic::answers), 310U);
  EXPECT_TRUE(all_dropped());
}

TEST(TcpStream, OfNoMessageIsNoAnswer) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  client.send(stream_query(0, false) + framed(message(1)));
  EXPECT_EQ(client.receive(), message(1));
}

TEST(TcpStream, AnswersToPipelinedQueriesStayInOrder) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  client.send(framed(message(1)) + stream_query(5000, false) + framed(message(2)) +
              stream_query(10, true) + framed(message(3)) + "\x01");
  EXPECT_EQ(client.receive(), message(1));
  expect_stream(client, 5000, 32);
  EXPECT_EQ(client.receive(), message(2));
  expect_stream(client, 10, kMaxTcpMessageOctets);
  EXPECT_EQ(client.receive(), message(3));
}

TEST(TcpStream, GoesOnAfterTheClientHasSentItsLast) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  client.send(stream_query(100, true) + framed(message(1)));
  ::shutdown(client.fd(), SHUT_WR);
  expect_stream(client, 100, kMaxTcpMessageOctets);
  EXPECT_EQ(client.receive(), message(1));
  EXPECT_TRUE(client.is_closed());
}

TEST(TcpStream, IsPulledNoFasterThanReadAndLeavesTheWorkerToOthers) {
  EchoServer echo(one_worker());
  TcpClient client(echo.endpoint());
  constexpr std::uint32_t kMessages = 20'000;  // 1.3 GB: far more than sockets hold
  client.send(stream_query(kMessages, true));
  EXPECT_EQ(number_of(client.receive()), 0U);
  TcpClient other(echo.endpoint());
  for (std::uint32_t i = 0; i < 200; ++i) ASSERT_EQ(other.ask(message(i)), message(i));
  EXPECT_LT(echo.count_tcp(&StreamTraffic::answers), 1000U);
}

TEST(TcpStream, ManyAtOnceTakeTurns) {
  EchoServer echo(one_worker());
  std::vector<TcpClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(echo.endpoint()).send(stream_query(50, true));
  // All begun though nobody has read to an end.
  ASSERT_TRUE(echo.reaches(&ServerCounters::tcp_streams, 20));
  for (TcpClient& client : clients) expect_stream(client, 50, kMaxTcpMessageOctets);
  EXPECT_TRUE(all_dropped());
}

TEST(TcpStream, IsDroppedWhenTheClientLeaves) {
  EchoServer echo(one_worker());
  {
    TcpClient client(echo.endpoint());
    client.send(stream_query(1'000'000, true));
    EXPECT_EQ(number_of(client.receive()), 0U);
  }
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_peer, 1));
  EXPECT_TRUE(all_dropped());
  EXPECT_EQ(echo.count(&ServerCounters::tcp_streams_whole), 0U);
}

TEST(TcpStream, EndsForAClientThatStopsReading) {
  TcpLimits limits;
  limits.slow_reader = milliseconds(60);
  EchoServer echo(one_worker(limits));
  TcpClient client(echo.endpoint());
  client.send(stream_query(1'000'000, true));
  EXPECT_TRUE(echo.reaches(&ServerCounters::tcp_closed_slow, 1));
  EXPECT_TRUE(all_dropped());
}

TEST(TcpStream, OutlastsTheLimitsOfOneAnswerWhileItsClientReads) {
  TcpLimits limits;
  limits.slow_reader = milliseconds(200);
  limits.idle = milliseconds(200);
  EchoServer echo(one_worker(limits));
  TcpClient client(echo.endpoint());
  client.send(stream_query(2'000'000'000, true));
  const MonoTime end = std::chrono::steady_clock::now() + milliseconds(600);
  for (std::uint32_t i = 0; std::chrono::steady_clock::now() < end; ++i) {
    ASSERT_EQ(number_of(client.receive()), i);
  }
  EXPECT_EQ(EchoHandler::Stream::alive(), 1);
}

TEST(TcpStream, IsCutWhenStoppingTakesTooLong) {
  ServerOptions options = one_worker();
  options.drain = milliseconds(50);
  EchoServer echo(options);
  TcpClient client(echo.endpoint());
  client.send(stream_query(1'000'000, true));
  EXPECT_EQ(number_of(client.receive()), 0U);
  echo->stop();
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_stop), 1U);
  EXPECT_TRUE(all_dropped());
}

TEST(TcpStream, IsFinishedWhileStopping) {
  ServerOptions options = one_worker();
  options.drain = std::chrono::duration_cast<milliseconds>(kPatience);
  EchoServer echo(options);
  TcpClient client(echo.endpoint());
  client.send(stream_query(300, true));
  ASSERT_TRUE(echo.reaches(&ServerCounters::tcp_streams, 1));
  std::thread stopping([&] { echo->stop(); });
  expect_stream(client, 300, kMaxTcpMessageOctets);
  EXPECT_TRUE(client.is_closed());
  stopping.join();
}

}  // namespace
}  // namespace gslb::server
