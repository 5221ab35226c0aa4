// What the operator may set about listeners and workers.
#pragma once

#include <memory>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/base/prefix_set.h"

namespace gslb::server {

class TlsContext;

// Per worker.
struct TcpLimits {
  milliseconds idle{10'000};         // without a whole message (RFC 7766 6.2.3)
  milliseconds slow_reader{10'000};  // to take answers that fill the socket
  milliseconds handshake{5'000};     // TLS, from the accepted connection to its first query
  unsigned connections = 1024;       // one more closes the longest idle
  unsigned per_client = 128;         // one IPv4 address or one IPv6 /64
};

struct ServerOptions {
  // Port 0: the kernel's choice, one port for UDP and TCP of all workers.
  std::vector<Endpoint> listen;
  // DNS over TLS only.  Not empty: `tls` is set.
  std::vector<Endpoint> listen_tls;
  std::shared_ptr<const TlsContext> tls;
  // Load balancers, which put a PROXY header in front of every datagram and connection: what comes
  // from here without one is dropped, and nobody else's is looked for.
  PrefixSet proxies;
  unsigned workers = 0;      // 0: one per core this process may use
  bool pin_workers = false;  // worker n on the n-th of these cores
  // Per UDP socket; a burst waits here while the worker is at another socket.
  int udp_buffer_octets = 4 * 1024 * 1024;
  TcpLimits tcp;
  milliseconds drain{2'000};  // stop() waits no longer than this for pending answers
};

}  // namespace gslb::server
