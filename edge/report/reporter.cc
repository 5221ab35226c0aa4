#include "edge/report/reporter.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/report/admin_listener.h"
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
using boost::system::error_code;
using gslb::fleet::NodeState;

constexpr auto kMaxWindDown = std::chrono::seconds(1);

}  // namespace

struct Reporter::Impl {
  Impl(config::ConfigRef from, Sources with)
      : config(std::move(from)),
        sources(std::move(with)),
        tick(loop),
        admin(loop, config, admin_sources()) {
    make_senders();
    start_ms = milliseconds_since_1970();
  }

  AdminSources admin_sources();
  void make_senders();
  void renew(config::ConfigRef next);
  asio::awaitable<void> beat();
  asio::awaitable<void> wind_down();
  void take(const std::string& gslb, const gslb::fleet::OrderPage& page);
  void change_state(NodeState wanted);
  void send_now();
  Figures figures() const;
  gslb::fleet::NodeFigures own_figures(gslb::MonoTime now);

  config::ConfigRef config;
  Sources sources;
  asio::io_context loop{1};
  asio::steady_timer tick;
  AdminListener admin;
  std::shared_ptr<Prober> prober;
  std::vector<std::unique_ptr<Sender>> senders;
  std::thread thread;
  LoadMeter meter;
  Totals told;  // in the last heartbeat
  HostMeter hosts;
  gslb::MonoTime told_at = std::chrono::steady_clock::now();
  std::uint64_t start_ms = 0;
  std::uint64_t sequence = 0;
  bool stopping = false;
  std::string reason;  // loop only
  std::atomic<NodeState> state{NodeState::kUp};
};

AdminSources Reporter::Impl::admin_sources() {
  return {[this] { return figures(); }, [this]() -> NodeState { return state; },
          [this](NodeState wanted) { change_state(wanted); }, sources.reload, sources.admin};
}

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
  admin.renew(config);
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
  figures.origins = sources.origins();
  figures.state = state;
  figures.start_time_s = static_cast<double>(start_ms) / 1000;
  return figures;
}

void Reporter::Impl::change_state(NodeState wanted) {
  state = wanted;
  reason = wanted == NodeState::kUp ? "" : "operator";
  gslb::log_info("report", "state set by an operator", {{"state", state_name(wanted)}});
  send_now();
}

Reporter::Reporter(config::ConfigRef config, Sources sources)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sources))) {}

Reporter::~Reporter() { stop(); }

bool Reporter::start(std::string* error) {
  if (!impl_->admin.open(error)) { return false; }
  for (const auto& sender : impl_->senders) { sender->start(); }
  impl_->prober->start();
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
    impl->admin.close();
    for (const auto& sender : impl->senders) { sender->finish(); }
    asio::co_spawn(impl->loop, impl->wind_down(), asio::detached);
  });
  impl_->thread.join();
  impl_->prober->stop();
}

}  // namespace edge::report
