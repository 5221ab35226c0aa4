// How TCP connections begin, and how all of them end.
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

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

bool TcpService::listen(UniqueFd fd) {
  Listener& listener = listeners_.emplace_back(*this, std::move(fd));
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
      admit(std::move(fd), to_endpoint(from), now);
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

void TcpService::admit(UniqueFd fd, const Endpoint& from, MonoTime now) noexcept {
  const Address client = client_of(from.address);
  const auto known = per_client_.find(client);
  if (known != per_client_.end() && known->second >= limits_.per_client) {
    counters_.tcp_refused_client.add();
    return;
  }
  if (idle_.size() + busy_.size() >= limits_.connections) close_longest_idle();
  if (free_.empty()) {
    free_.emplace_back(*this);
    free_.back().self = std::prev(free_.end());
    free_.back().list = &free_;
  }
  Connection& connection = free_.front();
  // Answers go out when they are gathered, not when the last ones are acknowledged.
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!poller_.add(fd.get(), connection, Interest::kRead)) {
    counters_.tcp_accept_failed.add();
    return;
  }
  counters_.tcp_accepted.add();
  ++per_client_[client];
  connection.fd = std::move(fd);
  connection.peer = {from.address, from.port, Transport::kTcp};
  enter(idle_, connection, now);
}

// Out of descriptors: the listener stays readable, so that without a pause the worker would spin.
// A client less makes room for the next.
void TcpService::pause_accepting(MonoTime now) noexcept {
  close_longest_idle();
  accept_again_ = now + kAcceptPause;
  for (Listener& listener : listeners_) {
    poller_.change(listener.fd.get(), listener, Interest::kNone);
  }
}

void TcpService::close_longest_idle() noexcept {
  if (!idle_.empty()) {
    close(idle_.front(), counters_.tcp_closed_full);
  } else if (!busy_.empty()) {
    close(busy_.front(), counters_.tcp_closed_full);
  }
}

void TcpService::begin_drain(MonoTime now) noexcept {
  draining_ = true;
  serve_idle(now);  // first, as they make room for those who wait to be accepted
  for (Listener& listener : listeners_) {
    for (int i = 0; i < kDrainAccepts && accept(listener, now); ++i) {}
  }
  listeners_.clear();
  accept_again_.reset();
  serve_idle(now);
}

// While draining, serve() leaves a connection busy or closed.
void TcpService::serve_idle(MonoTime now) noexcept {
  while (!idle_.empty()) serve(idle_.front(), now);
}

void TcpService::close_all() noexcept {
  listeners_.clear();
  while (!idle_.empty()) close(idle_.front(), counters_.tcp_closed_stop);
  while (!busy_.empty()) close(busy_.front(), counters_.tcp_closed_stop);
}

}  // namespace gslb::server
