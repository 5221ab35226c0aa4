// How TCP connections begin, and how all of them end.
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "gslb/base/proxy_header.h"
#include "gslb/server/tcp.h"

namespace gslb::server {
namespace {

constexpr int kAcceptsPerWake = 64;
constexpr int kDrainAccepts = 16;
constexpr milliseconds kAcceptPause{100};

}  // namespace

// IPv6 clients own a /64 and can come from any address of it.
Address TcpService::client_of(const Address& address) noexcept {
  return address.is_v6() ? address.masked(64) : address;
}

bool TcpService::listen(UniqueFd fd, Transport transport) {
  Listener& listener = listeners_.emplace_back(*this, std::move(fd), transport);
  return poller_.add(listener.fd.get(), listener, Interest::kRead);
}

// True when more may be waiting.
bool TcpService::accept(Listener& listener, MonoTime now) noexcept {
  for (int i = 0; i < kAcceptsPerWake && !accept_again_; ++i) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    UniqueFd fd(::accept4(listener.fd.get(), reinterpret_cast<sockaddr*>(&from), &length,
                          SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd.is_open()) {
      const Endpoint client = to_endpoint(from);
      admit(std::move(fd), {client.address, client.port, listener.transport}, now);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The kernel wants a descriptor before it looks for a client: there may be none waiting.
      pollfd waiting{listener.fd.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 0) != 1) return false;
      counters_.tcp_accept_failed.add();
      pause_accepting(now);
    }
    // Anything else is about that one client, gone before we got to it (accept(2)).
  }
  return !accept_again_;
}

void TcpService::admit(UniqueFd fd, const Peer& peer, MonoTime now) noexcept {
  if (opening_.size() + idle_.size() + busy_.size() >= limits_.connections) make_room();
  if (free_.empty()) {
    free_.emplace_back(*this);
    free_.back().self = std::prev(free_.end());
    free_.back().list = &free_;
  }
  Connection& connection = free_.front();
  connection.peer = peer;
  // A load balancer has many clients; whose connection this is says its header.
  connection.awaits_header = !proxies_.empty() && proxies_.contains(peer.address);
  connection.is_timed = connection.awaits_header;
  if (!connection.awaits_header && !count_client(connection)) {
    counters_.tcp_refused_client.add();
    return;
  }
  // Answers go out when they are gathered, not when the last ones are acknowledged.
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool is_tls = peer.transport == Transport::kTls;
  connection.plain.attach(fd.get());
  connection.channel = &connection.plain;
  if (is_tls) {
    tls_.refresh();
    connection.tls = tls_.get().accept(fd.get(), *tls_feed_);
    connection.channel = connection.tls.get();
  }
  if (connection.channel == nullptr || !poller_.add(fd.get(), connection, Interest::kRead)) {
    connection.tls.reset();
    forget_client(connection);
    counters_.tcp_accept_failed.add();
    return;
  }
  counters_.tcp_accepted.add();
  if (is_tls) counters_.tls_accepted.add();
  connection.interest = Interest::kRead;
  connection.fd = std::move(fd);
  enter(is_tls || connection.awaits_header ? opening_ : idle_, connection, now);
}

// False: the client has too many.
bool TcpService::count_client(Connection& connection) noexcept {
  unsigned& count = per_client_[client_of(connection.peer.address)];
  if (count >= limits_.per_client) return false;
  ++count;
  connection.is_counted = true;
  return true;
}

void TcpService::forget_client(Connection& connection) noexcept {
  if (!std::exchange(connection.is_counted, false)) return;
  const auto client = per_client_.find(client_of(connection.peer.address));
  if (--client->second == 0) per_client_.erase(client);
}

// Goes on with what comes before the first query.  False: not at its end, or closed.
bool TcpService::open(Connection& connection, MonoTime now) noexcept {
  if (connection.awaits_header && !read_proxy_header(connection)) return false;
  if (connection.tls && !open_channel(connection)) return false;
  enter(idle_, connection, now);
  return true;
}

// The handshake.
bool TcpService::open_channel(Connection& connection) noexcept {
  switch (connection.channel->open()) {
    case Channel::Step::kDone:
      counters_.tls_handshakes.add();
      if (connection.tls->is_resumed()) counters_.tls_resumed.add();
      connection.tls_peer = connection.tls->peer();
      connection.peer.tls = &connection.tls_peer;
      want(connection, Interest::kRead);
      return true;
    case Channel::Step::kWantRead:
      want(connection, Interest::kRead);
      return false;
    case Channel::Step::kWantWrite:
      want(connection, Interest::kWrite);
      return false;
    case Channel::Step::kEnd:
      close(connection, counters_.tcp_closed_peer);
      return false;
    case Channel::Step::kFailed:
      close(connection, counters_.tcp_closed_tls);
      return false;
  }
  return false;
}

// The header stands in front of TLS, so nothing behind it may be taken from the socket: first what
// tells its length, then the rest.
bool TcpService::read_proxy_header(Connection& connection) noexcept {
  std::vector<std::uint8_t>& have = connection.partial;
  for (;;) {
    const auto header = parse_proxy_header(have);
    if (header) {
      connection.awaits_header = false;
      have.clear();
      if (header->client) {
        connection.peer.address = header->client->address;
        connection.peer.port = header->client->port;
        counters_.tcp_proxied.add();
      }
      if (count_client(connection)) return true;
      close(connection, counters_.tcp_closed_client);
      return false;
    }
    if (header.error() == ProxyHeaderError::kMalformed) {
      close(connection, counters_.tcp_closed_proxy);
      return false;
    }
    const std::size_t old = have.size();
    have.resize(old < kProxyPreambleOctets ? kProxyPreambleOctets : proxy_header_octets(have));
    const Channel::Moved moved = connection.plain.receive(MutableOctets(have).subspan(old));
    have.resize(old + moved.octets);
    if (moved.step == Channel::Step::kDone) continue;
    if (moved.step != Channel::Step::kWantRead) close(connection, counters_.tcp_closed_peer);
    return false;
  }
}

// Out of descriptors: the listener stays readable, so that without a pause the worker would spin.
// A client less makes room for the next.
void TcpService::pause_accepting(MonoTime now) noexcept {
  make_room();
  accept_again_ = now + kAcceptPause;
  for (Listener& listener : listeners_) {
    poller_.change(listener.fd.get(), listener, Interest::kNone);
  }
}

// Closes who has waited longest; among those in their handshake while they are the most, so that
// a flood of them costs nobody an established connection.
void TcpService::make_room() noexcept {
  if (opening_.size() > idle_.size()) {
    close(opening_.front(), counters_.tcp_closed_full);
  } else if (!idle_.empty()) {
    close(idle_.front(), counters_.tcp_closed_full);
  } else if (!busy_.empty()) {
    close(busy_.front(), counters_.tcp_closed_full);
  }
}

void TcpService::begin_drain(MonoTime now) noexcept {
  draining_ = true;
  serve_waiting(now);  // first, as they make room for those who wait to be accepted
  for (Listener& listener : listeners_) {
    for (int i = 0; i < kDrainAccepts && accept(listener, now); ++i) {}
  }
  listeners_.clear();
  accept_again_.reset();
  serve_waiting(now);
}

// While draining, serve() leaves a connection busy or closed.
void TcpService::serve_waiting(MonoTime now) noexcept {
  while (!opening_.empty()) serve(opening_.front(), now);
  while (!idle_.empty()) serve(idle_.front(), now);
}

void TcpService::close_all() noexcept {
  listeners_.clear();
  while (!opening_.empty()) close(opening_.front(), counters_.tcp_closed_stop);
  while (!idle_.empty()) close(idle_.front(), counters_.tcp_closed_stop);
  while (!busy_.empty()) close(busy_.front(), counters_.tcp_closed_stop);
}

}  // namespace gslb::server
