#include "edge/serve/tls_stream.h"

#include <algorithm>
#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace edge::serve {
namespace {
constexpr std::size_t kRecordOctets = 16 * 1024;
}  // namespace

TlsStream::TlsStream(SSL* ssl, int descriptor) : ssl_(ssl) { ::SSL_set_fd(ssl_, descriptor); }
TlsStream::~TlsStream() { ::SSL_free(ssl_); }

TlsStream::Step TlsStream::step_after(int result) {
  switch (::SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return Step::kDone;
    case SSL_ERROR_WANT_READ:
      return Step::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::kEnd;
    default:
      return Step::kFailed;
  }
}

// Errors are queued by thread: one of another connection would be taken for ours.
TlsStream::Step TlsStream::shake_hands() {
  ::ERR_clear_error();
  return step_after(::SSL_accept(ssl_));
}

TlsStream::Step TlsStream::read(char* into, std::size_t room, std::size_t& count) {
  ::ERR_clear_error();
  return step_after(::SSL_read_ex(ssl_, into, room, &count));
}

TlsStream::Step TlsStream::write(const std::vector<std::string_view>& pieces, std::size_t from,
                                 std::size_t& count) {
  auto piece = pieces.begin();
  while (piece != pieces.end() && from >= piece->size()) { from -= (piece++)->size(); }
  count = 0;
  if (piece == pieces.end()) { return Step::kDone; }
  ::ERR_clear_error();
  const std::string_view first = piece->substr(from);
  if (first.size() >= kRecordOctets || std::next(piece) == pieces.end()) {
    return step_after(
        ::SSL_write_ex(ssl_, first.data(), std::min(first.size(), kRecordOctets), &count));
  }
  std::array<char, kRecordOctets> record;
  std::size_t size = 0;
  for (; piece != pieces.end() && size < record.size(); ++piece, from = 0) {
    const std::string_view next = piece->substr(from).substr(0, record.size() - size);
    std::copy(next.begin(), next.end(), record.begin() + static_cast<std::ptrdiff_t>(size));
    size += next.size();
  }
  return step_after(::SSL_write_ex(ssl_, record.data(), size, &count));
}

void TlsStream::close_notify() {
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_);
}

bool TlsStream::is_resumed() const { return ::SSL_session_reused(ssl_) == 1; }
bool TlsStream::is_tls13() const { return ::SSL_version(ssl_) >= TLS1_3_VERSION; }

bool TlsStream::speaks_http2() const {
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  ::SSL_get0_alpn_selected(ssl_, &protocol, &length);
  return std::string_view(reinterpret_cast<const char*>(protocol), length) == "h2";
}

const void* TlsStream::certificates() const { return ::SSL_get_SSL_CTX(ssl_); }

}  // namespace edge::serve
