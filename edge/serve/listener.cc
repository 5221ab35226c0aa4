#include "edge/serve/listener.h"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gslb/base/socket_address.h"

namespace edge::serve {

int open_listener(gslb::Endpoint& at, std::string* error) {
  gslb::SocketAddress address(at);
  const int on = 1;
  const int descriptor =
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto set = [&](int level, int option) {
    return ::setsockopt(descriptor, level, option, &on, sizeof(on)) == 0;
  };
  const bool opened =
      descriptor >= 0 && set(SOL_SOCKET, SO_REUSEADDR) && set(SOL_SOCKET, SO_REUSEPORT) &&
      (!at.address.is_v6() || set(IPPROTO_IPV6, IPV6_V6ONLY)) &&
      ::bind(descriptor, address.get(), address.size) == 0 && ::listen(descriptor, SOMAXCONN) == 0;
  address.size = sizeof(address.storage);
  if (opened && ::getsockname(descriptor, address.get(), &address.size) == 0) {
    at.port = gslb::to_endpoint(address.storage).port;
    return descriptor;
  }
  *error = at.to_string() + ": " + std::generic_category().message(errno);
  if (descriptor >= 0) { ::close(descriptor); }
  return -1;
}

}  // namespace edge::serve
