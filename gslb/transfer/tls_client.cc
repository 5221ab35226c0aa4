#include "gslb/transfer/tls_client.h"

#include <array>

#include <boost/asio/ssl/context.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace gslb::transfer {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::array<unsigned char, 4> kAlpn{3, 'd', 'o', 't'};

// SHA-256 of the SubjectPublicKeyInfo (RFC 7858 4.2).
std::string pin_of(const X509* certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  if (size <= 0) { return {}; }
  std::array<unsigned char, 32> digest{};
  unsigned int digest_size = 0;
  const bool done = EVP_Digest(encoded, static_cast<std::size_t>(size), digest.data(), &digest_size,
                               EVP_sha256(), nullptr) == 1;
  OPENSSL_free(encoded);
  return done ? std::string(digest.begin(), digest.end()) : std::string();
}

}  // namespace

TlsClient::TlsClient() = default;
TlsClient::~TlsClient() = default;

std::shared_ptr<const TlsClient> TlsClient::make(const config::Remote& remote, Problems& problems) {
  if (remote.tls_name.empty() && remote.tls_pin.empty()) {
    problems.error(remote.id.at,
                   "the remote '" + remote.id.text + "' has neither tls_name nor tls_pin",
                   "a primary that nothing proves is anybody: set tls_name, tls_pin or both");
    return nullptr;
  }
  std::shared_ptr<TlsClient> client(new TlsClient);
  client->context_ = std::make_unique<ssl::context>(ssl::context::tls_client);
  client->name_ = remote.tls_name;
  client->pin_ = remote.tls_pin;
  SSL_CTX_set_min_proto_version(client->context_->native_handle(), TLS1_3_VERSION);
  // With a pin alone nobody need vouch for the certificate.
  client->context_->set_verify_mode(remote.tls_name.empty() ? ssl::verify_none : ssl::verify_peer);
  boost::system::error_code error;
  if (remote.tls_ca.empty()) {
    client->context_->set_default_verify_paths(error);
  } else {
    client->context_->load_verify_file(remote.tls_ca, error);
  }
  if (error) {
    problems.error(remote.id.at,
                   "can't use the certificates of " + remote.tls_ca + ": " + error.message(),
                   "tls_ca is a PEM file");
    return nullptr;
  }
  if (remote.tls_certificate.empty()) { return client; }
  // An encrypted key must not ask for its password on the terminal.
  client->context_->set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); });
  client->context_->use_certificate_chain_file(remote.tls_certificate, error);
  if (!error) { client->context_->use_private_key_file(remote.tls_key, ssl::context::pem, error); }
  if (error) {
    problems.error(remote.id.at,
                   "can't use " + remote.tls_certificate + " and its key: " + error.message(),
                   "PEM files, the key not encrypted");
    return nullptr;
  }
  return client;
}

bool TlsClient::prepare(ssl_st* connection) const {
  if (SSL_set_alpn_protos(connection, kAlpn.data(), kAlpn.size()) != 0) { return false; }
  if (name_.empty()) { return true; }
  return SSL_set_tlsext_host_name(connection, name_.c_str()) == 1 &&
         SSL_set1_host(connection, name_.c_str()) == 1;
}

std::string TlsClient::verify(const ssl_st* connection) const {
  const unsigned char* selected = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(connection, &selected, &size);
  if (size != 3 || std::equal(selected, selected + 3, kAlpn.begin() + 1) == false) {
    return "the primary does not speak DNS over TLS (ALPN \"dot\")";
  }
  if (pin_.empty()) { return {}; }
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || pin_of(certificate) != pin_) {
    return "the primary's key is not that of tls_pin";
  }
  return {};
}

}  // namespace gslb::transfer
