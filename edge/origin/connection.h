// One connection to a server, plain or TLS, each wait under a deadline.
//
// Source: RFC 8305 5 (attempts in staggered succession); RFC 6066 3 (SNI), RFC 6125 (names).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/origin.h"
#include "edge/origin/awaitable.h"
#include "edge/origin/client.h"
#include "gslb/base/ip.h"

namespace boost::asio::ssl {
class context;
}

namespace edge::origin {

using TlsContext = boost::asio::ssl::context;
// What `tls` says but for the name.  Files that can't be used show as handshakes that fail.
std::shared_ptr<TlsContext> make_tls_context(const config::ServerTls& tls);

// Worker-confined.
class Connection {
 public:
  explicit Connection(boost::asio::io_context& loop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // To the first of `addresses` that takes it: the next is tried beside an attempt that takes
  // over a quarter of a second, or at once when it fails.  `failed`: those that did, or were
  // tried in vain.  REQUIRES: once.
  Awaitable<Exchange::Status> connect(std::vector<gslb::Address> addresses, std::uint16_t port,
                                      std::int64_t timeout_ms, std::vector<gslb::Address>& failed);
  // `name`: in SNI and in the certificate.
  Awaitable<Exchange::Status> shake_hands(std::string name, std::int64_t timeout_ms,
                                          TlsContext& tls);
  // From now on what is awaited ends after `timeout_ms`.
  void arm(std::int64_t timeout_ms);
  void disarm();
  // Since the last arm().
  bool timed_out() const noexcept;
  Awaitable<bool> write(std::string_view octets);
  // At least one octet; 0 at the end, an error or the deadline.
  Awaitable<std::size_t> read_some(char* into, std::size_t room);
  // False when the peer has closed it, or has sent something nobody asked for.
  bool is_quiet() const;
  void close();

  bool reused = false;
  std::int64_t requests = 0;  // sent over it
  std::chrono::steady_clock::time_point idle_since;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // its timer's handler holds it too
};
using ConnectionRef = std::unique_ptr<Connection>;

}  // namespace edge::origin
