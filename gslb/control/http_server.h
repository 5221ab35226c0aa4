// The admin listener: HTTP/1.1, plain or TLS, on one thread of its own.
//
// Source: RFC 9110, RFC 9112 (HTTP/1.1), RFC 8446 and RFC 5246 (TLS 1.3 and 1.2; nothing older).
//
// Why one thread: requests are heartbeats, scrapes and an operator's verbs, some thousands a
// second at most, and a handler that is never called twice at once needs no locks of its own.
#pragma once

#include <memory>
#include <string>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/control/http_message.h"

namespace gslb::control {

// A heartbeat is at most fleet::kMaxReportOctets; the rest is slack.
inline constexpr std::size_t kMaxHttpBodyOctets = 288 * 1024;

struct HttpOptions {
  Endpoint listen;               // port 0: the kernel's choice
  std::string certificate_path;  // PEM, the chain; empty: plain HTTP
  std::string key_path;          // PEM, not encrypted
  std::size_t body_limit_octets = kMaxHttpBodyOctets;
  std::size_t header_limit_octets = 16 * 1024;
  unsigned connections = 4096;  // one more is closed at once
  // Each phase in whole, however slowly octets trickle in.
  milliseconds handshake{5'000};
  milliseconds idle{60'000};  // between requests
  milliseconds header{5'000};
  milliseconds body{10'000};
  milliseconds write{10'000};
  milliseconds drain{2'000};  // stop() waits no longer for requests in progress
};

// Control-thread-only; the handler is called from the server's own thread, one request at a time,
// and must not call stop().  A handler that throws gives a 500.
//
// Answered without the handler: 400 (not HTTP, no Host, bad target), 413 and 431 (over a limit),
// 501 (a transfer coding other than chunked).  HEAD is handed over as GET and answered without the
// body.  404 and 405 are the handler's.
class HttpServer {
 public:
  HttpServer(HttpOptions options, HttpHandler handler);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Loads the certificate, listens, serves.  On error nothing is left running.
  // REQUIRES: not started before.
  [[nodiscard]] Problems start();

  // What start() bound.
  const Endpoint& endpoint() const noexcept;

  // Reads certificate and key again for connections to come; on error the old ones stay in use.
  // Without TLS: nothing to do.
  [[nodiscard]] Problems reload_certificate();

  // Takes no new requests, finishes those in progress within options.drain, joins.  Idempotent.
  void stop() noexcept;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace gslb::control
