#include "gslb/control/dns_handler.h"

#include <chrono>

#include "gslb/control/beacons.h"

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
  const std::uint32_t now_ms = milliseconds_of(start);
  const bool may_wait =
      peer.transport == server::Transport::kUdp && message.size() <= server::kMaxWaitingOctets;
  const answer::Request request{.message = message,
                                .client = peer.address,
                                .transport = static_cast<answer::Transport>(peer.transport),
                                .defers = true,
                                .awaits_denial = may_wait && compact_.may_ask(now_ms),
                                .now_s = unix_time(start),
                                .now_ms = now_ms};
  std::size_t size = answer::answer(reader_.get(), request, scratch_, counters_, out);
  if (scratch_.deferred == answer::Deferred::kDenial) {
    compact_.ask(scratch_.denial, true);
  } else if (scratch_.deferred != answer::Deferred::kNone) {
    size = special_.handle(reader_.get(), request, peer, out);
  }
  // Over a stream answers go out in order and nobody waits: the next who asks finds it signed.
  if (scratch_.wants_denial && !may_wait && compact_.may_ask(now_ms)) {
    compact_.ask(scratch_.denial, false);
  }
  if (sightings_.is_wanted()) { note_sightings(peer, now_ms); }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  counters_.latency_ns.record(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
  return size;
}

// The nonce is the one label before the route's.  A resolver that tells the client's subnet has
// said it all.
void DnsHandler::note_beacon(const steer::Route& route, const server::Peer& peer) noexcept {
  constexpr std::size_t kWildcard = 2;  // octets of "*"
  const auto& ecs = scratch_.query.edns.ecs;
  const Octets name = scratch_.query.qname.wire();  // in lower case
  const std::size_t length = name[0];
  const bool is_below = name.size() == 1 + length + route.owner.wire().size() - kWildcard;
  if ((ecs && ecs->source_bits() > 0) || length < fleet::kMinNonceOctets || !is_below) { return; }
  sightings_.note(
      {Sighting::Kind::kBeacon, peer.address, Beacons::hash_of(name.subspan(1, length))});
}

void DnsHandler::note_sightings(const server::Peer& peer, std::uint32_t now_ms) noexcept {
  if (scratch_.route != zone::kNoRoute) {
    if (sightings_.wants_resolvers()) { sightings_.note_resolver(peer.address, now_ms); }
    const steer::Route& route = reader_.get().services->routes[scratch_.route];
    if (route.is_beacon) { note_beacon(route, peer); }
  }
  if (peer.handshake_us != 0) {
    sightings_.note({Sighting::Kind::kHandshake, peer.address, peer.handshake_us});
  }
}

std::size_t DnsHandler::handle_again(Octets message, const server::Peer& peer,
                                     MutableOctets out) noexcept {
  const auto now = std::chrono::steady_clock::now();
  return answer::answer(reader_.get(),
                        {.message = message,
                         .client = peer.address,
                         .transport = static_cast<answer::Transport>(peer.transport),
                         .is_second = true,
                         .now_s = unix_time(now),
                         .now_ms = milliseconds_of(now)},
                        scratch_, counters_, out);
}

}  // namespace gslb::control
