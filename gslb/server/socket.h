// Listening sockets as a name server needs them, and what went wrong in words for the operator.
#pragma once

#include <optional>
#include <utility>

#include <sys/socket.h>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/base/socket_address.h"

namespace gslb::server {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// Makes sure that nobody, not even a sharer (SO_REUSEPORT), has the endpoint, and turns port 0
// into one that is free for UDP and TCP alike.  nullopt, with the reason in `problems`, if not.
std::optional<Endpoint> reserve_endpoint(const Endpoint& wanted, Problems& problems);
// The same for TCP alone.
std::optional<Endpoint> reserve_tcp_endpoint(const Endpoint& wanted, Problems& problems);

// Bound, non-blocking, shared among workers; closed and a line in `problems` on failure.
UniqueFd open_udp(const Endpoint& at, int buffer_octets, Problems& problems);
UniqueFd open_tcp_listener(const Endpoint& at, Problems& problems);

}  // namespace gslb::server
