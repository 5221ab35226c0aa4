// Datagrams in batches.
#include <sys/socket.h>

#include "bench/peers/channel.h"

namespace bench {
namespace {

constexpr std::size_t kAnswerOctets = 4096;

// kBatch datagrams for sendmmsg or recvmmsg.
template <std::size_t kOctets>
struct Batch {
  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {octets[i].data(), kOctets};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::array<std::array<std::uint8_t, kOctets>, kBatch> octets{};
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> messages{};
};

class UdpChannel final : public Channel {
 public:
  UdpChannel(const QuerySet& set, const sockaddr_in& server, std::size_t slots)
      : Channel(set, slots) {
    connect_to(server, SOCK_DGRAM | SOCK_NONBLOCK);
    // Room for a whole window of large answers, so that no loss is the generator's own.
    const int room = 4 << 20;
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    }
  }

  void send(std::size_t count, std::size_t& next, std::uint64_t due_ns,
            Totals& totals) noexcept override {
    for (std::size_t i = 0; i < count; ++i) {
      out_.pieces[i].iov_len = take_slot(out_.octets[i].data(), next, due_ns);
    }
    totals.sent += count;
    for (std::size_t done = 0; done < count;) {
      const int step =
          sendmmsg(fd_, out_.messages.data() + done, static_cast<unsigned>(count - done), 0);
      // What the kernel refuses (no listener yet, no buffer) stays outstanding and expires as lost.
      done += step > 0 ? static_cast<std::size_t>(step) : 1;
    }
  }

  void receive(Totals& totals, LatencyHistogram& latency) noexcept override {
    const int count = recvmmsg(fd_, in_.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) { return; }
    const std::uint64_t now = now_ns();
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      take_answer({in_.octets[i].data(), in_.messages[i].msg_len}, now, totals, latency);
    }
  }

 private:
  // One channel uses them at a time.
  static Batch<kMaxQueryOctets> out_;
  static Batch<kAnswerOctets> in_;
};

Batch<kMaxQueryOctets> UdpChannel::out_;
Batch<kAnswerOctets> UdpChannel::in_;

}  // namespace

std::unique_ptr<Channel> make_udp_channel(const QuerySet& set, const sockaddr_in& server,
                                          std::size_t slots) {
  return std::make_unique<UdpChannel>(set, server, slots);
}

}  // namespace bench
