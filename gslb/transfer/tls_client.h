// How a primary is known over TLS: by the name in its certificate, by its key, or both.
//
// Source: RFC 9103 7.1 (TLS 1.3, ALPN "dot") and 9.3 (strict authentication), RFC 7858 4.2 (pins).
#pragma once

#include <memory>
#include <string>

#include "gslb/base/problem.h"
#include "gslb/config/transfer.h"

namespace boost::asio::ssl {
class context;
}
struct ssl_st;

namespace gslb::transfer {

// Immutable once made; used by the transfer thread.
class TlsClient {
 public:
  // `remote` has TLS.  Null, with every problem reported, when its CA file can't be used, or when
  // it says nothing that would tell the primary from an impostor.
  static std::shared_ptr<const TlsClient> make(const config::Remote& remote, Problems& problems);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  boost::asio::ssl::context& context() const noexcept { return *context_; }
  // Before the handshake: server name, the name to verify, ALPN.  False when OpenSSL refuses.
  bool prepare(ssl_st* connection) const;
  // After the handshake: "" or what is wrong.
  std::string verify(const ssl_st* connection) const;

 private:
  TlsClient();
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::string name_;
  std::string pin_;
};

}  // namespace gslb::transfer
