#include "edge/origin/checker.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/origin/directory.h"
#include "edge/origin/origin_pool.h"
#include "edge/origin/talk.h"

namespace edge::origin {

namespace asio = boost::asio;

struct Checker::Impl {
  explicit Impl(Directory& of) : directory(of) {}

  Awaitable<void> check_forever(std::shared_ptr<Backends> backends, std::size_t server);
  Awaitable<bool> is_well(const config::Origin& origin, std::size_t server);
  double draw() { return std::uniform_real_distribution<double>(0, 1)(random); }

  Directory& directory;
  std::minstd_rand random{std::random_device{}()};  // of the thread
  asio::io_context loop{1};
  std::thread thread;
};

Awaitable<bool> Checker::Impl::is_well(const config::Origin& origin, std::size_t server) {
  const config::HealthCheck& health = *origin.health;
  config::Origin asked = origin;  // patience is the check's
  asked.connect_timeout_ms = health.timeout_ms;
  asked.tls_timeout_ms = health.timeout_ms;
  const std::shared_ptr<TlsContext> tls =
      asked.servers[server].url.tls ? make_tls_context(asked.tls) : nullptr;
  auto connection = std::make_unique<Connection>(loop);
  const Dial dial{loop, directory, asked, server, tls.get()};
  const Exchange::Status connected = co_await connect_to(*connection, dial);
  if (!connected) { co_return false; }
  Patience patience;
  patience.first_byte_ms = health.timeout_ms;
  patience.between_bytes_ms = health.timeout_ms;
  Talk talk(std::move(connection), patience);
  http::RequestHead request;
  request.method = "GET";
  request.target = health.path;
  request.fields.add("Host",
                     health.host.empty() ? asked.servers[server].url.authority() : health.host);
  request.fields.add("User-Agent", "proxima-edge");
  request.fields.add("Connection", "close");
  const std::string text = http::write_request_head(request);
  const Exchange::Status sent = co_await talk.write(text);
  if (!sent) { co_return false; }
  auto head = co_await talk.read_head("GET");
  while (head && head->status < 200) { head = co_await talk.read_head("GET"); }
  co_return head&& std::any_of(health.statuses.begin(), health.statuses.end(),
                               [&](const auto& range) {
                                 return range.first <= head->status && head->status <= range.second;
                               });
}

Awaitable<void> Checker::Impl::check_forever(std::shared_ptr<Backends> backends,
                                             std::size_t server) {
  const auto interval = static_cast<double>(backends->origin().health->interval_ms);
  asio::steady_timer timer(loop);
  double wait_ms = 0;
  while (!backends->retired()) {
    boost::system::error_code ignored;
    timer.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(wait_ms)));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const bool good = co_await is_well(backends->origin(), server);
    backends->checked(server, good);
    wait_ms = interval * (0.9 + 0.2 * draw());
  }
}

Checker::Checker(Directory& directory) : impl_(std::make_unique<Impl>(directory)) {}
Checker::~Checker() { stop(); }

void Checker::add(std::shared_ptr<Backends> backends) {
  if (!backends->origin().health) { return; }
  for (std::size_t i = 0; i < backends->origin().servers.size(); ++i) {
    asio::co_spawn(impl_->loop, impl_->check_forever(backends, i), asio::detached);
  }
  if (impl_->thread.joinable()) { return; }
  impl_->thread = std::thread([impl = impl_.get()] {
    const auto work = asio::make_work_guard(impl->loop);
    impl->loop.run();
  });
}

void Checker::stop() {
  if (!impl_->thread.joinable()) { return; }
  impl_->loop.stop();
  impl_->thread.join();
}

}  // namespace edge::origin
