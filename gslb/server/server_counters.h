// What one worker counts about its sockets.
#pragma once

#include "gslb/base/counters.h"
#include "gslb/server/handler.h"

namespace gslb::server {

// Messages of connections.
struct StreamTraffic {
  Counter queries;
  Counter query_octets;
  Counter answers;
  Counter answer_octets;
};

// Written by its worker, readable by anyone.  On lines of its own: workers must not share one.
struct alignas(128) ServerCounters {
  Counter udp_queries;  // handed to the handler
  Counter udp_query_octets;
  Counter udp_answers;  // taken by the kernel
  Counter udp_answer_octets;
  Counter udp_batches;
  Counter udp_dropped_truncated;    // longer than any query we read
  Counter udp_dropped_short;        // no whole header
  Counter udp_dropped_port_zero;    // a source port nobody can be reached at
  Counter udp_dropped_proxy;        // a load balancer's without a good PROXY header
  Counter udp_proxied;              // handed to the handler with the client of a PROXY header
  Counter udp_dropped_unanswered;   // the handler chose silence
  Counter udp_dropped_send_full;    // answers the send queue had no room for
  Counter udp_dropped_send_failed;  // answers the kernel refused (no route, filtered, …)

  StreamTraffic tcp;
  StreamTraffic tls;
  StreamTraffic& stream_traffic(Transport transport) noexcept {
    return transport == Transport::kTls ? tls : tcp;
  }

  // TCP connections, those of TLS among them.
  Counter tcp_streams;        // answers of many messages begun
  Counter tcp_streams_whole;  // of these, handed to the kernel to the end
  Counter tcp_accepted;
  Counter tcp_refused_client;    // over the limit of one client; not among the accepted
  Counter tcp_accept_failed;     // mostly: out of file descriptors
  Counter tcp_closed_peer;       // the client ended it
  Counter tcp_closed_idle;       // no whole message within the idle time
  Counter tcp_closed_slow;       // did not read its answers
  Counter tcp_closed_full;       // the longest idle one, to make room for another
  Counter tcp_closed_protocol;   // a message too short to be one
  Counter tcp_closed_handshake;  // not done with its handshake in time
  Counter tcp_closed_tls;     // its TLS is wrong: no certificate, version or cipher in common, …
  Counter tcp_closed_proxy;   // a load balancer's without a good PROXY header
  Counter tcp_closed_client;  // its PROXY header names a client over its limit
  Counter tcp_proxied;        // connections with the client of a PROXY header
  Counter tcp_closed_stop;    // the server stopped
  Counter tls_accepted;       // among tcp_accepted
  Counter tls_closed;         // among tcp_closed_*
  Counter tls_handshakes;     // to the end
  Counter tls_resumed;        // among tls_handshakes

  std::uint64_t tcp_open() const noexcept {
    const std::uint64_t closed = tcp_closed_peer.value() + tcp_closed_idle.value() +
                                 tcp_closed_slow.value() + tcp_closed_full.value() +
                                 tcp_closed_protocol.value() + tcp_closed_handshake.value() +
                                 tcp_closed_tls.value() + tcp_closed_proxy.value() +
                                 tcp_closed_client.value() + tcp_closed_stop.value();
    const std::uint64_t accepted = tcp_accepted.value();
    return accepted > closed ? accepted - closed : 0;
  }
};

}  // namespace gslb::server
