// Keys that encrypt session tickets, so that any worker resumes what another began.
//
// Source: RFC 5077, RFC 8446 4.6.1.  Who steals a key reads the resumed TLS 1.2 sessions of its
// time: keys are short-lived, the newest encrypts and the one before it is read with still.
#pragma once

#include <chrono>
#include <memory>

struct ssl_ctx_st;  // OpenSSL's

namespace gslb::tls {

// Thread-safe.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kLife{6};

  TicketKeys();
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Sessions of `context` live in tickets by these keys and nowhere else; it holds the keys as
  // long as it lives, and connections hold it.
  static void attach(ssl_ctx_st* context, const std::shared_ptr<TicketKeys>& keys);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslb::tls
