#include "gslb/server/tcp.h"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gslb::server {
namespace {

constexpr std::size_t kPrefixOctets = 2;
constexpr std::size_t kFrameOctets = kPrefixOctets + kMaxTcpMessageOctets;
// What is left over from the last read is less than a frame, and a read should bring as much.
constexpr std::size_t kInputOctets = 2 * kFrameOctets;
static_assert(kInputOctets - kFrameOctets >= Channel::kMinReceiveRoom);
// Answers are gathered until another might not fit: into one write of up to a frame, at least.
constexpr std::size_t kOutputOctets = 2 * kFrameOctets;
// A connection's own buffers are given back beyond this: it holds many queries' fragments.
constexpr std::size_t kKeptOctets = 4096;
// While stopping, of one connection: what has arrived by then, not what a client keeps sending.
constexpr int kDrainReads = 16;

void store(std::vector<std::uint8_t>& to, Octets from) {
  to.assign(from.begin(), from.end());
  if (from.empty() && to.capacity() > kKeptOctets) std::vector<std::uint8_t>().swap(to);
}

// As the kernel measured it from its SYN-ACK to the client's ACK; 0: not known.
std::uint32_t handshake_us(int socket) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_rtt : 0;
}

}  // namespace

TcpService::TcpService(const TcpLimits& limits, const PrefixSet& proxies, Handler& handler,
                       ServerCounters& counters, Poller& poller, const Published<TlsContext>& tls)
    : limits_(limits),
      proxies_(proxies),
      handler_(handler),
      counters_(counters),
      poller_(poller),
      tls_(tls),
      tls_feed_(std::make_unique<TlsFeed>()),
      input_(kInputOctets),
      output_(kOutputOctets) {}

int TcpService::next_timeout_ms(MonoTime now) const noexcept {
  std::optional<MonoTime> next = accept_again_;
  const auto consider = [&next](MonoTime at) { next = next ? std::min(*next, at) : at; };
  if (!opening_.empty()) consider(opening_.front().since + limits_.handshake);
  if (!idle_.empty()) consider(idle_.front().since + limits_.idle);
  if (!busy_.empty()) consider(busy_.front().since + limits_.slow_reader);
  if (!next) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*next - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void TcpService::expire(MonoTime now) noexcept {
  while (!opening_.empty() && opening_.front().since + limits_.handshake <= now) {
    close(opening_.front(), counters_.tcp_closed_handshake);
  }
  while (!idle_.empty() && idle_.front().since + limits_.idle <= now) {
    close(idle_.front(), counters_.tcp_closed_idle);
  }
  while (!busy_.empty() && busy_.front().since + limits_.slow_reader <= now) {
    close(busy_.front(), counters_.tcp_closed_slow);
  }
  if (accept_again_ && *accept_again_ <= now) {
    accept_again_.reset();
    for (Listener& listener : listeners_) {
      poller_.change(listener.fd.get(), listener, Interest::kRead);
    }
  }
}

void TcpService::serve(Connection& connection, MonoTime now) noexcept {
  if (!draining_) {
    // One read a wake: a client that sends without end takes turns with the others.
    serve_once(connection, now);
    return;
  }
  for (int i = 0; i < kDrainReads && serve_once(connection, now); ++i) {}
  if (connection.fd.is_open() && !connection.is_busy()) {
    close(connection, counters_.tcp_closed_stop);
  }
}

// True when there may be more to read.
bool TcpService::serve_once(Connection& connection, MonoTime now) noexcept {
  if (!connection.fd.is_open()) return false;  // closed earlier within this wake
  if (connection.list == &opening_ && !open(connection, now)) return false;
  std::optional<std::size_t> have;
  if (connection.is_busy()) {
    if (!send_more(connection, now) || connection.is_busy()) return false;
    enter(idle_, connection, now);
    want(connection, Interest::kRead);
    // Whole messages may have waited behind the answers, with nothing more to be read.
    have = connection.partial.size();
    std::copy(connection.partial.begin(), connection.partial.end(), input_.begin());
  } else {
    have = receive(connection);
  }
  if (!have || !answer(connection, *have, now)) return false;
  if (!connection.is_busy()) return true;
  enter(busy_, connection, now);
  want(connection, Interest::kWrite);
  return false;
}

// Reads behind what was left over; returns how many octets input_ holds, nullopt when there is
// nothing to do (the connection may be closed then).
std::optional<std::size_t> TcpService::receive(Connection& connection) noexcept {
  const std::size_t left_over = connection.partial.size();
  std::copy(connection.partial.begin(), connection.partial.end(), input_.begin());
  const Channel::Moved moved =
      connection.channel->receive(MutableOctets(input_).subspan(left_over));
  switch (moved.step) {
    case Channel::Step::kDone:
      return left_over + moved.octets;
    case Channel::Step::kEnd:
      // The client has sent all it wants to; everything answerable has been answered and sent.
      close(connection, counters_.tcp_closed_peer);
      break;
    case Channel::Step::kFailed:
      close(connection, connection.tls ? counters_.tcp_closed_tls : counters_.tcp_closed_peer);
      break;
    case Channel::Step::kWantRead:
    case Channel::Step::kWantWrite:
      break;
  }
  return std::nullopt;
}

void TcpService::want(Connection& connection, Interest interest) noexcept {
  if (std::exchange(connection.interest, interest) == interest) return;
  poller_.change(connection.fd.get(), connection, interest);
}

// Answers the whole messages at the front of input_ and keeps the rest.  False: closed.
bool TcpService::answer(Connection& connection, std::size_t received, MonoTime now) noexcept {
  handler_.begin_batch();
  if (!std::exchange(connection.is_timed, true)) {
    connection.peer.handshake_us = handshake_us(connection.fd.get());
  }
  StreamTraffic& traffic = counters_.stream_traffic(connection.peer.transport);
  const Octets input(input_.data(), received);
  std::size_t used = 0;
  std::size_t gathered = 0;
  bool broken = false;
  while (input.size() - used >= kPrefixOctets) {
    const std::size_t length = load_u16(&input[used]);
    broken = length < kMinMessageOctets;
    if (broken || input.size() - used - kPrefixOctets < length) break;
    if (output_.size() - gathered < kFrameOctets) {
      if (!send(connection, std::exchange(gathered, 0))) {
        handler_.end_batch();
        return false;
      }
      if (connection.has_unsent()) break;
    }
    std::uint8_t* const out = output_.data() + gathered;
    const std::size_t written =
        handler_.handle(input.subspan(used + kPrefixOctets, length), connection.peer,
                        {out + kPrefixOctets, kMaxTcpMessageOctets});
    connection.peer.handshake_us = 0;
    traffic.queries.add();
    traffic.query_octets.add(length);
    if (written > 0) {
      store_u16(out, static_cast<std::uint16_t>(written));
      gathered += kPrefixOctets + written;
      traffic.answers.add();
      traffic.answer_octets.add(written);
    }
    used += kPrefixOctets + length;
    // What is pipelined behind a stream waits for its end: answers go out in order.
    if (written == 0) connection.stream = handler_.take_stream();
    if (connection.stream) {
      counters_.tcp_streams.add();
      break;
    }
  }
  handler_.end_batch();
  if (gathered > 0 && !send(connection, gathered)) return false;
  if (broken) {
    // RFC 7766 8 has no way back into step after a wrong length.
    close(connection, counters_.tcp_closed_protocol);
    return false;
  }
  store(connection.partial, input.subspan(used));
  // Only a whole message counts as a sign of life: octets that trickle in don't hold a place.
  if (used > 0) enter(idle_, connection, now);
  return true;
}

// Sends that many octets of output_; what the socket has no room for becomes `unsent`.
// False: closed.  REQUIRES: !connection.has_unsent()
bool TcpService::send(Connection& connection, std::size_t octets) noexcept {
  const Octets all(output_.data(), octets);
  const Channel::Moved moved = connection.channel->send(all);
  if (moved.step == Channel::Step::kFailed || moved.step == Channel::Step::kEnd) {
    close(connection, counters_.tcp_closed_peer);
    return false;
  }
  connection.sent = 0;
  store(connection.unsent, all.subspan(moved.octets));
  return true;
}

// False: closed.
bool TcpService::send_unsent(Connection& connection) noexcept {
  const Channel::Moved moved =
      connection.channel->send(Octets(connection.unsent).subspan(connection.sent));
  if (moved.step == Channel::Step::kFailed || moved.step == Channel::Step::kEnd) {
    close(connection, counters_.tcp_closed_peer);
    return false;
  }
  connection.sent += moved.octets;
  if (!connection.has_unsent()) store(connection.unsent, {});
  return true;
}

// False: closed.  REQUIRES: connection.is_busy()
bool TcpService::send_more(Connection& connection, MonoTime now) noexcept {
  if (connection.has_unsent() && !send_unsent(connection)) return false;
  if (connection.has_unsent() || !connection.stream) return true;
  return pull(connection, now);
}

// Sends the next messages of the stream: one buffer a wake, so that the worker's other clients
// take turns with it.  False: closed.  REQUIRES: !connection.has_unsent()
bool TcpService::pull(Connection& connection, MonoTime now) noexcept {
  StreamTraffic& traffic = counters_.stream_traffic(connection.peer.transport);
  std::size_t gathered = 0;
  while (output_.size() - gathered >= kFrameOctets) {
    std::uint8_t* const out = output_.data() + gathered;
    const std::size_t written =
        connection.stream->next({out + kPrefixOctets, kMaxTcpMessageOctets});
    if (written == 0) {
      connection.stream.reset();
      counters_.tcp_streams_whole.add();
      break;
    }
    store_u16(out, static_cast<std::uint16_t>(written));
    gathered += kPrefixOctets + written;
    traffic.answers.add();
    traffic.answer_octets.add(written);
  }
  // The limit of a slow reader is for one buffer: a long transfer may take its time.
  enter(busy_, connection, now);
  return gathered == 0 || send(connection, gathered);
}

void TcpService::enter(Connections& list, Connection& connection, MonoTime now) noexcept {
  list.splice(list.end(), *connection.list, connection.self);
  connection.list = &list;
  connection.since = now;
}

void TcpService::close(Connection& connection, Counter& reason) noexcept {
  reason.add();
  connection.channel->close();
  if (connection.tls) counters_.tls_closed.add();
  connection.tls.reset();
  connection.fd.reset();
  store(connection.partial, {});
  store(connection.unsent, {});
  connection.sent = 0;
  connection.stream.reset();
  forget_client(connection);
  enter(free_, connection, {});
}

}  // namespace gslb::server
