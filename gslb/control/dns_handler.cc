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

// The wall clock is asked each second how far ahead it is.
void DnsHandler::read_clocks() noexcept {
  batch_began_ = std::chrono::steady_clock::now();
  if (batch_began_ >= next_look_) {
    unix_ahead_ =
        std::chrono::system_clock::now().time_since_epoch() - batch_began_.time_since_epoch();
    next_look_ = batch_began_ + seconds(1);
  }
  const auto since_1970 = batch_began_.time_since_epoch() + unix_ahead_;
  now_s_ = static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(since_1970).count());
  now_ms_ = milliseconds_of(batch_began_);
}

void DnsHandler::begin_batch() noexcept {
  reader_.refresh();
  read_clocks();
  batch_size_ = 0;
  may_ask_compact_ = compact_.may_ask(now_ms_);
}

// Each query took as long as the mean of its batch.
void DnsHandler::end_batch() noexcept {
  if (batch_size_ == 0) { return; }
  const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::steady_clock::now() - batch_began_);
  counters_.latency_ns.record(static_cast<std::uint64_t>(elapsed.count()) / batch_size_,
                              batch_size_);
  batch_size_ = 0;
}

std::size_t DnsHandler::handle(Octets message, const server::Peer& peer,
                               MutableOctets out) noexcept {
  ++batch_size_;
  const bool may_wait =
      peer.transport == server::Transport::kUdp && message.size() <= server::kMaxWaitingOctets;
  const answer::Request request{.message = message,
                                .client = peer.address,
                                .transport = static_cast<answer::Transport>(peer.transport),
                                .defers = true,
                                .awaits_denial = may_wait && may_ask_compact_,
                                .now_s = now_s_,
                                .now_ms = now_ms_};
  std::size_t size = answer::answer(reader_.get(), request, scratch_, counters_, out);
  if (scratch_.deferred == answer::Deferred::kDenial) {
    ask_compact(true);
  } else if (scratch_.deferred != answer::Deferred::kNone) {
    size = special_.handle(reader_.get(), request, peer, out);
  }
  // Over a stream answers go out in order and nobody waits: the next who asks finds it signed.
  if (scratch_.wants_denial && !may_wait && may_ask_compact_) { ask_compact(false); }
  if (sightings_.is_wanted()) { note_sightings(peer); }
  return size;
}

void DnsHandler::ask_compact(bool waits) noexcept {
  compact_.ask(scratch_.denial, waits);
  may_ask_compact_ = compact_.may_ask(now_ms_);
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

void DnsHandler::note_sightings(const server::Peer& peer) noexcept {
  if (scratch_.route != zone::kNoRoute) {
    if (sightings_.wants_resolvers()) { sightings_.note_resolver(peer.address, now_ms_); }
    const steer::Route& route = reader_.get().services->routes[scratch_.route];
    if (route.is_beacon) { note_beacon(route, peer); }
  }
  if (peer.handshake_us != 0) {
    sightings_.note({Sighting::Kind::kHandshake, peer.address, peer.handshake_us});
  }
}

std::size_t DnsHandler::handle_again(Octets message, const server::Peer& peer,
                                     MutableOctets out) noexcept {
  return answer::answer(reader_.get(),
                        {.message = message,
                         .client = peer.address,
                         .transport = static_cast<answer::Transport>(peer.transport),
                         .is_second = true,
                         .now_s = now_s_,
                         .now_ms = now_ms_},
                        scratch_, counters_, out);
}

}  // namespace gslb::control
