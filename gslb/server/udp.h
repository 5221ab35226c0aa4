// UDP in batches: recvmmsg, handle, sendmmsg.
//
// Source: RFC 1035 4.2.1, RFC 6891 6.2.3 (sizes), RFC 3542 6.1 and ip(7) (IP_PKTINFO).
#pragma once

#include <memory>

#include "gslb/base/prefix_set.h"
#include "gslb/server/handler.h"
#include "gslb/server/poller.h"
#include "gslb/server/server_counters.h"
#include "gslb/server/socket.h"

namespace gslb::server {

// Room for one batch, shared by all UDP sockets of a worker.  Worker-confined.
struct UdpBatch;

// Answers those that have waited long enough (see Handler::waits()), each from the socket it came
// to.
void answer_waiting(UdpBatch& batch, Handler& handler, ServerCounters& counters) noexcept;

// One UDP socket of one worker.  Worker-confined.  Does not allocate after construction.
class UdpSocket final : public EventSink {
 public:
  // All references must outlive the socket.
  // `proxies`: see ServerOptions.
  UdpSocket(UniqueFd fd, UdpBatch& batch, Handler& handler, ServerCounters& counters,
            const PrefixSet& proxies) noexcept
      : fd_(std::move(fd)),
        batch_(batch),
        handler_(handler),
        counters_(counters),
        proxies_(proxies) {}

  int fd() const noexcept { return fd_.get(); }

  // Answers some batches; what is left waits for the next wake, so that one flooded socket does
  // not starve the others.
  void on_ready(MonoTime now) noexcept override;

  // Answers what the kernel holds, no longer than until `deadline`.
  void drain(MonoTime deadline) noexcept;

 private:
  bool serve_batch() noexcept;
  std::size_t handle_batch(std::size_t received) noexcept;
  void keep_waiting(std::size_t i, Octets message, const Peer& peer) noexcept;
  bool take_proxy_header(Octets& message, Peer& peer) noexcept;
  void send_batch(std::size_t answers) noexcept;

  UniqueFd fd_;
  UdpBatch& batch_;
  Handler& handler_;
  ServerCounters& counters_;
  const PrefixSet& proxies_;
};

// About 350 KiB.
std::shared_ptr<UdpBatch> make_udp_batch();

}  // namespace gslb::server
