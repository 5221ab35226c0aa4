// The RTT of a connection's handshake, told with its first message.
#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

// Answers with what it was told, as a number behind the header.
class TimingHandler final : public Handler {
 public:
  void begin_batch() noexcept override {}
  std::size_t handle(Octets query, const Peer& peer, MutableOctets out) noexcept override {
    std::memcpy(out.data(), query.data(), kMinMessageOctets);
    std::memcpy(out.data() + kMinMessageOctets, &peer.handshake_us, sizeof peer.handshake_us);
    return kMinMessageOctets + sizeof peer.handshake_us;
  }
};

std::uint32_t told(const std::string& answer) {
  std::uint32_t value = 0;
  if (answer.size() != kMinMessageOctets + sizeof value) {
    ADD_FAILURE() << "no answer";
    return 0;
  }
  std::memcpy(&value, answer.data() + kMinMessageOctets, sizeof value);
  return value;
}

TEST(Handshake, IsToldOnceAConnectionAndNotOverUdp) {
  ServerOptions options;
  options.listen = {{Address::v4(0x7f000001), 0}};
  options.workers = 1;
  Server server(options, [](unsigned) { return std::make_unique<TimingHandler>(); });
  ASSERT_FALSE(server.start().has_errors());
  UdpClient udp(server.endpoints()[0]);
  udp.send(message(1));
  EXPECT_EQ(told(udp.receive()), 0U);
  TcpClient tcp(server.endpoints()[0]);
  // The first message comes in two parts: what is known waits for the whole.
  const std::string first = framed(message(1));
  tcp.send(first.substr(0, 7));
  tcp.send(first.substr(7));
  const std::uint32_t rtt_us = told(tcp.receive());
  EXPECT_GT(rtt_us, 0U);
  EXPECT_LT(rtt_us, 5'000'000U);
  tcp.send(framed(message(2)));
  EXPECT_EQ(told(tcp.receive()), 0U);
  server.stop();
}

TEST(Handshake, OfALoadBalancerSaysNothing) {
  ServerOptions options;
  options.listen = {{Address::v4(0x7f000001), 0}};
  options.workers = 1;
  options.proxies = PrefixSet(std::vector{*Prefix::parse("127.0.0.1")});
  Server server(options, [](unsigned) { return std::make_unique<TimingHandler>(); });
  ASSERT_FALSE(server.start().has_errors());
  TcpClient tcp(server.endpoints()[0]);
  // PROXY protocol version 2, LOCAL.
  tcp.send(std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16) + framed(message(1)));
  EXPECT_EQ(told(tcp.receive()), 0U);
  server.stop();
}

}  // namespace
}  // namespace gslb::server
