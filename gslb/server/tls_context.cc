#include "gslb/server/tls_context.h"

#include <algorithm>
#include <ctime>
#include <string_view>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "gslb/base/file.h"
#include "gslb/server/tls_channel.h"

namespace gslb::server {
namespace {

// RFC 7858 8 wants what BCP 195 (RFC 9325) does; 4.2 there: only AEAD with forward secrecy.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kAlpn("\3dot", 4);

std::string last_error() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* const reason = ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                unsigned in_length, void*) {
  for (unsigned at = 0; at < in_length; at += 1U + in[at]) {
    const std::string_view offer(reinterpret_cast<const char*>(in + at),
                                 std::min(1U + in[at], in_length - at));
    if (offer == kAlpn) {
      *out = in + at + 1;
      *out_length = static_cast<unsigned char>(kAlpn.size() - 1);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 3.2: no_application_protocol
}

// An encrypted key must not ask for its password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

// Clients may show a certificate; whether it is good is looked at later, by TlsChannel::peer().
bool ask_for_certificates(SSL_CTX* context, const std::string& ca_file) {
  STACK_OF(X509_NAME)* const names = ::SSL_load_client_CA_file(ca_file.c_str());
  if (names == nullptr) return false;
  ::SSL_CTX_set_client_CA_list(context, names);
  if (::SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) return false;
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  // What a ticket says of the client was true by these authorities only.
  const auto content = read_file(ca_file);
  std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> digest{};
  unsigned size = 0;
  return content &&
         ::EVP_Digest(content->data(), content->size(), digest.data(), &size, ::EVP_sha256(),
                      nullptr) == 1 &&
         ::SSL_CTX_set_session_id_context(context, digest.data(), size) == 1;
}

WallTime end_of(SSL_CTX* context) {
  std::tm end{};
  const X509* const certificate = ::SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &end) != 1) {
    return {};
  }
  return std::chrono::system_clock::from_time_t(::timegm(&end));
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }

std::shared_ptr<const TlsContext> TlsContext::load(const TlsFiles& files,
                                                   const TlsContext* previous, Problems& problems) {
  ::ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->tickets_ = previous != nullptr ? previous->tickets_ : std::make_shared<tls::TicketKeys>();
  made->context_.reset(::SSL_CTX_new(::TLS_server_method()));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr) {
    problems.error({files.certificate}, "can't set up TLS: " + last_error());
    return nullptr;
  }
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_cipher_list(context, kTls12Ciphers);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  tls::TicketKeys::attach(context, made->tickets_);
  ::SSL_CTX_set_default_passwd_cb(context, no_password);
  if (::SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    problems.error({files.certificate}, "can't load the TLS certificate: " + last_error(),
                   "a PEM file with the server's certificate first, then its chain");
    return nullptr;
  }
  if (::SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    problems.error({files.key}, "can't load the TLS key: " + last_error(),
                   "a PEM file with the private key of " + files.certificate + ", not encrypted");
    return nullptr;
  }
  if (!files.client_ca.empty() && !ask_for_certificates(context, files.client_ca)) {
    problems.error({files.client_ca}, "can't load the CA of clients: " + last_error(),
                   "a PEM file with the certificates that sign those of clients");
    return nullptr;
  }
  made->not_after_ = end_of(context);
  if (made->not_after_ < std::chrono::system_clock::now()) {
    problems.warning({files.certificate}, "the TLS certificate has expired",
                     "strict clients (RFC 8310) will not connect");
  }
  return made;
}

std::unique_ptr<TlsChannel> TlsContext::accept(int fd, TlsFeed& feed) const noexcept {
  SSL* const ssl = ::SSL_new(context_.get());
  if (ssl == nullptr) return nullptr;
  ::SSL_set_accept_state(ssl);
  return make_tls_channel(ssl, fd, feed);
}

}  // namespace gslb::server
