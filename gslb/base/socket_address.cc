#include "gslb/base/socket_address.h"

#include <cstring>

#include <netinet/in.h>

namespace gslb {

SocketAddress::SocketAddress(const Endpoint& endpoint) noexcept {
  const Octets octets = endpoint.address.octets();
  if (endpoint.address.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
    size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, octets.data(), octets.size());
    size = sizeof v4;
  }
}

Endpoint to_endpoint(const sockaddr_storage& from) noexcept {
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    return {Address::from_octets({v6.sin6_addr.s6_addr, 16}), ntohs(v6.sin6_port)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
  return {Address::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
}

}  // namespace gslb
