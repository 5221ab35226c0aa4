#include "gslb/server/socket.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace gslb::server {
namespace {

constexpr int kBacklog = 1024;
constexpr int kPortTries = 32;
constexpr int kFastOpenQueue = 256;  // connections not yet confirmed; more go without

const char* transport(int type) { return type == SOCK_DGRAM ? "UDP" : "TCP"; }

std::string hint_for(int error, const Endpoint& at) {
  switch (error) {
    case EADDRINUSE:
      return "another process listens there; `ss -lntup` names it";
    case EACCES:
    case EPERM:
      return at.port < 1024 ? "a port below 1024 needs CAP_NET_BIND_SERVICE (in a systemd unit: "
                              "AmbientCapabilities=CAP_NET_BIND_SERVICE)"
                            : "";
    case EADDRNOTAVAIL:
      return "no interface of this machine has the address";
    case EAFNOSUPPORT:
      return "this machine has no IPv6; leave out the IPv6 addresses";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (LimitNOFILE=, ulimit -n)";
    default:
      return "";
  }
}

void report(int error, int type, const Endpoint& at, Problems& problems) {
  problems.error({},
                 std::string("can't listen on ") + at.to_string() + " over " + transport(type) +
                     ": " + std::generic_category().message(error),
                 hint_for(error, at));
}

void set_option(int fd, int level, int option, int value) noexcept {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

// A bound socket, or closed with errno set.
UniqueFd bind_socket(int type, const Endpoint& at, bool shared) noexcept {
  const SocketAddress address(at);
  UniqueFd fd(::socket(address.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return fd;
  // An IPv6 wildcard must not take the IPv4 one's queries: each family has its own socket.
  if (at.address.is_v6()) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // TCP: restart while connections of the last run are in TIME_WAIT.  Not for UDP, where the same
  // option would let two servers take the same port.
  if (type == SOCK_STREAM) set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), address.get(), address.size) != 0) {
    const int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

std::uint16_t port_of(const UniqueFd& bound_fd) noexcept {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ::getsockname(bound_fd.get(), reinterpret_cast<sockaddr*>(&bound), &length);
  return to_endpoint(bound).port;
}

}  // namespace

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::optional<Endpoint> reserve_endpoint(const Endpoint& wanted, Problems& problems) {
  for (int tries = 0; tries < kPortTries; ++tries) {
    const UniqueFd udp = bind_socket(SOCK_DGRAM, wanted, false);
    if (!udp.is_open()) {
      report(errno, SOCK_DGRAM, wanted, problems);
      return std::nullopt;
    }
    const Endpoint found{wanted.address, port_of(udp)};
    const UniqueFd tcp = bind_socket(SOCK_STREAM, found, false);
    // Only listen() tells two sockets with SO_REUSEADDR apart.
    if (tcp.is_open() && ::listen(tcp.get(), 1) == 0) return found;
    if (wanted.port != 0 || errno != EADDRINUSE) {
      report(errno, SOCK_STREAM, found, problems);
      return std::nullopt;
    }
  }
  report(EADDRINUSE, SOCK_STREAM, wanted, problems);
  return std::nullopt;
}

std::optional<Endpoint> reserve_tcp_endpoint(const Endpoint& wanted, Problems& problems) {
  const UniqueFd tcp = bind_socket(SOCK_STREAM, wanted, false);
  if (tcp.is_open() && ::listen(tcp.get(), 1) == 0) return Endpoint{wanted.address, port_of(tcp)};
  report(errno, SOCK_STREAM, wanted, problems);
  return std::nullopt;
}

UniqueFd open_udp(const Endpoint& at, int buffer_octets, Problems& problems) {
  UniqueFd fd = bind_socket(SOCK_DGRAM, at, true);
  if (!fd.is_open()) {
    report(errno, SOCK_DGRAM, at, problems);
    return fd;
  }
  const bool v6 = at.address.is_v6();
  for (const auto& [forced, plain] :
       {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
    // Beyond the system's limit with CAP_NET_ADMIN, else as far as it allows.
    if (::setsockopt(fd.get(), SOL_SOCKET, forced, &buffer_octets, sizeof buffer_octets) != 0) {
      set_option(fd.get(), SOL_SOCKET, plain, buffer_octets);
    }
  }
  // Answers ignore a path MTU an attacker may have forged (ICMP "fragmentation needed") and leave
  // without DF: RFC 9715 A.1; Knot and NSD do the same.  The handler keeps them small.
  if (v6) {
    set_option(fd.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  } else {
    set_option(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  }
  // On a wildcard the answer must leave from the address the query came to.
  if (at.address.is_unspecified()) {
    if (v6) {
      set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
      set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, 1);
    }
  }
  return fd;
}

UniqueFd open_tcp_listener(const Endpoint& at, Problems& problems) {
  UniqueFd fd = bind_socket(SOCK_STREAM, at, true);
  // RFC 7413: a query may come with the SYN.  Where the kernel can't or mustn't, it does without.
  if (fd.is_open()) set_option(fd.get(), IPPROTO_TCP, TCP_FASTOPEN, kFastOpenQueue);
  if (fd.is_open() && ::listen(fd.get(), kBacklog) == 0) return fd;
  report(errno, SOCK_STREAM, at, problems);
  return {};
}

}  // namespace gslb::server
