#include <set>

#include <netinet/udp.h>
#include <sys/resource.h>

#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

Endpoint loopback_v6() { return {*Address::parse("::1"), 0}; }

TEST(Udp, AnswersOverIpv4AndIpv6) {
  EchoServer echo({loopback_v4(), loopback_v6()});
  for (std::size_t i = 0; i < 2; ++i) {
    UdpClient client(echo.endpoint(i));
    EXPECT_EQ(client.ask(message(7)), message(7));
  }
  EXPECT_TRUE(echo.reaches(&ServerCounters::udp_answers, 2));
  EXPECT_EQ(echo.count(&ServerCounters::udp_queries), 2U);
  EXPECT_EQ(echo.count(&ServerCounters::udp_query_octets), 64U);
  EXPECT_EQ(echo.count(&ServerCounters::udp_answer_octets), 64U);
}

TEST(Udp, WildcardAnswersFromTheAddressThatWasAsked) {
  EchoServer echo({{Address::v4(0), 0}, {*Address::parse("::"), 0}});
  for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.9.8.7"}) {
    UdpClient client({*Address::parse(asked), echo.endpoint(0).port});
    EXPECT_EQ(client.ask(message(1)), message(1)) << asked;
  }
  UdpClient client({*Address::parse("::1"), echo.endpoint(1).port});
  EXPECT_EQ(client.ask(message(1)), message(1));
}

TEST(Udp, BothWildcardsShareAPort) {
  EchoServer v4({{Address::v4(0), 0}});
  const std::uint16_t port = v4.endpoint().port;
  EchoServer v6({{*Address::parse("::"), port}});
  UdpClient client({Address::v4(0x7f000001), port});
  EXPECT_EQ(client.ask(message(1)), message(1));
  EXPECT_EQ(v6.count(&ServerCounters::udp_queries), 0U);
}

TEST(Udp, DropsAndCountsWhatIsNoQuery) {
  EchoServer echo({loopback_v4()});
  UdpClient client(echo.endpoint());
  client.send(std::string(11, 'q'));
  client.send("");
  client.send(std::string(4097, 'q'));
  client.send(message(1, 32, EchoHandler::kSilence));
  EXPECT_EQ(client.ask(message(2)), message(2));
  EXPECT_EQ(echo.count(&ServerCounters::udp_dropped_short), 2U);
  EXPECT_EQ(echo.count(&ServerCounters::udp_dropped_truncated), 1U);
  EXPECT_EQ(echo.count(&ServerCounters::udp_dropped_unanswered), 1U);
  EXPECT_EQ(echo.count(&ServerCounters::udp_queries), 2U);
}

TEST(Udp, AnswersTheShortestAndTheLongest) {
  EchoServer echo({loopback_v4()});
  UdpClient client(echo.endpoint());
  EXPECT_EQ(client.ask(message(1, 12)), message(1, 12));
  EXPECT_EQ(client.ask(message(1, 4096)), message(1, 4096));
  EXPECT_EQ(client.ask(message(1, 32, EchoHandler::kBig)).size(), kMaxUdpAnswerOctets);
}

// The answer would go to port 0 and could be bounced between two servers for ever.
TEST(Udp, DropsSourcePortZero) {
  EchoServer echo({loopback_v4()});
  const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!raw.is_open()) GTEST_SKIP() << "needs a raw socket";
  const std::string query = message(1);
  udphdr header{};
  header.dest = htons(echo.endpoint().port);
  header.len = htons(static_cast<std::uint16_t>(sizeof header + query.size()));
  const std::string packet(reinterpret_cast<const char*>(&header), sizeof header);
  socklen_t length = 0;
  const sockaddr_storage to = to_sockaddr(echo.endpoint(), &length);
  const std::string datagram = packet + query;
  ASSERT_GT(::sendto(raw.get(), datagram.data(), datagram.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), length),
            0);
  EXPECT_TRUE(echo.reaches(&ServerCounters::udp_dropped_port_zero, 1));
  EXPECT_EQ(echo.count(&ServerCounters::udp_queries), 0U);
}

TEST(Udp, GoneClientsDisturbNobody) {
  EchoServer echo({loopback_v4()});
  for (std::uint32_t i = 0; i < 50; ++i) {
    UdpClient(echo.endpoint()).send(message(i));
    UdpClient client(echo.endpoint());
    ASSERT_EQ(client.ask(message(i)), message(i));
  }
}

TEST(Udp, LosesNothingWithinBoundedWindows) {
  EchoServer echo({loopback_v4()});
  constexpr std::uint32_t kRounds = 100;
  constexpr std::uint32_t kWindow = 24;  // over kClients, more than a batch
  constexpr std::uint32_t kClients = 8;
  std::vector<UdpClient> clients;
  for (std::uint32_t i = 0; i < kClients; ++i) clients.emplace_back(echo.endpoint());
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t i = 0; i < kWindow; ++i) {
      for (UdpClient& client : clients) client.send(message(round * kWindow + i));
    }
    for (UdpClient& client : clients) {
      std::set<std::string> missing;
      for (std::uint32_t i = 0; i < kWindow; ++i) missing.insert(message(round * kWindow + i));
      for (std::uint32_t i = 0; i < kWindow; ++i) missing.erase(client.receive());
      ASSERT_TRUE(missing.empty()) << missing.size() << " lost in round " << round;
    }
  }
  constexpr std::uint64_t kTotal = std::uint64_t{kRounds} * kWindow * kClients;
  EXPECT_TRUE(echo.reaches(&ServerCounters::udp_answers, kTotal));
  EXPECT_EQ(echo.count(&ServerCounters::udp_queries), kTotal);
  EXPECT_EQ(echo.count(&ServerCounters::udp_dropped_send_full), 0U);
  EXPECT_LE(echo.count(&ServerCounters::udp_batches), kTotal);
}

}  // namespace
}  // namespace gslb::server
