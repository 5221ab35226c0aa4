#include "gslb/server/server.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <thread>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

using ::testing::HasSubstr;

HandlerFactory echo_factory() {
  return [](unsigned) { return std::make_unique<EchoHandler>(); };
}

Problems start(std::vector<Endpoint> listen) {
  ServerOptions options;
  options.listen = std::move(listen);
  options.workers = 2;
  Server server(options, echo_factory());
  Problems problems = server.start();
  EXPECT_EQ(server.workers(), problems.has_errors() ? 0U : 2U);
  return problems;
}

TEST(Server, MakesOneHandlerAWorkerInOrder) {
  std::vector<unsigned> made;
  ServerOptions options;
  options.listen = {loopback_v4()};
  options.workers = 3;
  options.pin_workers = true;
  Server server(options, [&made](unsigned worker) {
    made.push_back(worker);
    return std::make_unique<EchoHandler>();
  });
  ASSERT_FALSE(server.start().has_errors());
  EXPECT_THAT(made, ::testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(server.workers(), 3U);
}

TEST(Server, ANudgeBeginsABatchOnIdleWorkers) {
  class Counting final : public Handler {
   public:
    explicit Counting(std::promise<void>& begun) : begun_(begun) {}
    void begin_batch() noexcept override {
      if (!std::exchange(has_begun_, true)) { begun_.set_value(); }
    }
    std::size_t handle(Octets, const Peer&, MutableOctets) noexcept override { return 0; }

   private:
    std::promise<void>& begun_;
    bool has_begun_ = false;
  };
  std::vector<std::promise<void>> begun(2);
  ServerOptions options;
  options.listen = {loopback_v4()};
  options.workers = 2;
  Server server(options,
                [&](unsigned worker) { return std::make_unique<Counting>(begun[worker]); });
  ASSERT_FALSE(server.start().has_errors());
  server.nudge();
  for (auto& each : begun) {
    EXPECT_EQ(each.get_future().wait_for(kPatience), std::future_status::ready);
  }
}

TEST(Server, ABatchEndsAfterItsMessagesAndBeforeItsAnswersLeave) {
  class Bracketed final : public Handler {
   public:
    explicit Bracketed(std::atomic<int>& ended) : ended_(ended) {}
    void begin_batch() noexcept override { in_batch_ = 0; }
    void end_batch() noexcept override { ended_ += in_batch_; }
    std::size_t handle(Octets query, const Peer&, MutableOctets out) noexcept override {
      ++in_batch_;
      std::copy(query.begin(), query.end(), out.begin());
      return query.size();
    }

   private:
    std::atomic<int>& ended_;
    int in_batch_ = 0;
  };
  std::atomic<int> ended{0};
  ServerOptions options;
  options.listen = {loopback_v4()};
  options.workers = 1;
  Server server(options, [&](unsigned) { return std::make_unique<Bracketed>(ended); });
  ASSERT_FALSE(server.start().has_errors());
  const Endpoint at = server.endpoints().front();
  UdpClient datagrams(at);
  EXPECT_EQ(datagrams.ask(message(1)), message(1));
  EXPECT_EQ(ended, 1);
  TcpClient stream(at);
  EXPECT_EQ(stream.ask(message(2)), message(2));
  EXPECT_EQ(ended, 2);
}

TEST(Server, SpreadsClientsOverWorkers) {
  EchoServer echo({loopback_v4()});
  // The kernel hashes the client's port: 64 of them on one of two workers is a chance of 2^-63.
  for (std::uint32_t i = 0; i < 64; ++i) {
    UdpClient client(echo.endpoint());
    ASSERT_EQ(client.ask(message(i)), message(i));
  }
  EXPECT_GT(echo->counters(0).udp_queries.value(), 0U);
  EXPECT_GT(echo->counters(1).udp_queries.value(), 0U);
}

TEST(Server, ReportsAnAddressInUseEvenByASharer) {
  EchoServer first({loopback_v4()});
  const Problems problems = start({first.endpoint()});
  ASSERT_EQ(problems.error_count(), 1U);
  EXPECT_THAT(problems.to_string(), HasSubstr(first.endpoint().to_string()));
  EXPECT_THAT(problems.to_string(), HasSubstr("another process listens there"));
}

TEST(Server, ReportsAllBadEndpointsAtOnce) {
  const Problems problems = start(
      {{*Address::parse("192.0.2.77"), 0}, loopback_v4(), {*Address::parse("2001:db8::77"), 0}});
  EXPECT_EQ(problems.error_count(), 2U);
  EXPECT_THAT(problems.to_string(), HasSubstr("192.0.2.77"));
  EXPECT_THAT(problems.to_string(), HasSubstr("2001:db8::77"));
  EXPECT_THAT(problems.to_string(), HasSubstr("no interface of this machine has the address"));
}

TEST(Server, NamesTheCapabilityForLowPorts) {
  int first_free_for_all = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free_for_all;
  if (first_free_for_all < 1024) GTEST_SKIP() << "low ports are open to everybody here";
  Problems problems;
  // The system call, unlike its wrapper, changes this one thread only.
  std::thread([&problems] {
    if (::geteuid() == 0) ::syscall(SYS_setresuid, 65534, 65534, 65534);
    problems = start({{Address::v4(0x7f000001), 1023}});
  }).join();
  EXPECT_THAT(problems.to_string(), HasSubstr("CAP_NET_BIND_SERVICE"));
}

TEST(Server, ListensOnAWildcardAndOneOfItsAddresses) {
  EchoServer wildcard({{Address::v4(0), 0}});
  const std::uint16_t port = wildcard.endpoint().port;
  wildcard->stop();
  EXPECT_FALSE(start({{Address::v4(0), port}, {Address::v4(0x7f000001), port}}).has_errors());
}

TEST(ServerStop, AnswersDatagramsThatHaveArrived) {
  EchoServer echo({loopback_v4()});
  std::vector<UdpClient> clients;
  for (std::uint32_t i = 0; i < 8; ++i) clients.emplace_back(echo.endpoint());
  for (std::uint32_t i = 0; i < 100; ++i) {
    for (UdpClient& client : clients) client.send(message(i));
  }
  echo->stop();
  for (UdpClient& client : clients) {
    for (std::uint32_t i = 0; i < 100; ++i) { ASSERT_EQ(client.receive(), message(i)); }
  }
  EXPECT_EQ(echo.count(&ServerCounters::udp_answers), 800U);
}

TEST(ServerStop, AnswersTcpMessagesThatHaveArrived) {
  EchoServer echo({loopback_v4()});
  std::vector<TcpClient> clients;
  for (std::uint32_t i = 0; i < 100; ++i) {
    clients.emplace_back(echo.endpoint());
    clients.back().send(framed(message(i)) + framed(message(i + 1)) + "\x01");
  }
  echo->stop();
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_EQ(clients[i].receive(), message(i));
    ASSERT_EQ(clients[i].receive(), message(i + 1));
    ASSERT_TRUE(clients[i].is_closed());
  }
  EXPECT_EQ(echo->counters(0).tcp_open() + echo->counters(1).tcp_open(), 0U);
}

TEST(ServerStop, FinishesWhatASlowClientIsStillReading) {
  EchoServer echo({loopback_v4()});
  TcpClient client(echo.endpoint());
  std::string queries;
  for (std::uint32_t i = 0; i < 200; ++i) queries += framed(message(i, 32, EchoHandler::kBig));
  client.send(queries);
  const auto stopped = std::async(std::launch::async, [&echo] { echo->stop(); });
  for (std::uint32_t i = 0; i < 200; ++i) {
    ASSERT_EQ(client.receive().size(), kMaxTcpMessageOctets) << i;
  }
  EXPECT_TRUE(client.is_closed());
}

TEST(ServerStop, DoesNotWaitLongerThanToldForAClientThatNeverReads) {
  ServerOptions options;
  options.listen = {loopback_v4()};
  options.workers = 1;
  options.drain = milliseconds(50);
  EchoServer echo(options);
  TcpClient client(echo.endpoint());
  std::string queries;
  for (std::uint32_t i = 0; i < 400; ++i) queries += framed(message(i, 32, EchoHandler::kBig));
  client.send(queries);
  ASSERT_TRUE(echo.reaches(&ServerCounters::tcp_accepted, 1));
  echo->stop();
  EXPECT_EQ(echo.count(&ServerCounters::tcp_closed_stop), 1U);
  echo->stop();  // again: nothing to do
}

}  // namespace
}  // namespace gslb::server
