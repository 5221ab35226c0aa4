// delay_line FD FD < DELAYS: carries IPv4 packets between two TUN devices, each as late as the
// way between its networks is long.
//
// DELAYS, one pair of networks a line: "20.0.1.0/24 30.0.2.0/24 12.5", the milliseconds of one way,
// the same back.  The descriptors are open TUN devices (IFF_TUN | IFF_NO_PI), one in the network
// namespace of each side; where a packet comes from and goes to is read from its header, by /24.
// Packets of networks that are not listed are dropped.  Ends at SIGTERM; says then on stderr what
// it carried.  Never early: a packet leaves at its time or later.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <queue>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "gslb/base/ip.h"

namespace {

using Clock = std::chrono::steady_clock;
using Packet = std::vector<std::uint8_t>;

constexpr std::size_t kMaxPacket = 65'535;
constexpr std::size_t kMaxWaiting = 100'000;  // packets; what comes beyond is dropped, as by a link
constexpr std::size_t kMinHeader = 20;        // RFC 791 3.1
constexpr std::size_t kSourceAt = 12;
constexpr std::size_t kDestinationAt = 16;

volatile std::sig_atomic_t ended = 0;

// From network, to network: the first three octets of each.
using Way = std::uint64_t;

std::uint64_t network_at(const std::uint8_t* octets) {
  return std::uint64_t{octets[0]} << 16 | std::uint64_t{octets[1]} << 8 | octets[2];
}

std::optional<std::uint64_t> network_of(const std::string& text) {
  const auto prefix = gslb::Prefix::parse(text);
  if (!prefix || prefix->is_v6() || prefix->bits() != 24) { return std::nullopt; }
  return network_at(prefix->address().octets().data());
}

std::optional<Way> way_of(const Packet& packet) {
  if (packet.size() < kMinHeader || packet[0] >> 4 != 4) { return std::nullopt; }
  return network_at(packet.data() + kSourceAt) << 32 | network_at(packet.data() + kDestinationAt);
}

class DelayLine {
 public:
  // False, and a message, when a line is not of the form above.
  bool read_delays(std::istream& in) {
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::istringstream fields(line);
      std::string a;
      std::string b;
      double ms = -1;
      fields >> a >> b >> ms;
      const auto from = network_of(a);
      const auto to = network_of(b);
      if (!fields || !from || !to || !(ms >= 0 && ms < 60'000)) {
        std::fprintf(stderr, "line %d: not NETWORK/24 NETWORK/24 MILLISECONDS\n", number);
        return false;
      }
      const auto delay = std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double, std::milli>(ms));
      delays_[*from << 32 | *to] = delay;
      delays_[*to << 32 | *from] = delay;
    }
    return true;
  }

  void carry(std::array<int, 2> sides) {
    for (const int side : sides) { ::fcntl(side, F_SETFL, O_NONBLOCK); }
    while (ended == 0) {
      send_due();
      std::array<pollfd, 2> polled = {pollfd{sides[0], POLLIN, 0}, pollfd{sides[1], POLLIN, 0}};
      const timespec wait = until_next();
      if (::ppoll(polled.data(), polled.size(), &wait, nullptr) < 0 && errno != EINTR) { break; }
      for (std::size_t i = 0; i < sides.size(); ++i) {
        if ((polled[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) { return; }
        if ((polled[i].revents & POLLIN) != 0) { take(sides[i], sides[1 - i]); }
      }
    }
  }

  void print() const {
    std::fprintf(stderr, "%llu packets carried, %llu dropped\n",
                 static_cast<unsigned long long>(carried_),
                 static_cast<unsigned long long>(dropped_));
  }

 private:
  struct Waiting {
    Clock::time_point due;
    std::uint64_t order;  // packets of one way keep theirs
    int out;
    Packet packet;
    bool operator>(const Waiting& other) const {
      return due != other.due ? due > other.due : order > other.order;
    }
  };

  void take(int from, int to) {
    while (true) {
      buffer_.resize(kMaxPacket);
      const ssize_t got = ::read(from, buffer_.data(), buffer_.size());
      if (got <= 0) { return; }
      buffer_.resize(static_cast<std::size_t>(got));
      const auto way = way_of(buffer_);
      const auto delay = way ? delays_.find(*way) : delays_.end();
      if (delay == delays_.end() || waiting_.size() >= kMaxWaiting) {
        ++dropped_;
        continue;
      }
      waiting_.push({Clock::now() + delay->second, order_++, to, buffer_});
    }
  }

  void send_due() {
    while (!waiting_.empty() && waiting_.top().due <= Clock::now()) {
      const Waiting& next = waiting_.top();
      const ssize_t sent = ::write(next.out, next.packet.data(), next.packet.size());
      ++(sent < 0 ? dropped_ : carried_);
      waiting_.pop();
    }
  }

  timespec until_next() const {
    using std::chrono::nanoseconds;
    const nanoseconds most = std::chrono::milliseconds(100);
    const nanoseconds wait =
        waiting_.empty()
            ? most
            : std::clamp<nanoseconds>(waiting_.top().due - Clock::now(), nanoseconds(0), most);
    return {0, wait.count()};
  }

  std::unordered_map<Way, Clock::duration> delays_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  Packet buffer_;
  std::uint64_t order_ = 0;
  std::uint64_t carried_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: delay_line TUN_FD TUN_FD < DELAYS\n", stderr);
    return 2;
  }
  const auto end = [](int) { ended = 1; };
  std::signal(SIGTERM, end);
  std::signal(SIGINT, end);
  DelayLine line;
  if (!line.read_delays(std::cin)) { return 2; }
  std::fputs("carrying\n", stderr);
  line.carry({std::stoi(argv[1]), std::stoi(argv[2])});
  line.print();
  return 0;
}
