// The seam between sockets and answers: a worker hands over a message, a handler writes the reply.
//
// Why an interface here: the server moves octets and knows no DNS beyond the header's length, so
// it is tested with an echo and serves whatever the control floor plugs in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"

namespace gslb::server {

// A DNS header (RFC 1035 4.1.1): nothing shorter can be answered, handlers never see it.
inline constexpr std::size_t kMinMessageOctets = 12;
// What a handler may write over UDP; EDNS sizes in real use are below (RFC 9715 says 1400).
inline constexpr std::size_t kMaxUdpAnswerOctets = 4096;
// UDP queries of a worker that wait for what another thread makes, and how long they may be.
inline constexpr std::size_t kMaxWaiting = 64;
inline constexpr std::size_t kMaxWaitingOctets = 512;
// The two-octet length prefix's limit (RFC 7766 8).
inline constexpr std::size_t kMaxTcpMessageOctets = 65535;

enum class Transport : std::uint8_t { kUdp, kTcp, kTls };

// What the handshake has told of a TLS client.
struct TlsPeer {
  bool is_xot = false;  // TLS 1.3 and ALPN "dot": what zone transfers need (RFC 9103 7.1, 7.2)
  // DNS names of the certificate it has shown, if TlsContext trusts that; lower case, no last dot.
  std::vector<std::string> names;
};

// Who asked, and how.
struct Peer {
  Address address;
  std::uint16_t port = 0;
  Transport transport = Transport::kUdp;
  const TlsPeer* tls = nullptr;  // with kTls; as long as the connection
  // RTT of the client's connection as its handshake showed it, with its first message only; 0: not
  // known, or a load balancer's.
  std::uint32_t handshake_us = 0;
};

// An answer of many messages (a zone transfer, RFC 5936 2.2), made as fast as the client reads it.
// Worker-confined; dropped when the connection closes, even before its end.
class MessageStream {
 public:
  virtual ~MessageStream() = default;
  // Writes the next message into `out` (kMaxTcpMessageOctets) and returns its length; 0: there are
  // no more.  May allocate; should take well under a millisecond, as the worker's other clients
  // wait meanwhile.
  virtual std::size_t next(MutableOctets out) noexcept = 0;
};

// One object per worker.  Worker-confined: made on the thread that calls Server::start(), then
// used by its worker only, destroyed on the thread that calls Server::stop().
class Handler {
 public:
  virtual ~Handler() = default;

  // Before every batch: the time to refresh the snapshot.  Every message until the next call
  // must be answered from the same one.
  virtual void begin_batch() noexcept = 0;
  // After the last message of a batch that had any: its answers leave now.
  virtual void end_batch() noexcept {}

  // Writes the answer to `message` into `out`, returns its length; 0 = no answer.  `message`
  // holds at least kMinMessageOctets; `out` kMaxUdpAnswerOctets or kMaxTcpMessageOctets, and never
  // overlaps it.  No allocation, no lock, no log line.
  virtual std::size_t handle(Octets message, const Peer& peer, MutableOctets out) noexcept = 0;

  // Asked for after every handle() over TCP or TLS that returned 0: an answer of many messages.
  // Null: there is no answer at all.
  virtual std::unique_ptr<MessageStream> take_stream() noexcept { return nullptr; }

  // Asked after every handle() over UDP that returned 0: the query is to be handed over again by
  // handle_again() once take_ready() counts it, oldest first.  At most kMaxWaiting wait at a time,
  // none longer than kMaxWaitingOctets.
  virtual bool waits() noexcept { return false; }
  // Readable, and read by nobody else, when some are ready; -1: none ever waits.
  virtual int ready_fd() const noexcept { return -1; }
  virtual std::size_t take_ready() noexcept { return 0; }
  // As handle(), for the last time.
  virtual std::size_t handle_again(Octets, const Peer&, MutableOctets) noexcept { return 0; }
};

// Called once a worker, 0 first, by one thread.
using HandlerFactory = std::function<std::unique_ptr<Handler>(unsigned worker)>;

}  // namespace gslb::server
