#include "edge/origin/connection.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

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
using Clock = std::chrono::steady_clock;

// RFC 8305 8: the recommended delay between attempts.
constexpr std::chrono::milliseconds kNextAttempt{250};

}  // namespace

struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  explicit Impl(asio::io_context& io) : loop(io), socket(io), timer(io) {}

  asio::io_context& loop;
  tcp::socket socket;
  std::unique_ptr<ssl::stream<tcp::socket&>> tls;
  asio::steady_timer timer;
  std::uint64_t generation = 0;
  bool timed_out = false;
};

std::shared_ptr<TlsContext> make_tls_context(const config::ServerTls& tls) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  error_code error;
  SSL_CTX_set_min_proto_version(context->native_handle(),
                                tls.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  context->set_verify_mode(tls.verify ? ssl::verify_peer : ssl::verify_none);
  if (tls.ca_file.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(tls.ca_file, error);
  }
  if (!tls.certificate.empty()) {
    context->use_certificate_chain_file(tls.certificate, error);
    context->use_private_key_file(tls.key, ssl::context::pem, error);
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

namespace {

// Attempts at several addresses, of which one wins.  Their handlers hold it too.
struct Race {
  explicit Race(asio::io_context& loop) : timer(loop) {}

  void start(asio::io_context& loop, const tcp::endpoint& endpoint,
             const std::shared_ptr<Race>& self) {
    sockets.push_back(std::make_unique<tcp::socket>(loop));
    const std::size_t index = sockets.size() - 1;
    ++under_way;
    sockets[index]->async_connect(endpoint, [self, index](const error_code& error) {
      --self->under_way;
      self->news = true;
      if (!error && !self->winner) { self->winner = index; }
      self->timer.cancel();
    });
  }
  void end() {
    error_code ignored;
    for (const auto& socket : sockets) { socket->close(ignored); }
  }

  asio::steady_timer timer;
  std::vector<std::unique_ptr<tcp::socket>> sockets;
  std::optional<std::size_t> winner;
  std::size_t under_way = 0;
  bool news = false;  // since the last wait
};

// However the coroutine ends, no attempt goes on.
struct RaceEnd {
  const std::shared_ptr<Race>& race;
  ~RaceEnd() { race->end(); }
};

}  // namespace

Awaitable<Exchange::Status> Connection::connect(std::vector<gslb::Address> addresses,
                                                std::uint16_t port, std::int64_t timeout_ms,
                                                std::vector<gslb::Address>& failed) {
  const auto race = std::make_shared<Race>(impl_->loop);
  const RaceEnd ends{race};
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  auto next_start = Clock::now();
  bool late = false;
  while (!race->winner && !late) {
    const bool has_more = race->sockets.size() < addresses.size();
    if (!has_more && race->under_way == 0) { break; }
    if (has_more && (race->under_way == 0 || Clock::now() >= next_start)) {
      error_code error;
      const gslb::Address& address = addresses[race->sockets.size()];
      race->start(impl_->loop, {asio::ip::make_address(address.to_string(), error), port}, race);
      next_start = Clock::now() + kNextAttempt;
    }
    if (!race->news) {
      error_code ignored;
      const bool will_start = race->sockets.size() < addresses.size();
      race->timer.expires_at(will_start ? std::min(next_start, deadline) : deadline);
      co_await race->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    race->news = false;
    late = Clock::now() >= deadline;
  }
  // In a draw the one that came first has it; what was not decided yet is not known to be bad.
  const std::size_t tried = race->winner.value_or(race->sockets.size());
  failed.assign(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(tried));
  if (!race->winner) {
    co_return gslb::Unexpected(late ? OriginError::kConnectTimeout : OriginError::kConnect);
  }
  impl_->socket = std::move(*race->sockets[*race->winner]);
  error_code ignored;
  impl_->socket.set_option(tcp::no_delay(true), ignored);
  co_return Exchange::Status{};
}

Awaitable<Exchange::Status> Connection::shake_hands(std::string name, std::int64_t timeout_ms,
                                                    TlsContext& tls) {
  error_code error;
  impl_->tls = std::make_unique<ssl::stream<tcp::socket&>>(impl_->socket, tls);
  // SNI is for names alone.
  if (!gslb::Address::parse(name)) {
    SSL_set_tlsext_host_name(impl_->tls->native_handle(), name.c_str());
  }
  if (SSL_CTX_get_verify_mode(tls.native_handle()) != SSL_VERIFY_NONE) {
    impl_->tls->set_verify_callback(ssl::host_name_verification(name));
  }
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
