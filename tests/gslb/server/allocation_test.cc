// No allocation per datagram or message, shown by counting every malloc of the worker's thread.
#include <atomic>
#include <cstdlib>

#include "tests/gslb/server/loopback.h"
#include "tests/support/count_allocations.h"

namespace gslb::server {
namespace {

// Publishes what its thread has allocated before each batch.
class CountingEcho final : public Handler {
 public:
  explicit CountingEcho(std::atomic<std::uint64_t>& seen) : seen_(seen) {}
  void begin_batch() noexcept override { seen_ = allocations; }
  std::size_t handle(Octets message, const Peer& peer, MutableOctets out) noexcept override {
    return echo_.handle(message, peer, out);
  }

 private:
  std::atomic<std::uint64_t>& seen_;
  EchoHandler echo_;
};

TEST(Allocation, NonePerDatagramOrTcpMessage) {
  if (PROXIMA_OWN_MALLOC == 0) GTEST_SKIP() << "the sanitizer owns malloc";
  std::atomic<std::uint64_t> seen{0};
  ServerOptions options;
  options.listen = {{Address::v4(0), 0}};
  options.workers = 1;
  Server server(options, [&seen](unsigned) { return std::make_unique<CountingEcho>(seen); });
  ASSERT_FALSE(server.start().has_errors());
  const Endpoint at{Address::v4(0x7f000001), server.endpoints()[0].port};
  UdpClient udp(at);
  TcpClient tcp(at);
  const std::string fragment = framed(message(0, 600)).substr(0, 300);
  const std::string rest = framed(message(0, 600)).substr(300);
  const auto exchange = [&](std::uint32_t i) {
    for (int k = 0; k < 8; ++k) udp.send(message(i));
    for (int k = 0; k < 8; ++k) ASSERT_EQ(udp.receive(), message(i));
    ASSERT_EQ(tcp.ask(message(i, 4096)), message(i, 4096));
    tcp.send(fragment);
    ASSERT_EQ(udp.ask(message(i)), message(i));
    tcp.send(rest);
    ASSERT_EQ(tcp.receive(), message(0, 600));
  };
  for (std::uint32_t i = 0; i < 10; ++i) exchange(i);
  const std::uint64_t warm = seen;
  ASSERT_GT(warm, 0U);  // accepting the connection did allocate: the count works
  for (std::uint32_t i = 0; i < 1000; ++i) exchange(i);
  EXPECT_EQ(seen, warm);
}

}  // namespace
}  // namespace gslb::server
