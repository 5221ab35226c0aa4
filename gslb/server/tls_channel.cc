#include "gslb/server/tls_channel.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <vector>

#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace gslb::server {
namespace {

// OpenSSL over a non-blocking socket.  It reads records in two steps, a header and then a body;
// the BIO below turns that into one system call a wake by reading into the worker's feed.
class OpenSslChannel final : public TlsChannel {
 public:
  OpenSslChannel(SSL* ssl, int fd, TlsFeed& feed) noexcept : ssl_(ssl), fd_(fd), feed_(feed) {}
  ~OpenSslChannel() override { ::SSL_free(ssl_); }
  OpenSslChannel(const OpenSslChannel&) = delete;
  OpenSslChannel& operator=(const OpenSslChannel&) = delete;

  Step open() noexcept override;
  Moved receive(MutableOctets into) noexcept override;
  Moved send(Octets from) noexcept override;
  void close() noexcept override;
  bool is_resumed() const noexcept override { return ::SSL_session_reused(ssl_) == 1; }
  TlsPeer peer() const override;

  int read_for_ssl(char* into, std::size_t size, std::size_t* read) noexcept;
  int write_for_ssl(const char* from, std::size_t size, std::size_t* written) noexcept;

 private:
  void begin() noexcept;
  void end() noexcept;
  Step step_after(int result) noexcept;

  SSL* ssl_;
  const int fd_;
  TlsFeed& feed_;
  std::vector<std::uint8_t> kept_;  // received in an earlier call, not yet taken by OpenSSL
  bool may_read_ = false;           // one read of the socket a call
  bool at_end_ = false;             // the socket has no more
  bool opened_ = false;
  bool failed_ = false;
};

OpenSslChannel& channel_of(BIO* bio) noexcept {
  return *static_cast<OpenSslChannel*>(::BIO_get_data(bio));
}

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* read) {
  ::BIO_clear_retry_flags(bio);
  const int result = channel_of(bio).read_for_ssl(into, size, read);
  if (result < 0) ::BIO_set_retry_read(bio);
  return result > 0 ? 1 : 0;
}

int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
  ::BIO_clear_retry_flags(bio);
  const int result = channel_of(bio).write_for_ssl(from, size, written);
  if (result < 0) ::BIO_set_retry_write(bio);
  return result > 0 ? 1 : 0;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() noexcept {
  BIO_METHOD* const method = ::BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "channel");
  if (method != nullptr) {
    ::BIO_meth_set_read_ex(method, bio_read);
    ::BIO_meth_set_write_ex(method, bio_write);
    ::BIO_meth_set_ctrl(method, bio_control);
  }
  return method;
}

// 1: octets were read; 0: the end; -1: none now.
int OpenSslChannel::read_for_ssl(char* into, std::size_t size, std::size_t* read) noexcept {
  *read = 0;
  if (!kept_.empty()) {
    *read = std::min(size, kept_.size());
    std::copy_n(kept_.begin(), *read, into);
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(*read));
    return 1;
  }
  if (feed_.begin == feed_.end) {
    if (at_end_) return 0;
    if (!may_read_) return -1;
    may_read_ = false;
    const ssize_t received = ::recv(fd_, feed_.octets.data(), feed_.octets.size(), MSG_DONTWAIT);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return -1;
    if (received <= 0) {
      at_end_ = true;
      return 0;
    }
    feed_.begin = 0;
    feed_.end = static_cast<std::size_t>(received);
  }
  *read = std::min(size, feed_.end - feed_.begin);
  std::copy_n(feed_.octets.begin() + feed_.begin, *read, into);
  feed_.begin += *read;
  return 1;
}

// 1: octets were taken; 0: the client is gone; -1: the socket is full.
int OpenSslChannel::write_for_ssl(const char* from, std::size_t size,
                                  std::size_t* written) noexcept {
  *written = 0;
  const ssize_t sent = ::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR ? -1 : 0;
  *written = static_cast<std::size_t>(sent);
  return 1;
}

TlsPeer OpenSslChannel::peer() const {
  TlsPeer peer;
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  ::SSL_get0_alpn_selected(ssl_, &protocol, &length);
  peer.is_xot = length > 0 && ::SSL_version(ssl_) >= TLS1_3_VERSION;  // "dot" is all there is
  const X509* const certificate = ::SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || ::SSL_get_verify_result(ssl_) != X509_V_OK) return peer;
  auto* const names = static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* const text = name->d.dNSName;
    std::string& lower =
        peer.names.emplace_back(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(::ASN1_STRING_length(text)));
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  ::GENERAL_NAMES_free(names);
  return peer;
}

void OpenSslChannel::begin() noexcept {
  // Errors are queued by thread: one of another connection would be taken for ours.
  ::ERR_clear_error();
  may_read_ = true;
}

// The feed is the next connection's: what is left of it is kept here.  Only the octets behind a
// handshake ever are: receive() reads until OpenSSL wants more.
void OpenSslChannel::end() noexcept {
  kept_.insert(kept_.end(), feed_.octets.begin() + feed_.begin, feed_.octets.begin() + feed_.end);
  feed_.begin = feed_.end = 0;
}

Channel::Step OpenSslChannel::step_after(int result) noexcept {
  switch (::SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::kEnd;
    default:
      // Many clients just close the socket.
      failed_ = true;
      return at_end_ ? Step::kEnd : Step::kFailed;
  }
}

Channel::Step OpenSslChannel::open() noexcept {
  begin();
  const int result = ::SSL_do_handshake(ssl_);
  opened_ = result == 1;
  const Step step = opened_ ? Step::kDone : step_after(result);
  end();
  return step;
}

Channel::Moved OpenSslChannel::receive(MutableOctets into) noexcept {
  static_assert(sizeof(TlsFeed::octets) + SSL3_RT_MAX_PLAIN_LENGTH <= kMinReceiveRoom);
  begin();
  Moved moved;
  while (moved.octets < into.size()) {
    std::size_t read = 0;
    const int result =
        ::SSL_read_ex(ssl_, into.data() + moved.octets, into.size() - moved.octets, &read);
    moved.octets += read;
    if (result != 1) {
      moved.step = step_after(result);
      break;
    }
  }
  end();
  // An end behind messages is seen again by the next call; so is a failure.
  if (moved.octets > 0) moved.step = Step::kDone;
  return moved;
}

Channel::Moved OpenSslChannel::send(Octets from) noexcept {
  begin();
  Moved moved;
  while (moved.octets < from.size()) {
    std::size_t written = 0;
    const int result =
        ::SSL_write_ex(ssl_, from.data() + moved.octets, from.size() - moved.octets, &written);
    moved.octets += written;
    if (result == 1) continue;
    moved.step = step_after(result);
    // Without renegotiation nothing that is written waits for something to be read.
    if (moved.step == Step::kWantRead) moved.step = Step::kFailed;
    break;
  }
  return moved;
}

void OpenSslChannel::close() noexcept {
  if (!opened_ || failed_) return;
  begin();
  ::SSL_shutdown(ssl_);  // sends close_notify; the peer's is not waited for
}

}  // namespace

std::unique_ptr<TlsChannel> make_tls_channel(SSL* ssl, int fd, TlsFeed& feed) noexcept {
  static const BIO_METHOD* const method = make_method();
  BIO* const bio = method == nullptr ? nullptr : ::BIO_new(method);
  auto* const channel = new (std::nothrow) OpenSslChannel(ssl, fd, feed);
  if (bio == nullptr || channel == nullptr) {
    ::BIO_free(bio);
    if (channel == nullptr) ::SSL_free(ssl);
    delete channel;
    return nullptr;
  }
  ::BIO_set_data(bio, channel);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl, bio, bio);
  return std::unique_ptr<TlsChannel>(channel);
}

}  // namespace gslb::server
