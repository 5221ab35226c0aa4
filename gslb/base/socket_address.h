// An endpoint as the kernel has it.
#pragma once

#include <sys/socket.h>

#include "gslb/base/ip.h"

namespace gslb {

// Value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);  // room, or what is used of it

  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint) noexcept;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

// REQUIRES: `from` is AF_INET or AF_INET6.
Endpoint to_endpoint(const sockaddr_storage& from) noexcept;

}  // namespace gslb
