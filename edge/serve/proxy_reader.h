// The PROXY header at the beginning of a connection, read octet by octet if need be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gslb/base/ip.h"

namespace edge::serve {

// Thread-compatible.
class ProxyReader {
 public:
  enum class Step : std::uint8_t { kDone, kMore, kBad };

  // Reads what the socket has of the header, of either version, and no octet of what follows:
  // that may be TLS's.  kMore: again when the socket is readable.
  Step read(int descriptor);
  // After kDone: the client, unless the proxy speaks for itself.
  const std::optional<gslb::Endpoint>& client() const noexcept { return client_; }

 private:
  std::string have_;
  std::optional<gslb::Endpoint> client_;
};

}  // namespace edge::serve
