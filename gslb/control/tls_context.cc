#include "gslb/control/tls_context.h"

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>

namespace gslb::control {
namespace {

namespace ssl = boost::asio::ssl;

}  // namespace

std::shared_ptr<ssl::context> load_tls_context(const std::string& certificate_path,
                                               const std::string& key_path, Problems& problems) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  // Without this, OpenSSL asks for the password of an encrypted key on the terminal.
  context->set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string(); });
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_path, error);
  if (error) {
    problems.error({certificate_path}, "can't load the TLS certificate: " + error.message(),
                   "a PEM file with the server's certificate first, then its chain");
  }
  const bool certificate_loaded = !error;
  context->use_private_key_file(key_path, ssl::context::pem, error);
  if (error && certificate_loaded && ERR_GET_REASON(error.value()) == X509_R_KEY_VALUES_MISMATCH) {
    problems.error({key_path}, "the TLS key does not belong to the certificate",
                   "certificate_path is " + certificate_path);
  } else if (error) {
    problems.error({key_path}, "can't load the TLS key: " + error.message(),
                   "a PEM file with the private key, not encrypted");
  }
  return problems.has_errors() ? nullptr : context;
}

}  // namespace gslb::control
