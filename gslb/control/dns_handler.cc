#include "gslb/control/dns_handler.h"

#include <chrono>

namespace gslb::control {

static_assert(
    static_cast<int>(answer::Transport::kUdp) == static_cast<int>(server::Transport::kUdp) &&
    static_cast<int>(answer::Transport::kTcp) == static_cast<int>(server::Transport::kTcp) &&
    static_cast<int>(answer::Transport::kTls) == static_cast<int>(server::Transport::kTls));

namespace {

std::uint32_t milliseconds_of(MonoTime now) noexcept {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count());
}

}  // namespace

// One clock is read for a query; the other is asked each second how far apart they are.
std::uint32_t DnsHandler::unix_time(MonoTime now) noexcept {
  if (now >= next_look_) {
    unix_ahead_ = std::chrono::system_clock::now().time_since_epoch() - now.time_since_epoch();
    next_look_ = now + seconds(1);
  }
  const auto since_1970 = now.time_since_epoch() + unix_ahead_;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(since_1970).count());
}

std::size_t DnsHandler::handle(Octets message, const server::Peer& peer,
                               MutableOctets out) noexcept {
  const auto start = std::chrono::steady_clock::now();
  const answer::Request request{.message = message,
                                .client = peer.address,
                                .transport = static_cast<answer::Transport>(peer.transport),
                                .defers = true,
                                .now_s = unix_time(start),
                                .now_ms = milliseconds_of(start)};
  std::size_t size = answer::answer(reader_.get(), request, scratch_, counters_, out);
  if (scratch_.deferred != answer::Deferred::kNone) {
    size = special_.handle(reader_.get(), request, peer, out);
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  counters_.latency_ns.record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
  return size;
}

}  // namespace gslb::control
