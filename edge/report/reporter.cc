#include "edge/report/reporter.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
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
#include "edge/report/exposition.h"
#include "edge/report/host_use.h"
#include "edge/report/load.h"
#include "edge/report/prober.h"
#include "edge/report/sender.h"
#include "edge/report/wall_ms.h"
#include "gslb/base/log.h"

namespace edge::report {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using gslb::fleet::NodeState;

constexpr auto kAdminTimeout = std::chrono::seconds(10);
constexpr auto kMaxWindDown = std::chrono::seconds(1);
constexpr std::size_t kMaxAdminClients = 64;
constexpr auto kAdminPutTimeout = std::chrono::minutes(2);
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

struct Reporter::Impl {
  Impl(config::ConfigRef from, Sources with)
      : config(std::move(from)), sources(std::move(with)), tick(loop), acceptor(loop) {
    make_senders();
    start_ms = milliseconds_since_1970();
  }

  void make_senders();
  void renew(config::ConfigRef next);
  asio::awaitable<void> beat();
  asio::awaitable<void> wind_down();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);
  http::response<http::string_body> answer(const http::request<http::string_body>& request);
  void take(const std::string& gslb, const gslb::fleet::OrderPage& page);
  template <typename Request>
  bool may_change(const Request& request) const;
  void reload(http::response<http::string_body>& response);
  void change_state(const http::request<http::string_body>& request,
                    http::response<http::string_body>& response);
  void send_now();
  Figures figures() const;
  gslb::fleet::NodeFigures own_figures(gslb::MonoTime now);

  config::ConfigRef config;
  Sources sources;
  asio::io_context loop{1};
  asio::steady_timer tick;
  tcp::acceptor acceptor;
  std::shared_ptr<Prober> prober;
  std::vector<std::unique_ptr<Sender>> senders;
  std::thread thread;
  LoadMeter meter;
  Totals told;  // in the last heartbeat
  HostMeter hosts;
  gslb::MonoTime told_at = std::chrono::steady_clock::now();
  std::uint64_t start_ms = 0;
  std::uint64_t sequence = 0;
  std::size_t admin_clients = 0;
  bool stopping = false;
  std::string reason;  // loop only
  std::atomic<NodeState> state{NodeState::kUp};
};

void Reporter::Impl::make_senders() {
  prober = std::make_shared<Prober>(config->probe, config->report.gslb.size());
  for (std::size_t i = 0; i < config->report.gslb.size(); ++i) {
    const config::Url& url = config->report.gslb[i];
    senders.push_back(std::make_unique<Sender>(
        loop, config, url,
        [this, to = prober, i, name = url.to_string()](const gslb::fleet::Orders& orders) {
          to->submit(i, orders.probes);
          if (orders.page) { take(name, *orders.page); }
        }));
  }
}

void Reporter::Impl::renew(config::ConfigRef next) {
  const config::ConfigRef before = std::exchange(config, std::move(next));
  const bool same = before->report.gslb == config->report.gslb &&
                    before->report.ca_file == config->report.ca_file &&
                    before->report.interval_ms == config->report.interval_ms &&
                    before->edge.key == config->edge.key && before->probe == config->probe;
  if (same || stopping) { return; }
  // Each ends after the heartbeat in hand, by itself.
  for (const auto& sender : senders) { sender->finish(); }
  senders.clear();
  prober->stop();
  make_senders();
  for (const auto& sender : senders) { sender->start(); }
  prober->start();
}

// The GSLB hears at once that they hold, and says what follows.
void Reporter::Impl::take(const std::string& gslb, const gslb::fleet::OrderPage& page) {
  sources.take_orders(gslb, page, [this](bool kept) {
    if (!kept) { return; }
    asio::post(loop, [this] {
      if (!stopping) { send_now(); }
    });
  });
}

void Reporter::Impl::send_now() {
  gslb::fleet::Report report;
  report.cluster = config->edge.cluster;
  report.node = config->edge.node;
  report.incarnation = start_ms;
  report.sequence = ++sequence;
  report.state = state;
  report.reason = reason;
  report.interval_ms = static_cast<std::uint32_t>(config->report.interval_ms);
  const Totals totals = sum(sources.workers);
  const auto now = std::chrono::steady_clock::now();
  const LoadMeter::Load load = meter.observe(totals, now);
  report.load = resource_loads(load, config->report.capacity);
  report.cache = cache_use(std::exchange(told, totals), totals);
  report.figures = own_figures(now);
  report.rtt = sources.rtt->drain();
  report.beacons = sources.beacons->drain();
  report.probe_room = static_cast<std::uint32_t>(prober->room());
  for (std::size_t i = 0; i < senders.size(); ++i) {
    report.probes = prober->take(i);
    report.orders = sources.orders_seen(senders[i]->url().to_string());
    senders[i]->submit(
        std::make_shared<const Outgoing>(Outgoing{gslb::fleet::write_report(report)}));
  }
}

gslb::fleet::NodeFigures Reporter::Impl::own_figures(gslb::MonoTime now) {
  gslb::fleet::NodeFigures own;
  own.span_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now - told_at).count());
  told_at = now;
  own.hosts = hosts.take(host_use(sources.workers));
  own.store = store_use(sources.store());
  if (sources.conditions) { own.conditions = sources.conditions(); }
  if (sources.siblings) { own.siblings = sources.siblings(); }
  return own;
}

asio::awaitable<void> Reporter::Impl::beat() {
  tick.expires_after(std::chrono::milliseconds(0));
  while (!stopping) {
    error_code ignored;
    co_await tick.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (stopping) { co_return; }
    send_now();
    // From the last deadline, not from now: the rhythm must not drift.  After a stall the missed
    // ones are skipped.
    const std::chrono::milliseconds interval(config->report.interval_ms);
    const auto now = std::chrono::steady_clock::now();
    auto next = tick.expiry() + interval;
    if (next <= now) { next = now + interval; }
    tick.expires_at(next);
  }
}

// Idle admin clients and dead endpoints don't hold the exit up for long.
asio::awaitable<void> Reporter::Impl::wind_down() {
  asio::steady_timer pause(loop);
  const auto deadline = std::chrono::steady_clock::now() + kMaxWindDown;
  const auto busy = [this] {
    return std::any_of(senders.begin(), senders.end(),
                       [](const auto& sender) { return !sender->finished(); });
  };
  while (busy() && std::chrono::steady_clock::now() < deadline) {
    error_code ignored;
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  loop.stop();
}

Figures Reporter::Impl::figures() const {
  Figures figures;
  figures.workers = sources.workers;
  figures.store = sources.store();
  for (const auto& sender : senders) {
    figures.gslbs.push_back({sender->url().to_string(), sender->sent(), sender->failed()});
  }
  figures.probes = prober->figures();
  figures.beacons = sources.beacons->seen();
  figures.reloads = sources.reloads();
  figures.certificates = sources.certificates();
  figures.access_log = sources.access_log();
  figures.peers = sources.peers();
  figures.load = sources.load();
  if (sources.conditions) { figures.conditions = sources.conditions(); }
  figures.purges = sources.purges();
  figures.state = state;
  figures.start_time_s = static_cast<double>(start_ms) / 1000;
  return figures;
}

asio::awaitable<void> Reporter::Impl::accept() {
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
    if (admin_clients < kMaxAdminClients) {
      asio::co_spawn(loop, serve(std::move(socket)), asio::detached);
    }
  }
}

asio::awaitable<void> Reporter::Impl::serve(tcp::socket socket) {
  ++admin_clients;
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
      const auto answer = co_await ask(loop, sources.admin, request);
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
  --admin_clients;
}

http::response<http::string_body> Reporter::Impl::answer(
    const http::request<http::string_body>& request) {
  http::response<http::string_body> response(http::status::ok, request.version());
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  const auto target = request.target().substr(0, request.target().find('?'));
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  const bool orders = !reads;
  const bool posts = request.method() == http::verb::post;
  if (target == "/metrics" && reads) {
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = write_metrics(figures());
  } else if (target == "/healthz" && reads) {
    if (state != NodeState::kUp) { response.result(http::status::service_unavailable); }
    response.body() = std::string(state_name(state)) + "\n";
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
        "GET /metrics, GET /healthz, POST /v1/state?state=up|draining|down, POST /v1/reload, "
        "POST /v1/purge, GET, POST, DELETE /v1/prefetch and /v1/pins, "
        "PUT /v1/objects?url=\n";
  }
  return response;
}

template <typename Request>
bool Reporter::Impl::may_change(const Request& request) const {
  const auto authorization = request[http::field::authorization];
  return is_authorised({authorization.data(), authorization.size()}, config->edge.admin_token);
}

void Reporter::Impl::reload(http::response<http::string_body>& response) {
  const bool done = sources.reload(response.body());
  if (!done) { response.result(http::status::unprocessable_entity); }
}

void Reporter::Impl::change_state(const http::request<http::string_body>& request,
                                  http::response<http::string_body>& response) {
  const std::string target(request.target());
  constexpr std::array<NodeState, 3> kStates = {NodeState::kUp, NodeState::kDraining,
                                                NodeState::kDown};
  for (const NodeState wanted : kStates) {
    if (!target.ends_with("?state=" + std::string(state_name(wanted)))) { continue; }
    state = wanted;
    reason = wanted == NodeState::kUp ? "" : "operator";
    gslb::log_info("report", "state set by an operator", {{"state", state_name(wanted)}});
    send_now();
    response.body() = std::string(state_name(wanted)) + "\n";
    return;
  }
  response.result(http::status::bad_request);
  response.body() = "state must be up, draining or down\n";
}

Reporter::Reporter(config::ConfigRef config, Sources sources)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sources))) {}

Reporter::~Reporter() { stop(); }

bool Reporter::start(std::string* error) {
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
  for (const auto& sender : impl_->senders) { sender->start(); }
  impl_->prober->start();
  asio::co_spawn(impl_->loop, impl_->accept(), asio::detached);
  asio::co_spawn(impl_->loop, impl_->beat(), asio::detached);
  impl_->thread = std::thread([impl = impl_.get()] { impl->loop.run(); });
  return true;
}

void Reporter::renew(config::ConfigRef config) {
  asio::post(impl_->loop, [impl = impl_.get(), config = std::move(config)]() mutable {
    impl->renew(std::move(config));
  });
}

void Reporter::set_state(NodeState state, const std::string& reason) {
  impl_->state = state;
  asio::post(impl_->loop, [impl = impl_.get(), reason] {
    impl->reason = reason;
    impl->send_now();
  });
}

Reporter::NodeState Reporter::state() const noexcept { return impl_->state; }

void Reporter::stop() {
  if (!impl_->thread.joinable()) { return; }
  asio::post(impl_->loop, [impl = impl_.get()] {
    impl->stopping = true;
    impl->tick.cancel();
    error_code ignored;
    impl->acceptor.close(ignored);
    for (const auto& sender : impl->senders) { sender->finish(); }
    asio::co_spawn(impl->loop, impl->wind_down(), asio::detached);
  });
  impl_->thread.join();
  impl_->prober->stop();
}

}  // namespace edge::report
