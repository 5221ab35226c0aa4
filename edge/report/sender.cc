#include "edge/report/sender.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "gslb/base/log.h"
#include "gslb/fleet/report.h"

namespace edge::report {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

}  // namespace

struct Sender::Impl : std::enable_shared_from_this<Sender::Impl> {
  Impl(asio::io_context& io, config::ConfigRef from, config::Url to, TakeOrders take)
      : loop(io),
        held(std::move(from)),
        config(*held),
        url(std::move(to)),
        take_orders(std::move(take)),
        wake(io, asio::steady_timer::time_point::max()),
        tls_context(asio::ssl::context::tls_client) {
    // Below two intervals, so that a stuck endpoint costs one heartbeat and not two.
    timeout = std::chrono::milliseconds(config.report.interval_ms * 3 / 2);
    error_code ignored;
    tls_context.set_verify_mode(asio::ssl::verify_peer);
    if (config.report.ca_file.empty()) {
      tls_context.set_default_verify_paths(ignored);
    } else {
      tls_context.load_verify_file(config.report.ca_file, ignored);
    }
  }

  asio::awaitable<void> run();
  asio::awaitable<bool> deliver(std::shared_ptr<const Outgoing> heartbeat);
  asio::awaitable<error_code> connect();
  asio::awaitable<error_code> exchange(http::request<http::string_body>& request,
                                       http::response<http::string_body>& response);
  http::request<http::string_body> sign(const Outgoing& heartbeat) const;
  void read_orders(const http::request<http::string_body>& request,
                   const http::response<http::string_body>& response) const;
  void record(bool delivered, const std::string& why);
  beast::tcp_stream& tcp_layer() { return tls ? beast::get_lowest_layer(*tls) : *plain; }
  void disconnect() {
    plain.reset();
    tls.reset();
  }

  asio::io_context& loop;
  const config::ConfigRef held;
  const config::Config& config;
  config::Url url;
  TakeOrders take_orders;
  asio::steady_timer wake;
  asio::ssl::context tls_context;
  std::chrono::milliseconds timeout{};
  std::unique_ptr<beast::tcp_stream> plain;  // at most one of these two
  std::unique_ptr<TlsStream> tls;
  std::shared_ptr<const Outgoing> newest;
  bool finishing = false;
  bool finished = false;
  bool healthy = true;  // log changes, not every failure
  std::string failure;
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> failed{0};
};

asio::awaitable<void> Sender::Impl::run() {
  const auto self = shared_from_this();
  while (true) {
    if (!newest) {
      if (finishing) { break; }
      wake.expires_at(asio::steady_timer::time_point::max());
      error_code ignored;
      co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    const std::shared_ptr<const Outgoing> heartbeat = std::exchange(newest, nullptr);
    const bool was_connected = plain != nullptr || tls != nullptr;
    bool delivered = co_await deliver(heartbeat);
    // The endpoint may have closed the idle connection: once more on a new one.
    if (!delivered && was_connected && !newest) { delivered = co_await deliver(heartbeat); }
    record(delivered, failure);
  }
  finished = true;
}

asio::awaitable<bool> Sender::Impl::deliver(std::shared_ptr<const Outgoing> heartbeat) {
  error_code error;
  if (!plain && !tls) { error = co_await connect(); }
  if (error) {
    failure = error.message();
    disconnect();
    co_return false;
  }
  http::request<http::string_body> request = sign(*heartbeat);
  http::response<http::string_body> response;
  error = co_await exchange(request, response);
  if (error) {
    failure = error.message();
    disconnect();
    co_return false;
  }
  if (!response.keep_alive()) { disconnect(); }
  failure = "status " + std::to_string(response.result_int());
  read_orders(request, response);
  co_return response.result_int() / 100 == 2;
}

// An unsigned or stale reply orders nothing: whoever sits between could make this edge probe
// anybody, or forget what it has.
void Sender::Impl::read_orders(const http::request<http::string_body>& request,
                               const http::response<http::string_body>& response) const {
  if (response.result_int() != 200 || response.body().empty()) { return; }
  namespace fleet = gslb::fleet;
  const auto field = [](const auto& message, std::string_view name) {
    const beast::string_view value = message[beast::string_view(name.data(), name.size())];
    return std::string_view(value.data(), value.size());
  };
  const bool is_signed =
      fleet::verify_orders(config.edge.key, field(request, fleet::kTimeHeader), response.body(),
                           field(response, fleet::kSignatureHeader));
  const auto orders = fleet::parse_orders(response.body());
  if (is_signed && orders) { return take_orders(*orders); }
  gslb::log_warning("report", "orders were refused",
                    {{"gslb", url.to_string()},
                     {"why", is_signed ? fleet::describe(orders.error()) : "wrong signature"}});
}

asio::awaitable<error_code> Sender::Impl::connect() {
  error_code error;
  tcp::resolver resolver(loop);
  const std::string service = std::to_string(url.port);
  const auto found = co_await resolver.async_resolve(
      url.host, service, asio::redirect_error(asio::use_awaitable, error));
  if (error) { co_return error; }
  if (url.tls) {
    tls = std::make_unique<TlsStream>(loop, tls_context);
    SSL_set_tlsext_host_name(tls->native_handle(), url.host.c_str());
    tls->set_verify_callback(asio::ssl::host_name_verification(url.host));
  } else {
    plain = std::make_unique<beast::tcp_stream>(loop);
  }
  tcp_layer().expires_after(timeout);
  co_await tcp_layer().async_connect(found, asio::redirect_error(asio::use_awaitable, error));
  if (error) { co_return error; }
  error_code ignored;
  tcp_layer().socket().set_option(tcp::no_delay(true), ignored);
  if (tls) {
    co_await tls->async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error;
}

asio::awaitable<error_code> Sender::Impl::exchange(http::request<http::string_body>& request,
                                                   http::response<http::string_body>& response) {
  error_code error;
  beast::flat_buffer buffer(64 * 1024);
  tcp_layer().expires_after(timeout);
  if (tls) {
    co_await http::async_write(*tls, request, asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await http::async_write(*plain, request, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) { co_return error; }
  if (tls) {
    co_await http::async_read(*tls, buffer, response,
                              asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await http::async_read(*plain, buffer, response,
                              asio::redirect_error(asio::use_awaitable, error));
  }
  tcp_layer().expires_never();
  co_return error;
}

// Signed when sent, not when made: a retry must not look replayed or skewed.
http::request<http::string_body> Sender::Impl::sign(const Outgoing& heartbeat) const {
  namespace fleet = gslb::fleet;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string time_ms =
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const auto text = [](std::string_view view) {
    return beast::string_view(view.data(), view.size());
  };
  http::request<http::string_body> request(http::verb::post, text(fleet::kReportPath), 11);
  request.set(http::field::host, url.authority());
  request.set(http::field::content_type, "application/json");
  request.set(text(fleet::kTimeHeader), time_ms);
  request.set(text(fleet::kClusterHeader), config.edge.cluster);
  request.set(text(fleet::kSignatureHeader),
              fleet::sign_report(config.edge.key, time_ms, heartbeat.body));
  request.body() = heartbeat.body;
  request.prepare_payload();
  return request;
}

void Sender::Impl::record(bool delivered, const std::string& why) {
  (delivered ? sent : failed).fetch_add(1, std::memory_order_relaxed);
  if (delivered && !healthy) {
    gslb::log_info("report", "heartbeats are accepted again", {{"gslb", url.to_string()}});
  } else if (!delivered && healthy) {
    gslb::log_warning("report", "a heartbeat was not accepted",
                      {{"gslb", url.to_string()}, {"why", why}});
  }
  healthy = delivered;
}

Sender::Sender(asio::io_context& loop, config::ConfigRef config, config::Url url,
               TakeOrders take_orders)
    : impl_(std::make_shared<Impl>(loop, std::move(config), std::move(url),
                                   std::move(take_orders))) {}
Sender::~Sender() = default;

void Sender::start() { asio::co_spawn(impl_->loop, impl_->run(), asio::detached); }

void Sender::submit(std::shared_ptr<const Outgoing> heartbeat) {
  impl_->newest = std::move(heartbeat);
  impl_->wake.cancel();
}

void Sender::finish() {
  impl_->finishing = true;
  impl_->wake.cancel();
}

bool Sender::finished() const noexcept { return impl_->finished; }

const config::Url& Sender::url() const noexcept { return impl_->url; }
std::uint64_t Sender::sent() const noexcept { return impl_->sent; }
std::uint64_t Sender::failed() const noexcept { return impl_->failed; }

}  // namespace edge::report
