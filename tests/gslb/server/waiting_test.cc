// UDP queries that wait for what another thread makes.
#include <set>

#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/gslb/server/loopback.h"

namespace gslb::server {
namespace {

// Keeps what says 'W' waiting until a message says 'R'; echoes.
class WaitingHandler final : public Handler {
 public:
  void begin_batch() noexcept override {}
  std::size_t handle(Octets message, const Peer& peer, MutableOctets out) noexcept override {
    waits_ = message[12] == 'W' && held_ < kMaxWaiting;
    if (waits_) {
      ++held_;
      return 0;
    }
    if (message[12] == 'R') {
      const std::uint64_t one = 1;
      EXPECT_EQ(::write(ready_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    }
    return handle_again(message, peer, out);
  }
  bool waits() noexcept override { return waits_; }
  int ready_fd() const noexcept override { return ready_.get(); }
  std::size_t take_ready() noexcept override {
    std::uint64_t count = 0;
    EXPECT_EQ(::read(ready_.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
    return std::exchange(held_, 0);
  }
  std::size_t handle_again(Octets message, const Peer&, MutableOctets out) noexcept override {
    std::memcpy(out.data(), message.data(), message.size());
    return message.size();
  }

 private:
  UniqueFd ready_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  bool waits_ = false;
  std::size_t held_ = 0;
};

class Waiting : public testing::Test {
 protected:
  Waiting() : server_(options(), [](unsigned) { return std::make_unique<WaitingHandler>(); }) {
    EXPECT_FALSE(server_.start().has_errors());
  }
  static ServerOptions options() {
    ServerOptions options;
    options.listen = {{Address::v4(0), 0}, {*Address::parse("::1"), 0}};
    options.workers = 1;
    return options;
  }
  Server server_;
};

TEST_F(Waiting, EachIsAnsweredWhereItAskedWhenItIsReady) {
  const std::uint16_t port = server_.endpoints()[0].port;
  UdpClient first({*Address::parse("127.0.0.1"), port});
  UdpClient second({*Address::parse("127.0.0.2"), port});
  UdpClient third(server_.endpoints()[1]);
  for (std::uint32_t round = 0; round < 100; round += 10) {  // the ring goes round
    first.send(message(round + 1, 32, 'W'));
    second.send(message(round + 2, 512, 'W'));
    third.send(message(round + 3, 12 + 1, 'W'));
    // Others are answered meanwhile.  The three may come before or after: what waits is let go
    // until all have been.
    UdpClient other({*Address::parse("127.0.0.1"), port});
    EXPECT_EQ(other.ask(message(7)), message(7));
    while (server_.counters(0).udp_queries.value() < (round / 10 + 1) * 5 - 1) {}
    EXPECT_EQ(other.ask(message(8, 32, 'R')), message(8, 32, 'R'));
    EXPECT_EQ(first.receive(), message(round + 1, 32, 'W'));
    EXPECT_EQ(second.receive(), message(round + 2, 512, 'W'));
    EXPECT_EQ(third.receive(), message(round + 3, 13, 'W'));
  }
  EXPECT_EQ(server_.counters(0).udp_dropped_unanswered.value(), 0U);
}

TEST_F(Waiting, MoreThanTheRoomAreNotKept) {
  UdpClient client({*Address::parse("127.0.0.1"), server_.endpoints()[0].port});
  for (std::uint32_t i = 0; i < kMaxWaiting; ++i) {
    client.send(message(i, 32, 'W'));
    while (server_.counters(0).udp_queries.value() < i + 1) {}
  }
  EXPECT_EQ(client.ask(message(999, 32, 'W')), message(999, 32, 'W')) << "as the handler sees fit";
  client.send(message(1000, 32, 'R'));
  std::set<std::string> answers;
  for (std::size_t i = 0; i < kMaxWaiting + 1; ++i) { answers.insert(client.receive()); }
  EXPECT_EQ(answers.size(), kMaxWaiting + 1);
}

}  // namespace
}  // namespace gslb::server
