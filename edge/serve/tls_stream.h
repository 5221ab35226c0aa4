// TLS over a non-blocking socket, one step at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

struct ssl_st;  // OpenSSL's

namespace edge::serve {

// Worker-confined.
class TlsStream {
 public:
  // kRead, kWrite: nothing moved; again when the socket is readable, writable.
  enum class Step : std::uint8_t { kDone, kRead, kWrite, kEnd, kFailed };
  static bool is_wait(Step step) noexcept { return step == Step::kRead || step == Step::kWrite; }

  // Takes `ssl`, a server-side object of TlsServer, on the socket, which must outlive this.
  TlsStream(ssl_st* ssl, int descriptor);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Step shake_hands();
  // kDone: `count` >= 1 octets were read.
  Step read(char* into, std::size_t room, std::size_t& count);
  // Writes at most one record of what `pieces` have from octet `from` on, small pieces together.
  // kDone: `count` octets were taken.  kWrite: call again with the same.
  Step write(const std::vector<std::string_view>& pieces, std::size_t from, std::size_t& count);
  // Says that no more will be written, if the socket takes it.
  void close_notify();

  // After the handshake.
  bool is_resumed() const;
  bool is_tls13() const;
  bool speaks_http2() const;
  // Which certificates were shown: TlsServer::certificates_for() of what was asked for.
  const void* certificates() const;

 private:
  Step step_after(int result);

  ssl_st* ssl_;
};

}  // namespace edge::serve
