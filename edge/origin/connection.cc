#include "edge/origin/connection.h"

#include <array>
#include <vector>

#include <sys/socket.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace edge::origin {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  explicit Impl(asio::io_context& io) : loop(io), socket(io), timer(io) {}

  asio::awaitable<error_code> resolve(const config::Url& url, std::vector<tcp::endpoint>& found);

  asio::io_context& loop;
  tcp::socket socket;
  std::unique_ptr<ssl::stream<tcp::socket&>> tls;
  asio::steady_timer timer;
  std::uint64_t generation = 0;
  bool timed_out = false;
};

std::shared_ptr<TlsContext> make_tls_context(const std::string& ca_file) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  error_code error;
  context->set_verify_mode(ssl::verify_peer);
  if (ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(ca_file, error);
  }
  return context;
}

Connection::Connection(asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}
Connection::~Connection() { close(); }

void Connection::arm(std::int64_t timeout_ms) {
  impl_->timed_out = false;
  const std::uint64_t armed = ++impl_->generation;
  impl_->timer.expires_after(std::chrono::milliseconds(timeout_ms));
  impl_->timer.async_wait([impl = impl_, armed](const error_code& error) {
    // A later arm() or disarm() may have overtaken this handler in the queue.
    if (error || armed != impl->generation) { return; }
    impl->timed_out = true;
    error_code ignored;
    impl->socket.cancel(ignored);
  });
}

void Connection::disarm() {
  ++impl_->generation;
  impl_->timer.cancel();
}

bool Connection::timed_out() const noexcept { return impl_->timed_out; }

void Connection::close() {
  disarm();
  error_code ignored;
  impl_->socket.close(ignored);
}

bool Connection::is_quiet() const {
  std::array<char, 1> octet{};
  const ssize_t got =
      ::recv(impl_->socket.native_handle(), octet.data(), 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<error_code> Connection::Impl::resolve(const config::Url& url,
                                                      std::vector<tcp::endpoint>& found) {
  error_code error;
  const auto literal = asio::ip::make_address(url.host, error);
  if (!error) {
    found.emplace_back(literal, url.port);
    co_return error;
  }
  tcp::resolver resolver(loop);
  const std::string service = std::to_string(url.port);
  const auto entries = co_await resolver.async_resolve(
      url.host, service, asio::redirect_error(asio::use_awaitable, error));
  for (const auto& entry : entries) { found.push_back(entry.endpoint()); }
  co_return error;
}

Awaitable<Exchange::Status> Connection::connect(const config::Url& url, std::int64_t timeout_ms,
                                                TlsContext* tls) {
  std::vector<tcp::endpoint> endpoints;
  error_code error = co_await impl_->resolve(url, endpoints);
  if (error) { co_return gslb::Unexpected(OriginError::kResolve); }
  for (const tcp::endpoint& endpoint : endpoints) {
    impl_->socket.close(error);
    error.clear();
    arm(timeout_ms);
    co_await impl_->socket.async_connect(endpoint,
                                         asio::redirect_error(asio::use_awaitable, error));
    disarm();
    if (!error) { break; }
  }
  if (error) {
    co_return gslb::Unexpected(impl_->timed_out ? OriginError::kConnectTimeout
                                                : OriginError::kConnect);
  }
  error_code ignored;
  impl_->socket.set_option(tcp::no_delay(true), ignored);
  if (tls == nullptr) { co_return Exchange::Status{}; }
  impl_->tls = std::make_unique<ssl::stream<tcp::socket&>>(impl_->socket, *tls);
  SSL_set_tlsext_host_name(impl_->tls->native_handle(), url.host.c_str());
  impl_->tls->set_verify_callback(ssl::host_name_verification(url.host));
  arm(timeout_ms);
  co_await impl_->tls->async_handshake(ssl::stream_base::client,
                                       asio::redirect_error(asio::use_awaitable, error));
  disarm();
  if (error) {
    co_return gslb::Unexpected(impl_->timed_out ? OriginError::kConnectTimeout : OriginError::kTls);
  }
  co_return Exchange::Status{};
}

Awaitable<bool> Connection::write(std::string_view octets) {
  error_code error;
  const auto buffer = asio::buffer(octets.data(), octets.size());
  if (impl_->tls) {
    co_await asio::async_write(*impl_->tls, buffer,
                               asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await asio::async_write(impl_->socket, buffer,
                               asio::redirect_error(asio::use_awaitable, error));
  }
  co_return !error;
}

Awaitable<std::size_t> Connection::read_some(char* into, std::size_t room) {
  error_code error;
  std::size_t count = 0;
  if (impl_->tls) {
    count = co_await impl_->tls->async_read_some(asio::buffer(into, room),
                                                 asio::redirect_error(asio::use_awaitable, error));
  } else {
    count = co_await impl_->socket.async_read_some(
        asio::buffer(into, room), asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error ? 0 : count;
}

}  // namespace edge::origin
