#include "gslb/control/http_server.h"

#include <cstring>
#include <mutex>
#include <thread>

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gslb/base/check.h"
#include "gslb/base/run_io.h"
#include "gslb/control/http_session.h"
#include "gslb/control/tls_context.h"
#include "gslb/fleet/report.h"

namespace gslb::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kAcceptPause{100};
static_assert(kMaxHttpBodyOctets > fleet::kMaxReportOctets);

Endpoint to_own(const tcp::endpoint& from) {
  if (from.address().is_v4()) return {Address::v4(from.address().to_v4().to_uint()), from.port()};
  const auto octets = from.address().to_v6().to_bytes();
  return {Address::from_octets(octets), from.port()};
}

tcp::endpoint to_asio(const Endpoint& from) {
  return {asio::ip::make_address(from.address.to_string()), from.port};
}

}  // namespace

struct HttpServer::Core {
  Core(HttpOptions given, HttpHandler to) : options(std::move(given)), handler(std::move(to)) {}

  asio::awaitable<void> accept_clients();
  Problems listen();
  void begin_drain();

  const HttpOptions options;
  const HttpHandler handler;
  Endpoint bound;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer drain_end{io};
  asio::steady_timer accept_pause{io};
  HttpHost host{options, handler, {}, false, [this] {
                  if (host.draining && host.sessions.empty()) drain_end.cancel();
                }};
  std::thread thread;

  std::mutex mutex;
  std::shared_ptr<asio::ssl::context> tls;  // guarded by mutex; null: plain
};

Problems HttpServer::Core::listen() {
  Problems problems;
  const tcp::endpoint at = to_asio(options.listen);
  error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && options.listen.address.is_v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    const char* hint = error == asio::error::address_in_use  ? "another process listens there"
                       : error == asio::error::access_denied ? "ports below 1024 need privileges"
                       : error == boost::system::errc::address_not_available
                           ? "no interface of this machine has the address"
                           : "";
    problems.error(
        {},
        "can't listen on " + options.listen.to_string() + " for the admin API: " + error.message(),
        hint);
    acceptor.close(error);
    return problems;
  }
  bound = to_own(acceptor.local_endpoint());
  return problems;
}

asio::awaitable<void> HttpServer::Core::accept_clients() {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kResult);
    if (!acceptor.is_open()) break;
    if (error) {
      // Out of descriptors, most likely: without a pause this would spin.
      if (error != asio::error::connection_aborted) {
        accept_pause.expires_after(kAcceptPause);
        co_await accept_pause.async_wait(kResult);
      }
      continue;
    }
    const tcp::endpoint from = socket.remote_endpoint(error);
    if (error || host.sessions.size() >= options.connections) continue;  // closes it
    socket.set_option(tcp::no_delay(true), error);
    std::shared_ptr<asio::ssl::context> context;
    {
      const std::lock_guard lock(mutex);
      context = tls;
    }
    const int fd = socket.release(error);
    if (!error) spawn_http_session(io, fd, to_own(from), std::move(context), host);
  }
}

// On the server's thread.
void HttpServer::Core::begin_drain() {
  host.draining = true;
  error_code ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  const auto waiting = host.sessions;  // a copy: closing may end one
  for (HttpSession* session : waiting) session->finish();
  if (host.sessions.empty()) return;
  drain_end.expires_after(options.drain);
  drain_end.async_wait([this](const error_code& error) {
    if (error) return;  // cancelled: all are done
    const auto late = host.sessions;
    for (HttpSession* session : late) session->abort();
  });
}

HttpServer::HttpServer(HttpOptions options, HttpHandler handler)
    : core_(std::make_unique<Core>(std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() { stop(); }

Problems HttpServer::start() {
  CHECK(!core_->thread.joinable());
  Problems problems = reload_certificate();
  problems.append(core_->listen());
  if (problems.has_errors()) return problems;
  asio::co_spawn(core_->io, core_->accept_clients(), [](std::exception_ptr) {});
  core_->thread = std::thread([core = core_.get()] { run_io(core->io, "http"); });
  ::pthread_setname_np(core_->thread.native_handle(), "admin-http");
  return problems;
}

const Endpoint& HttpServer::endpoint() const noexcept { return core_->bound; }

Problems HttpServer::reload_certificate() {
  Problems problems;
  const HttpOptions& options = core_->options;
  if (options.certificate_path.empty() && options.key_path.empty()) return problems;
  auto fresh = load_tls_context(options.certificate_path, options.key_path, problems);
  if (fresh) {
    const std::lock_guard lock(core_->mutex);
    core_->tls = std::move(fresh);
  }
  return problems;
}

void HttpServer::stop() noexcept {
  if (!core_->thread.joinable()) return;
  asio::post(core_->io, [core = core_.get()] { core->begin_drain(); });
  core_->thread.join();
}

}  // namespace gslb::control
