#include "gslb/control/dns_handler.h"

#include <chrono>

namespace gslb::control {

static_assert(
    static_cast<int>(answer::Transport::kUdp) == static_cast<int>(server::Transport::kUdp) &&
    static_cast<int>(answer::Transport::kTcp) == static_cast<int>(server::Transport::kTcp) &&
    static_cast<int>(answer::Transport::kTls) == static_cast<int>(server::Transport::kTls));

std::size_t DnsHandler::handle(Octets message, const server::Peer& peer,
                               MutableOctets out) noexcept {
  const auto start = std::chrono::steady_clock::now();
  const answer::Request request{.message = message,
                                .client = peer.address,
                                .transport = static_cast<answer::Transport>(peer.transport)};
  const std::size_t size = answer::answer(reader_.get(), request, scratch_, counters_, out);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  counters_.latency_ns.record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
  return size;
}

}  // namespace gslb::control
