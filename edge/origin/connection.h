// One connection to an origin, plain or TLS, each wait under a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/config/config.h"
#include "edge/origin/awaitable.h"
#include "edge/origin/client.h"

namespace boost::asio::ssl {
class context;
}

namespace edge::origin {

using TlsContext = boost::asio::ssl::context;
// Trusts `ca_file`, or what the system trusts when it is "".
std::shared_ptr<TlsContext> make_tls_context(const std::string& ca_file);

// Worker-confined.
class Connection {
 public:
  explicit Connection(boost::asio::io_context& loop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Resolves, connects and, with `tls`, shakes hands; `timeout_ms` for each address and for the
  // handshake.  REQUIRES: once.
  Awaitable<Exchange::Status> connect(const config::Url& url, std::int64_t timeout_ms,
                                      TlsContext* tls);
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
  std::chrono::steady_clock::time_point idle_since;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // its timer's handler holds it too
};

}  // namespace edge::origin
