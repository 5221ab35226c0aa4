// The certificates TLS listeners show, by host, and what lets clients resume their sessions.
//
// Source: RFC 8446; RFC 9325 (BCP 195: TLS 1.2 with AEAD and forward secrecy at least); RFC 6066 3
// (SNI), 8 (OCSP stapling); RFC 7301 (ALPN); RFC 9113 9.2; RFC 9110 7.4 (misdirected requests).
//
// One set for all workers.  Sessions live in tickets, not in a cache: any worker resumes what
// another began, over reloads too, and an idle client costs no memory.  No early data: it can be
// replayed, and a cache can't know which GET an origin minds.  No kTLS: it pays where sendfile
// meets a network card that encrypts, and needs a kernel module most hosts have not loaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/config/config.h"
#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/tls/ticket_keys.h"

struct ssl_st;  // OpenSSL's
struct ssl_ctx_st;

namespace edge::serve {

// Immutable; thread-safe.
class TlsServer {
 public:
  // Null with errors in `problems` when files are no good; what is expired is a warning.  Tickets
  // of `previous` (may be null) stay valid.
  static std::shared_ptr<const TlsServer> load(const config::Tls& tls, const TlsServer* previous,
                                               gslb::Problems& problems);

  // The server's side of a connection; null when there is no memory.  REQUIRES: at least one
  // certificate; this outlives the handshake.
  ssl_st* accept() const;
  // Those shown to who asks for `host` (lower case, maybe with a port): a request is for a
  // connection when these are the connection's.
  const void* certificates_for(std::string_view host) const;

  struct Expiry {
    std::string file;
    gslb::WallTime not_after;
  };
  // Of all certificates.
  const std::vector<Expiry>& expiries() const noexcept { return expiries_; }

 private:
  using Context = std::shared_ptr<ssl_ctx_st>;
  TlsServer() = default;
  static int select_context(ssl_st* ssl, int* alert, void* self);
  ssl_ctx_st* find(std::string_view host) const;

  std::shared_ptr<gslb::tls::TicketKeys> tickets_;
  std::unordered_map<std::string, Context> hosts_;  // names and "*.example.com"
  Context default_;
  std::vector<Expiry> expiries_;
};

}  // namespace edge::serve
