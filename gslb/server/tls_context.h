// The certificate a TLS listener shows, and what lets clients resume their sessions.
//
// Source: RFC 7858 and RFC 8310 (DNS over TLS), RFC 9103 (transfers over it), RFC 8446, RFC 7301
// (ALPN; "dot" is registered by RFC 7858), RFC 5077 and RFC 8446 4.6.1 (tickets).
//
// TLS 1.2 with AEAD and forward secrecy at least.  Sessions live in tickets, not in a cache: any
// worker resumes what another began, and an idle client costs no memory.  No early data: a replayed
// query costs an attacker nothing and a transfer costs us much.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/server/channel.h"
#include "gslb/server/handler.h"
#include "gslb/tls/ticket_keys.h"

struct ssl_ctx_st;  // OpenSSL's

namespace gslb::server {

// Where a worker's connections receive what they decrypt at once.  Worker-confined.
struct TlsFeed {
  std::array<std::uint8_t, 32 * 1024> octets;
  std::size_t begin = 0;
  std::size_t end = 0;  // begin == end between calls of a channel
};

// A server's side of one TLS connection.
class TlsChannel : public Channel {
 public:
  // After open() gave kDone.
  virtual bool is_resumed() const noexcept = 0;
  virtual TlsPeer peer() const = 0;
};

// PEM files.
struct TlsFiles {
  std::string certificate;  // the server's, with its chain
  std::string key;          // its key, not encrypted
  // Who signs certificates of clients; "": none is asked for.  With it a client may show one.  One
  // that is no good proves nothing and is no reason to close.
  std::string client_ca = {};
};

// Immutable but for ticket keys, which have a lock of their own.  Thread-safe.
class TlsContext {
 public:
  // Null with an error in `problems` when the files are no good; an expired certificate is a
  // warning.  Tickets of `previous` stay valid, unless it is null or `client_ca` has changed.
  static std::shared_ptr<const TlsContext> load(const TlsFiles& files, const TlsContext* previous,
                                                Problems& problems);

  // The channel of a connection just accepted; null when there is no memory.  Both references
  // must outlive it.
  std::unique_ptr<TlsChannel> accept(int fd, TlsFeed& feed) const noexcept;

  // When the certificate ends.
  WallTime not_after() const noexcept { return not_after_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  TlsContext() = default;

  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::shared_ptr<tls::TicketKeys> tickets_;
  WallTime not_after_;
};

}  // namespace gslb::server
