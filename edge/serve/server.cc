#include "edge/serve/server.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>
#include <sched.h>

#include "edge/report/exposition.h"
#include "edge/serve/connection.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using gslb::fleet::NodeState;

constexpr unsigned kMaxShards = 16;

// A thread with its loop, listeners and connections.
class WorkerThread {
 public:
  explicit WorkerThread(Shared& shared) : shared_(shared) {}

  // One listener per address; a port 0 in `listen` is replaced by the port that was got.
  bool open(std::vector<gslb::Endpoint>& listen, std::string* error);
  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  void stop_accepting() {
    asio::post(loop_, [this] {
      error_code ignored;
      for (auto& acceptor : acceptors_) { acceptor->close(ignored); }
    });
  }
  void end_idle_connections() {
    asio::post(loop_, [this] {
      for (ConnectionHandle* connection : open_) { connection->end_if_idle(); }
    });
  }
  void stop() {
    if (!thread_.joinable()) { return; }
    loop_.stop();
    thread_.join();
  }
  const report::WorkerCounters& counters() const noexcept { return counters_; }

 private:
  asio::awaitable<void> accept(tcp::acceptor& acceptor);
  void take(tcp::socket socket, const tcp::endpoint& from);

  // The loop destroys suspended coroutines, so what they refer to stands before it.
  Shared& shared_;
  report::WorkerCounters counters_;
  ConnectionSet open_;
  Worker worker_{shared_, loop_, origin_, counters_};
  asio::io_context loop_{1};
  origin::Client origin_{loop_};
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;
  std::thread thread_;
};

bool WorkerThread::open(std::vector<gslb::Endpoint>& listen, std::string* error) {
  for (gslb::Endpoint& wanted : listen) {
    error_code code;
    const auto address = asio::ip::make_address(wanted.address.to_string(), code);
    const tcp::endpoint endpoint(address, wanted.port);
    auto acceptor = std::make_unique<tcp::acceptor>(loop_);
    acceptor->open(endpoint.protocol(), code);
    const int on = 1;
    setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    // Each worker has its own queue; the kernel spreads connections by their hash.
    setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (endpoint.address().is_v6()) { acceptor->set_option(asio::ip::v6_only(true), code); }
    acceptor->bind(endpoint, code);
    if (!code) { acceptor->listen(asio::socket_base::max_listen_connections, code); }
    if (code) {
      *error = wanted.to_string() + ": " + code.message();
      return false;
    }
    wanted.port = acceptor->local_endpoint(code).port();
    asio::co_spawn(loop_, accept(*acceptor), asio::detached);
    acceptors_.push_back(std::move(acceptor));
  }
  return true;
}

asio::awaitable<void> WorkerThread::accept(tcp::acceptor& acceptor) {
  while (true) {
    error_code error;
    tcp::endpoint from;
    tcp::socket socket =
        co_await acceptor.async_accept(from, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || !acceptor.is_open()) { co_return; }
    if (!error) {
      take(std::move(socket), from);
      continue;
    }
    // Out of descriptors or memory: wait for some to come back instead of spinning.
    asio::steady_timer pause(loop_, std::chrono::milliseconds(50));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

void WorkerThread::take(tcp::socket socket, const tcp::endpoint& from) {
  if (shared_.connections.load(std::memory_order_relaxed) >= shared_.config.limits.connections) {
    counters_.connections_refused.add();
    return;
  }
  gslb::Address peer;
  if (from.address().is_v6()) {
    const auto octets = from.address().to_v6().to_bytes();
    peer = gslb::Address::from_octets({octets.data(), octets.size()});
  } else {
    peer = gslb::Address::v4(from.address().to_v4().to_uint());
  }
  error_code error;
  const int descriptor = socket.release(error);
  if (!error) { serve_connection(worker_, open_, descriptor, peer); }
}

// As many shards as let each hold some of the largest objects.
std::size_t shards_for(const config::Cache& cache) {
  const std::uint64_t shards = cache.memory_octets / (4 * cache.max_object_octets);
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(shards, 1, kMaxShards));
}

unsigned worker_count(const config::Config& config) {
  if (config.edge.workers > 0) { return config.edge.workers; }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) { return 1; }
  return std::max(1U, static_cast<unsigned>(CPU_COUNT(&allowed)));
}

// The soft limit on descriptors is often 1024; the hard one is what the operator allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) { return; }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Server {
 public:
  explicit Server(const config::Config& config)
      : config_(config),
        shared_{config,
                config.edge.cluster + '-' + config.edge.node,
                cache::Store(config.cache.memory_octets, shards_for(config.cache)),
                {},
                {},
                {}} {}

  int run(const sigset_t& signals);

 private:
  bool start();
  void drain(const sigset_t& signals);
  bool signalled_within(const sigset_t& signals, std::int64_t ms) const;

  const config::Config& config_;
  Shared shared_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<report::Reporter> reporter_;
};

bool Server::start() {
  report::Sources sources;
  std::vector<gslb::Endpoint> listen = config_.edge.listen;
  std::string error;
  for (unsigned i = 0; i < worker_count(config_); ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(shared_));
    sources.workers.push_back(&workers_.back()->counters());
    if (!workers_.back()->open(listen, &error)) {
      gslb::log_error("serve", "can't listen", {{"why", error}});
      return false;
    }
  }
  sources.store = [this] {
    const cache::Store::Stats stats = shared_.store.stats();
    return report::StoreFigures{stats.octets, stats.budget_octets, stats.objects, stats.evictions};
  };
  sources.rtt = &shared_.rtt;
  sources.beacons = &shared_.beacons;
  reporter_ = std::make_unique<report::Reporter>(config_, std::move(sources));
  shared_.reporter = reporter_.get();
  for (auto& worker : workers_) { worker->start(); }
  // The first heartbeat says "up": it may go out only now that clients can be served.
  if (!reporter_->start(&error)) {
    gslb::log_error("report", "can't listen", {{"why", error}});
    return false;
  }
  for (const gslb::Endpoint& endpoint : listen) {
    gslb::log_info("serve", "listening", {{"address", endpoint.to_string()}});
  }
  gslb::log_info("serve", "ready",
                 {{"version", report::version()},
                  {"cluster", config_.edge.cluster},
                  {"node", config_.edge.node},
                  {"workers", workers_.size()}});
  return true;
}

bool Server::signalled_within(const sigset_t& signals, std::int64_t ms) const {
  const timespec wait{ms / 1000, (ms % 1000) * 1'000'000};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

// The GSLB learns first; then new clients stop coming, and only then is the door closed.  A second
// signal skips what is left.
void Server::drain(const sigset_t& signals) {
  using Clock = std::chrono::steady_clock;
  gslb::log_info("serve", "draining", {{"connections", shared_.connections.load()}});
  reporter_->set_state(NodeState::kDraining, "stopping");
  if (signalled_within(signals, config_.limits.drain_grace_ms)) { return; }
  shared_.stopping = true;
  for (auto& worker : workers_) { worker->stop_accepting(); }
  const auto deadline = Clock::now() + std::chrono::milliseconds(config_.limits.drain_timeout_ms);
  while (shared_.connections.load() > 0 && Clock::now() < deadline) {
    for (auto& worker : workers_) { worker->end_idle_connections(); }
    if (signalled_within(signals, 20)) { return; }
  }
  if (const std::int64_t left = shared_.connections.load(); left > 0) {
    gslb::log_warning("serve", "cutting connections that did not end", {{"connections", left}});
  }
}

int Server::run(const sigset_t& signals) {
  const bool started = start();
  if (started) {
    int signal = 0;
    sigwait(&signals, &signal);
    drain(signals);
  }
  for (auto& worker : workers_) { worker->stop(); }
  shared_.halted = true;
  if (reporter_) { reporter_->stop(); }
  // Suspended requests refer to the reporter through shared_, so they go first.
  workers_.clear();
  if (started) { gslb::log_info("serve", "stopped"); }
  return started ? 0 : 1;
}

}  // namespace

int run_server(const config::Config& config) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Threads inherit the mask: only this thread takes the signals, by asking for them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);  // there is no reload yet, and a service manager's must not kill
  raise_descriptor_limit();
  Server server(config);
  return server.run(signals);
}

}  // namespace edge::serve
