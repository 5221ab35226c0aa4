// Certificates and a client whose every octet the test moves itself.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gslb/server/tls_context.h"

#include "tests/gslb/server/loopback.h"
#include "tests/support/folder.h"

namespace gslb::server {

// A self-signed certificate in two files, removed with this object.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& name, long valid_s = 86'400) {
    EVP_PKEY* const pkey = ::EVP_EC_gen("P-256");
    X509* const x509 = ::X509_new();
    ::X509_set_version(x509, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(x509), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(x509), -172'800);
    ::X509_gmtime_adj(::X509_getm_notAfter(x509), valid_s);
    ::X509_set_pubkey(x509, pkey);
    X509_NAME* const subject = ::X509_get_subject_name(x509);
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    ::X509_set_issuer_name(x509, subject);
    ::X509_sign(x509, pkey, ::EVP_sha256());
    FILE* file = std::fopen(certificate().c_str(), "w");
    ::PEM_write_X509(file, x509);
    std::fclose(file);
    file = std::fopen(key().c_str(), "w");
    ::PEM_write_PrivateKey(file, pkey, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    ::X509_free(x509);
    ::EVP_PKEY_free(pkey);
  }
  std::string certificate() const { return folder_ / "certificate.pem"; }
  std::string key() const { return folder_ / "key.pem"; }

 private:
  const tests::Folder folder_;
};

struct TlsClientOptions {
  int version = TLS1_3_VERSION;
  std::string alpn = {};           // in wire form
  SSL_SESSION* session = nullptr;  // to resume
  std::string before = {};         // sent ahead of TLS
  bool trickle = false;            // every octet in a segment of its own
};

class TlsClient {
 public:
  using Options = TlsClientOptions;
  explicit TlsClient(const Endpoint& to, Options options = {})
      : tcp_(to), options_(std::move(options)), context_(::SSL_CTX_new(::TLS_client_method())) {
    ::SSL_CTX_set_min_proto_version(context_, options_.version);
    ::SSL_CTX_set_max_proto_version(context_, options_.version);
    ::SSL_CTX_set_security_level(context_, 0);
    ssl_ = ::SSL_new(context_);
    ::SSL_set_bio(ssl_, ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_connect_state(ssl_);
    if (!options_.alpn.empty()) {
      ::SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options_.alpn.data()),
                            static_cast<unsigned>(options_.alpn.size()));
    }
    if (!options_.before.empty()) tcp_.send(options_.before);
    if (options_.session != nullptr) ::SSL_set_session(ssl_, options_.session);
  }
  ~TlsClient() {
    // Else OpenSSL takes the session for cut off and does not resume it.
    ::SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ::SSL_free(ssl_);
    ::SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool handshake() {
    return run([this] { return ::SSL_do_handshake(ssl_); });
  }
  void send(const std::string& octets) {
    std::size_t done = 0;
    while (done < octets.size()) {
      std::size_t written = 0;
      const auto chunk = std::min<std::size_t>(octets.size() - done, 16'000);
      if (!run([&] { return ::SSL_write_ex(ssl_, octets.data() + done, chunk, &written); })) return;
      done += written;
      flush();
    }
  }
  // The next message; empty at the end of the connection.
  std::string receive() {
    const std::string prefix = read(2);
    if (prefix.size() < 2) return {};
    return read(load_u16(reinterpret_cast<const std::uint8_t*>(prefix.data())));
  }
  std::string ask(const std::string& text) {
    send(framed(text));
    return receive();
  }
  bool resumed() const { return ::SSL_session_reused(ssl_) == 1; }
  std::string alpn() const {
    const unsigned char* text = nullptr;
    unsigned length = 0;
    ::SSL_get0_alpn_selected(ssl_, &text, &length);
    return {reinterpret_cast<const char*>(text), length};
  }
  std::string server_name() const {
    X509* const peer = ::SSL_get1_peer_certificate(ssl_);
    std::array<char, 256> name{};
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(peer), NID_commonName, name.data(),
                                static_cast<int>(name.size()));
    ::X509_free(peer);
    return name.data();
  }
  // The caller's to free.
  SSL_SESSION* session() { return ::SSL_get1_session(ssl_); }
  // True when the server said goodbye before it closed.
  bool was_told_to_close() const { return (::SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  TcpClient& tcp() { return tcp_; }

 private:
  template <typename Step>
  bool run(Step step) {
    for (;;) {
      ::ERR_clear_error();
      const int result = step();
      flush();
      if (result == 1) return true;
      if (::SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) return false;
      std::array<char, 65536> octets;
      const ssize_t got = ::recv(tcp_.fd(), octets.data(), octets.size(), 0);
      if (got <= 0) return false;
      ::BIO_write(::SSL_get_rbio(ssl_), octets.data(), static_cast<int>(got));
    }
  }
  void flush() {
    std::array<char, 65536> octets;
    int size = 0;
    while ((size = ::BIO_read(::SSL_get_wbio(ssl_), octets.data(), sizeof octets)) > 0) {
      const auto step = options_.trickle ? 1 : static_cast<std::size_t>(size);
      for (std::size_t at = 0; at < static_cast<std::size_t>(size); at += step) {
        if (::send(tcp_.fd(), octets.data() + at, step, MSG_NOSIGNAL) < 0) return;
      }
    }
  }
  std::string read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      std::size_t got = 0;
      if (!run([&] { return ::SSL_read_ex(ssl_, text.data() + done, size - done, &got); })) break;
      done += got;
    }
    text.resize(done);
    return text;
  }

  TcpClient tcp_;
  Options options_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

}  // namespace gslb::server
