#include "edge/serve/tls_server.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "edge/http/fields.h"
#include "gslb/base/file.h"

namespace edge::serve {
namespace {

// RFC 9325 4.2: only AEAD with forward secrecy.  RFC 9113 9.2.2 forbids HTTP/2 about the same.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::size_t kMaxStaple = 64 * 1024;

std::string last_error() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* const reason = ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

// An encrypted key must not ask for its password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

// `allows_http2`: not null if so.
// NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                unsigned in_length, void* allows_http2) {
  constexpr std::string_view kHttp2("\2h2", 3);
  constexpr std::string_view kHttp1("\10http/1.1", 9);
  const auto offers = [&](std::string_view wanted) {
    for (unsigned at = 0; at < in_length; at += 1U + in[at]) {
      const std::string_view offer(reinterpret_cast<const char*>(in + at),
                                   std::min(1U + in[at], in_length - at));
      if (offer != wanted) { continue; }
      *out = in + at + 1;
      *out_length = static_cast<unsigned char>(wanted.size() - 1);
      return true;
    }
    return false;
  };
  if ((allows_http2 != nullptr && offers(kHttp2)) || offers(kHttp1)) { return SSL_TLSEXT_ERR_OK; }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 3.2: no_application_protocol
}

struct X509Free {
  void operator()(X509* certificate) const noexcept { ::X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

// An entry of the configuration with what its certificate says.
struct Loaded {
  const config::Certificate* from = nullptr;
  X509Ptr leaf;
  int key_type = 0;
  std::vector<std::string> hosts;
  std::string staple;
};

// What a context staples, by certificate.
using Staples = std::vector<std::pair<X509Ptr, std::string>>;

int staples_index() {
  static const int index = ::SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* staples, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Staples*>(staples);
      });
  return index;
}

int staple(SSL* ssl, void*) {
  const auto* const staples =
      static_cast<const Staples*>(::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), staples_index()));
  const X509* const shown = ::SSL_get_certificate(ssl);
  for (const auto& [certificate, response] : *staples) {
    if (shown == nullptr || ::X509_cmp(certificate.get(), shown) != 0) { continue; }
    void* const copy = ::OPENSSL_memdup(response.data(), response.size());
    if (copy == nullptr) { break; }
    ::SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* const list = static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) { continue; }
    names.push_back(
        http::to_lower({reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                        static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName))}));
  }
  ::GENERAL_NAMES_free(list);
  return names;
}

X509Ptr read_leaf(const std::string& path) {
  X509Ptr leaf;
  if (BIO* const file = ::BIO_new_file(path.c_str(), "r")) {
    leaf.reset(::PEM_read_bio_X509(file, nullptr, no_password, nullptr));
    ::BIO_free(file);
  }
  return leaf;
}

gslb::WallTime end_of(const X509* certificate) {
  std::tm end{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &end) != 1) { return {}; }
  return std::chrono::system_clock::from_time_t(::timegm(&end));
}

std::optional<Loaded> load_entry(const config::Certificate& from, gslb::Problems& problems) {
  Loaded loaded;
  loaded.from = &from;
  loaded.leaf = read_leaf(from.certificate);
  if (!loaded.leaf) {
    problems.error(from.at, "can't load the certificate " + from.certificate + ": " + last_error(),
                   "a PEM file with the server's certificate first, then its chain");
    return std::nullopt;
  }
  loaded.key_type = ::EVP_PKEY_get_base_id(::X509_get0_pubkey(loaded.leaf.get()));
  loaded.hosts = from.hosts.empty() ? names_of(loaded.leaf.get()) : from.hosts;
  if (end_of(loaded.leaf.get()) < std::chrono::system_clock::now()) {
    problems.warning(from.at, "the certificate " + from.certificate + " has expired",
                     "clients will not connect");
  }
  if (from.ocsp.empty()) { return loaded; }
  auto response = gslb::read_file(from.ocsp, kMaxStaple);
  if (!response || response->empty()) {
    problems.error(from.at, "can't read the OCSP response " + from.ocsp,
                   "a DER file, at most 64 KiB");
    return std::nullopt;
  }
  loaded.staple = std::move(*response);
  return loaded;
}

bool use_entry(SSL_CTX* context, const Loaded& entry, gslb::Problems& problems) {
  const config::Certificate& from = *entry.from;
  if (::SSL_CTX_use_certificate_chain_file(context, from.certificate.c_str()) != 1) {
    problems.error(from.at, "can't load the certificate " + from.certificate + ": " + last_error(),
                   "a PEM file with the server's certificate first, then its chain");
    return false;
  }
  if (::SSL_CTX_use_PrivateKey_file(context, from.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    problems.error(from.at, "can't load the key " + from.key + ": " + last_error(),
                   "a PEM file with the private key of " + from.certificate + ", not encrypted");
    return false;
  }
  if (!entry.staple.empty()) {
    auto* const staples = static_cast<Staples*>(::SSL_CTX_get_ex_data(context, staples_index()));
    ::X509_up_ref(entry.leaf.get());
    staples->emplace_back(X509Ptr(entry.leaf.get()), entry.staple);
  }
  return true;
}

std::shared_ptr<SSL_CTX> new_context(const config::Tls& tls,
                                     const std::shared_ptr<gslb::tls::TicketKeys>& tickets) {
  const std::shared_ptr<SSL_CTX> made(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  SSL_CTX* const context = made.get();
  if (context == nullptr) { return nullptr; }
  ::SSL_CTX_set_min_proto_version(context, tls.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  ::SSL_CTX_set_cipher_list(context, kTls12Ciphers);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  // A record's header and body in one system call.
  ::SSL_CTX_set_read_ahead(context, 1);
  ::SSL_CTX_set_default_passwd_cb(context, no_password);
  static int yes = 1;
  ::SSL_CTX_set_alpn_select_cb(context, select_alpn, tls.http2 ? &yes : nullptr);
  ::SSL_CTX_set_ex_data(context, staples_index(), new Staples);
  ::SSL_CTX_set_tlsext_status_cb(context, staple);
  gslb::tls::TicketKeys::attach(context, tickets);
  return made;
}

}  // namespace

// Contexts are made by set of certificates: an ECDSA and an RSA one of a host share one, and each
// client gets what it can check.
std::shared_ptr<const TlsServer> TlsServer::load(const config::Tls& tls, const TlsServer* previous,
                                                 gslb::Problems& problems) {
  ::ERR_clear_error();
  std::shared_ptr<TlsServer> made(new TlsServer);
  made->tickets_ =
      previous != nullptr ? previous->tickets_ : std::make_shared<gslb::tls::TicketKeys>();
  std::vector<Loaded> entries;
  for (const config::Certificate& certificate : tls.certificates) {
    auto entry = load_entry(certificate, problems);
    if (!entry) { return nullptr; }
    made->expiries_.push_back({certificate.certificate, end_of(entry->leaf.get())});
    entries.push_back(std::move(*entry));
  }
  std::map<std::string, std::vector<std::size_t>> by_host;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const std::string& host : entries[i].hosts) {
      std::vector<std::size_t>& of_host = by_host[host];
      const bool have = std::any_of(of_host.begin(), of_host.end(), [&](std::size_t other) {
        return entries[other].key_type == entries[i].key_type;
      });
      if (!have) { of_host.push_back(i); }
    }
  }
  std::map<std::vector<std::size_t>, Context> contexts;
  const auto context_of = [&](const std::vector<std::size_t>& set) -> Context {
    Context& context = contexts[set];
    if (context) { return context; }
    context = new_context(tls, made->tickets_);
    if (!context) { problems.error({}, "can't set up TLS: " + last_error()); }
    for (const std::size_t i : set) {
      if (context && !use_entry(context.get(), entries[i], problems)) { context.reset(); }
    }
    if (context) {
      ::SSL_CTX_set_tlsext_servername_callback(context.get(), select_context);
      ::SSL_CTX_set_tlsext_servername_arg(context.get(), made.get());
    }
    return context;
  };
  for (const auto& [host, set] : by_host) {
    if (!(made->hosts_[host] = context_of(set))) { return nullptr; }
  }
  if (entries.empty()) { return made; }
  // What names no host still has a key that has to fit.
  const std::vector<std::string>& first = entries.front().hosts;
  made->default_ = first.empty() ? context_of({0}) : made->hosts_[first.front()];
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].hosts.empty() && !context_of({i})) { return nullptr; }
  }
  return made->default_ ? made : nullptr;
}

int TlsServer::select_context(SSL* ssl, int*, void* self) {
  const char* const name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) { return SSL_TLSEXT_ERR_NOACK; }
  SSL_CTX* const context = static_cast<const TlsServer*>(self)->find(http::to_lower(name));
  ::SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* TlsServer::find(std::string_view host) const {
  const auto exact = hosts_.find(std::string(host));
  if (exact != hosts_.end()) { return exact->second.get(); }
  const std::size_t dot = host.find('.');
  if (dot != host.npos) {
    const auto wildcard = hosts_.find("*" + std::string(host.substr(dot)));
    if (wildcard != hosts_.end()) { return wildcard->second.get(); }
  }
  return default_.get();
}

const void* TlsServer::certificates_for(std::string_view host) const {
  if (host.starts_with('[')) { return default_.get(); }
  return find(host.substr(0, host.find(':')));
}

SSL* TlsServer::accept() const {
  SSL* const ssl = ::SSL_new(default_.get());
  if (ssl != nullptr) { ::SSL_set_accept_state(ssl); }
  return ssl;
}

}  // namespace edge::serve
