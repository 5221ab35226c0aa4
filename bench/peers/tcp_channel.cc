// A TCP connection that is used again and again (RFC 7766 6.2.1), queries sent in one write.
#include <cerrno>
#include <cstring>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bench/peers/channel.h"

namespace bench {
namespace {

constexpr std::size_t kPrefixOctets = 2;
constexpr std::size_t kInputOctets = 1 << 17;  // two of the largest messages

class TcpChannel final : public Channel {
 public:
  TcpChannel(const QuerySet& set, const sockaddr_in& server, std::size_t slots)
      : Channel(set, slots), input_(kInputOctets) {
    connect_to(server, SOCK_STREAM);
    const int at_once = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
  }

  void send(std::size_t count, std::size_t& next, std::uint64_t due_ns,
            Totals& totals) noexcept override {
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t* const out = out_.data() + size;
      const std::size_t octets = take_slot(out + kPrefixOctets, next, due_ns);
      out[0] = static_cast<std::uint8_t>(octets >> 8);
      out[1] = static_cast<std::uint8_t>(octets);
      size += kPrefixOctets + octets;
    }
    totals.sent += count;
    for (std::size_t done = 0; done < size;) {
      // Waits where the server reads slowly: what it owes is at most a window.
      const ssize_t step = ::send(fd_, out_.data() + done, size - done, MSG_NOSIGNAL);
      if (step <= 0) { fail(std::string("the server closed a connection: ") + strerror(errno)); }
      done += static_cast<std::size_t>(step);
    }
  }

  void receive(Totals& totals, LatencyHistogram& latency) noexcept override {
    const ssize_t count = recv(fd_, input_.data() + have_, input_.size() - have_, MSG_DONTWAIT);
    if (count == 0) { fail("the server closed a connection"); }
    if (count < 0) { return; }
    have_ += static_cast<std::size_t>(count);
    const std::uint64_t now = now_ns();
    std::size_t at = 0;
    while (have_ - at >= kPrefixOctets) {
      const std::size_t size = (std::size_t{input_[at]} << 8) | input_[at + 1];
      if (have_ - at - kPrefixOctets < size) { break; }
      take_answer({input_.data() + at + kPrefixOctets, size}, now, totals, latency);
      at += kPrefixOctets + size;
    }
    std::memmove(input_.data(), input_.data() + at, have_ - at);
    have_ -= at;
  }

 private:
  std::vector<std::uint8_t> input_;
  std::size_t have_ = 0;
  std::array<std::uint8_t, kBatch*(kPrefixOctets + kMaxQueryOctets)> out_;
};

}  // namespace

std::unique_ptr<Channel> make_tcp_channel(const QuerySet& set, const sockaddr_in& server,
                                          std::size_t slots) {
  return std::make_unique<TcpChannel>(set, server, slots);
}

}  // namespace bench
