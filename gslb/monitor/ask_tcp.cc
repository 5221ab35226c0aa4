// TCP, HTTP and HTTPS: connect, shake hands, ask, read.
#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "gslb/monitor/attempt.h"
#include "gslb/monitor/http_reply.h"

namespace gslb::monitor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using config::MonitorKind;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

// TLS servers often end without close_notify, some with RST once they have sent all: what was read
// decides.
template <typename Stream>
asio::awaitable<Finding> ask_http(Stream& stream, Attempt& attempt) {
  attempt.step = "sending the request";
  const std::string request = write_request(attempt.options(), attempt.target.item);
  const auto [unsent, sent] = co_await asio::async_write(stream, asio::buffer(request), kResult);
  if (unsent) { co_return failed(attempt, unsent); }
  attempt.step = "waiting for the answer";
  std::string received;
  std::array<char, 16'384> buffer{};
  for (;;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(buffer), kResult);
    received.append(buffer.data(), size);
    const bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    const auto found = judge_http(attempt.options(), received, ended);
    if (found) { co_return *found; }
    if (error) { co_return failed(attempt, error); }
  }
}

// Server name, and what the certificate must be for: the name, or the address where there is none.
bool prepare_tls(TlsStream& stream, const Attempt& attempt) {
  SSL* const tls = stream.native_handle();
  std::string name = attempt.options().host;
  if (const std::size_t port = name.rfind(':'); port != std::string::npos) { name.resize(port); }
  const bool is_address = name.empty() || Address::parse(name).has_value();
  if (is_address) {
    const std::string& address = name.empty() ? attempt.target.item : name;
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), address.c_str()) == 1;
  }
  return SSL_set_tlsext_host_name(tls, name.c_str()) == 1 && SSL_set1_host(tls, name.c_str()) == 1;
}

// OpenSSL says only that the verification failed; why stands elsewhere.
Finding handshake_failed(TlsStream& stream, const Attempt& attempt, const error_code& error) {
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict == X509_V_OK || attempt.options().insecure) { return failed(attempt, error); }
  return bad(std::string("certificate: ") + X509_verify_cert_error_string(verdict));
}

asio::awaitable<Finding> ask_https(tcp::socket& socket, Attempt& attempt) {
  attempt.step = "TLS";
  TlsStream stream(std::move(socket), *attempt.target.how->tls);
  const AbortGuard guard(attempt, [&stream] {
    error_code ignored;
    stream.next_layer().close(ignored);
  });
  if (!prepare_tls(stream, attempt)) { co_return bad("TLS: OpenSSL refuses the host's name"); }
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kResult);
  if (error) { co_return handshake_failed(stream, attempt, error); }
  co_return co_await ask_http(stream, attempt);
}

asio::awaitable<Finding> ask(io_context& io, std::shared_ptr<Attempt> attempt) {
  attempt->step = "connecting";
  tcp::socket socket(io);
  const AbortGuard guard(*attempt, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  const tcp::endpoint to(asio::ip::make_address(attempt->target.item), attempt->options().port);
  const auto [error] = co_await socket.async_connect(to, kResult);
  if (error) { co_return failed(*attempt, error); }
  switch (attempt->options().kind) {
    case MonitorKind::kHttp:
      co_return co_await ask_http(socket, *attempt);
    case MonitorKind::kHttps:
      co_return co_await ask_https(socket, *attempt);
    default:
      co_return Finding{};
  }
}

}  // namespace

void ask_tcp(io_context& io, const std::shared_ptr<Attempt>& attempt) {
  asio::co_spawn(io, ask(io, attempt), finisher(attempt));
}

}  // namespace gslb::monitor
