#include "edge/report/admin_listener.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "edge/report/admin_wait.h"
#include "edge/report/state_json.h"

namespace edge::report {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using gslb::fleet::NodeState;

constexpr auto kAdminTimeout = std::chrono::seconds(10);
constexpr auto kAdminPutTimeout = std::chrono::minutes(2);
constexpr std::size_t kMaxAdminClients = 64;
constexpr std::uint64_t kMaxAdminBody = 1 << 20;  // of who may change something

AdminRequest admin_request(const http::request<http::string_body>& request) {
  const auto text = [](beast::string_view view) { return std::string(view.data(), view.size()); };
  const std::string target = text(request.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  AdminRequest asked;
  asked.method = text(request.method_string());
  asked.path = target.substr(0, mark);
  asked.query = target.substr(std::min(mark + 1, target.size()));
  for (const auto& field : request) {
    asked.fields.emplace_back(text(field.name_string()), text(field.value()));
  }
  asked.body = request.body();
  return asked;
}

}  // namespace

struct AdminListener::Impl {
  Impl(asio::io_context& on, config::ConfigRef from, AdminSources with)
      : loop(on), config(std::move(from)), sources(std::move(with)), acceptor(on) {}

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);
  http::response<http::string_body> answer(const http::request<http::string_body>& request);
  template <typename Request>
  bool may_change(const Request& request) const;
  void reload(http::response<http::string_body>& response);
  void change_state(const http::request<http::string_body>& request,
                    http::response<http::string_body>& response);

  asio::io_context& loop;
  config::ConfigRef config;
  const AdminSources sources;
  tcp::acceptor acceptor;
  std::size_t clients = 0;
  bool stopping = false;
};

asio::awaitable<void> AdminListener::Impl::accept() {
  while (!stopping) {
    error_code error;
    tcp::socket socket =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopping || error == asio::error::operation_aborted) { co_return; }
    if (error) {
      // Out of descriptors: wait for some to come back instead of spinning.
      asio::steady_timer pause(loop, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (clients < kMaxAdminClients) {
      asio::co_spawn(loop, serve(std::move(socket)), asio::detached);
    }
  }
}

asio::awaitable<void> AdminListener::Impl::serve(tcp::socket socket) {
  ++clients;
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer(16 * 1024);
  while (!stopping) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(std::max(kMaxAdminBody, config->cache.max_object_octets));
    parser.header_limit(8192);
    error_code error;
    stream.expires_after(kAdminTimeout);
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    const bool puts = parser.get().method() == http::verb::put;
    const std::uint64_t limit = !may_change(parser.get()) ? 4096
                                : puts                    ? config->cache.max_object_octets
                                                          : kMaxAdminBody;
    if (error || parser.content_length().value_or(0) > limit) { break; }
    parser.body_limit(limit);
    if (puts) { stream.expires_after(kAdminPutTimeout); }
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) { break; }
    http::response<http::string_body> response = answer(parser.get());
    if (response.result() == http::status::not_found) {
      const AdminRequest request = admin_request(parser.get());
      const auto answer = co_await ask(loop, sources.others, request);
      if (answer) {
        response.result(answer->status);
        response.set(http::field::content_type, "application/json");
        response.body() = answer->body;
      }
      stream.expires_after(kAdminTimeout);
    }
    response.keep_alive(parser.get().keep_alive());
    response.prepare_payload();
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
    if (error || !response.keep_alive()) { break; }
  }
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  --clients;
}

http::response<http::string_body> AdminListener::Impl::answer(
    const http::request<http::string_body>& request) {
  http::response<http::string_body> response(http::status::ok, request.version());
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  const auto target = request.target().substr(0, request.target().find('?'));
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  const bool orders = !reads;
  const bool posts = request.method() == http::verb::post;
  if (target == "/metrics" && reads) {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = write_metrics(sources.figures());
  } else if (target == "/healthz" && reads) {
    const NodeState state = sources.state();
    if (state != NodeState::kUp) { response.result(http::status::service_unavailable); }
    response.body() = std::string(state_name(state)) + "\n";
  } else if (target == "/v1/state" && reads) {
    response.set(http::field::content_type, "application/json");
    response.body() = write_state(sources.figures());
  } else if (orders && !may_change(request)) {
    response.result(http::status::unauthorized);
    response.set(http::field::www_authenticate, "Bearer");
  } else if (posts && target == "/v1/state") {
    change_state(request, response);
  } else if (posts && target == "/v1/reload") {
    reload(response);
  } else {
    response.result(http::status::not_found);
    response.body() =
        "GET /metrics, GET /healthz, GET /v1/state, POST /v1/state?state=up|draining|down, "
        "POST /v1/reload, POST /v1/purge, GET, POST, DELETE /v1/prefetch and /v1/pins, "
        "PUT /v1/objects?url=\n";
  }
  return response;
}

template <typename Request>
bool AdminListener::Impl::may_change(const Request& request) const {
  const auto authorization = request[http::field::authorization];
  return is_authorised({authorization.data(), authorization.size()}, config->edge.admin_token);
}

void AdminListener::Impl::reload(http::response<http::string_body>& response) {
  const bool done = sources.reload(response.body());
  if (!done) { response.result(http::status::unprocessable_entity); }
}

void AdminListener::Impl::change_state(const http::request<http::string_body>& request,
                                       http::response<http::string_body>& response) {
  const std::string target(request.target());
  constexpr std::array<NodeState, 3> kStates = {NodeState::kUp, NodeState::kDraining,
                                                NodeState::kDown};
  for (const NodeState wanted : kStates) {
    if (!target.ends_with("?state=" + std::string(state_name(wanted)))) { continue; }
    sources.change_state(wanted);
    response.body() = std::string(state_name(wanted)) + "\n";
    return;
  }
  response.result(http::status::bad_request);
  response.body() = "state must be up, draining or down\n";
}

AdminListener::AdminListener(asio::io_context& loop, config::ConfigRef config, AdminSources sources)
    : impl_(std::make_unique<Impl>(loop, std::move(config), std::move(sources))) {}

AdminListener::~AdminListener() = default;

bool AdminListener::open(std::string* error) {
  const gslb::Endpoint& admin = impl_->config->edge.admin;
  error_code code;
  const tcp::endpoint endpoint(asio::ip::make_address(admin.address.to_string(), code), admin.port);
  impl_->acceptor.open(endpoint.protocol(), code);
  if (!code) { impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), code); }
  if (!code) { impl_->acceptor.bind(endpoint, code); }
  if (!code) { impl_->acceptor.listen(asio::socket_base::max_listen_connections, code); }
  if (code) {
    *error = "admin " + admin.to_string() + ": " + code.message();
    return false;
  }
  asio::co_spawn(impl_->loop, impl_->accept(), asio::detached);
  return true;
}

void AdminListener::renew(config::ConfigRef config) { impl_->config = std::move(config); }

void AdminListener::close() {
  impl_->stopping = true;
  error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace edge::report
