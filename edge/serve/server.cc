#include "edge/serve/server.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include <pthread.h>

#include "edge/report/exposition.h"
#include "edge/report/load.h"
#include "edge/serve/access_log.h"
#include "edge/serve/complaints.h"
#include "edge/serve/guard.h"
#include "edge/serve/listener.h"
#include "edge/serve/origin_figures.h"
#include "edge/serve/peer_watch.h"
#include "edge/serve/purging.h"
#include "edge/serve/startup.h"
#include "edge/serve/tls_server.h"
#include "edge/serve/worker_thread.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

using gslb::fleet::NodeState;

void log_as(const config::Log& log) {
  gslb::LogLevel level = gslb::LogLevel::kInfo;
  gslb::parse_log_level(log.level, &level);
  gslb::log_configure(level,
                      log.format == "json" ? gslb::LogFormat::kJson : gslb::LogFormat::kText);
}

// What was set up once and stays as it is until the process ends.
void warn_of_fixed(const config::Config& before, const config::Config& now,
                   gslb::Problems& problems) {
  const auto warn = [&](bool changed, const char* what) {
    if (changed) {
      problems.warning({}, std::string(what) + " is another now",
                       "it takes effect at the next start");
    }
  };
  warn(before.edge.cluster != now.edge.cluster || before.edge.node != now.edge.node,
       "cluster or node of [edge]");
  warn(before.edge.admin != now.edge.admin, "admin of [edge]");
  warn(before.edge.workers != now.edge.workers, "workers of [edge]");
  warn(before.cache.size_exponent != now.cache.size_exponent, "favour of [cache]");
  warn(before.cache.disk != now.cache.disk, "[cache.disk]");
}

void tell(const gslb::Problems& problems) {
  for (const gslb::Problem& problem : problems.list()) {
    gslb::log(problem.severity == gslb::Severity::kError ? gslb::LogLevel::kError
                                                         : gslb::LogLevel::kWarning,
              "config", problem.to_string());
  }
}

class Server {
 public:
  Server(std::string file, config::ConfigRef config)
      : file_(std::move(file)), config_(std::move(config)), shared_(open_shared(*config_)) {}

  int run(const sigset_t& signals);

 private:
  using Listeners = std::vector<std::vector<OpenListener>>;  // by worker

  bool start();
  void connect(report::Sources& sources);
  void serve(const sigset_t& signals);
  void drain();
  bool reload(std::string& told);
  bool change_to(const config::ConfigRef& next, gslb::Problems& problems);
  bool open(const config::Config& config, Listeners& opened, std::string* error);
  report::ReloadFigures reloads() const;
  std::vector<report::CertificateFigures> certificates() const;

  const std::string file_;
  mutable std::mutex mutex_;               // held by a reload from its beginning to its end
  config::ConfigRef config_;               // guarded by mutex_
  std::shared_ptr<const TlsServer> tls_;   // guarded by mutex_
  std::shared_ptr<AccessLog> access_log_;  // guarded by mutex_
  report::ReloadFigures reloads_;          // guarded by mutex_
  // What is listened on, as configured, and as bound: a port 0 is one port for all workers.
  std::map<gslb::Endpoint, gslb::Endpoint> listening_;  // guarded by mutex_
  Shared shared_;
  std::unique_ptr<Purging> purging_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<Complaints> complaints_;
  std::unique_ptr<report::Reporter> reporter_;
};

// Opens for every worker what is not open yet; all or nothing.
bool Server::open(const config::Config& config, Listeners& opened, std::string* error) {
  std::map<gslb::Endpoint, gslb::Endpoint> bound;
  opened.assign(workers_.size(), {});
  for (const config::Listener& listener : config.edge.listen) {
    const auto known = listening_.find(listener.at);
    gslb::Endpoint at = known != listening_.end() ? known->second : listener.at;
    for (std::size_t i = 0; i < workers_.size() && known == listening_.end(); ++i) {
      const int descriptor = open_listener(at, error);
      if (descriptor < 0) {
        for (const auto& of_worker : opened) {
          for (const OpenListener& each : of_worker) { ::close(each.descriptor); }
        }
        return false;
      }
      opened[i].push_back({listener, descriptor});
    }
    bound[listener.at] = at;
    if (known == listening_.end()) {
      gslb::log_info("serve", "listening", {{"address", at.to_string()}});
    }
  }
  listening_ = std::move(bound);
  return true;
}

// What the reporter tells of, and whom it passes orders to.
void Server::connect(report::Sources& sources) {
  sources.store = [this, has_disk = config_->cache.disk.has_value()] {
    const cache::Store::Stats stats = shared_.store.stats();
    report::StoreFigures figures{stats.octets, stats.budget_octets, stats.objects, stats.evictions};
    if (has_disk) { figures.disk = disk_figures(shared_.disk.get()); }
    return figures;
  };
  sources.rtt = &shared_.rtt;
  sources.beacons = &shared_.beacons;
  sources.reload = [this](std::string& told) { return reload(told); };
  sources.reloads = [this] { return reloads(); };
  sources.certificates = [this] { return certificates(); };
  sources.origins = [this] { return origin_figures(shared_.origins); };
  sources.peers = [this] { return peer_figures(shared_.peers); };
  sources.access_log = [this] {
    const std::lock_guard lock(mutex_);
    const auto figures = access_log_ ? access_log_->figures() : AccessLog::Figures{};
    return report::AccessLogFigures{figures.lines, figures.dropped};
  };
  sources.load = [this] { return load_figures(shared_.admission); };
  complaints_ = std::make_unique<Complaints>(shared_, sources.workers);
  sources.conditions = [this] {
    return complaints_->now(std::chrono::steady_clock::now(), reloads());
  };
  sources.siblings = [this, cluster = config_->edge.cluster] {
    return sibling_health(shared_, cluster);
  };
  purging_ = std::make_unique<Purging>(
      shared_, *config_,
      [this] {
        const std::lock_guard lock(mutex_);
        return config_;
      },
      [this, next = std::size_t{0}](Prefetcher::Task task) mutable {
        workers_[next++ % workers_.size()]->run(std::move(task));
        return true;
      });
  purging_->connect(sources);
}

bool Server::start() {
  report::Sources sources;
  const unsigned count = worker_count(*config_);
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(shared_));
    sources.workers.push_back(&workers_.back()->counters());
  }
  gslb::Problems problems;
  tls_ = TlsServer::load(config_->tls, nullptr, problems);
  tell(problems);
  if (!tls_) { return false; }
  Listeners opened;
  std::string error;
  access_log_ = AccessLog::open(config_->access_log, &error);
  if (!error.empty()) {
    gslb::log_error("access", "can't open the access log", {{"why", error}});
    return false;
  }
  if (!open(*config_, opened, &error)) {
    gslb::log_error("serve", "can't listen", {{"why", error}});
    return false;
  }
  shared_.peers.renew(config_);
  shared_.admission.watch([workers = sources.workers] { return report::sum(workers).sent_octets; });
  shared_.admission.renew(bounds_of(*config_));
  connect(sources);
  reporter_ = std::make_unique<report::Reporter>(config_, std::move(sources));
  shared_.reporter = reporter_.get();
  shared_.origins.renew(*config_);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->start({config_, tls_, access_log_, std::move(opened[i])});
  }
  workers_.front()->watch_peers();
  // The first heartbeat says "up": it may go out only now that clients can be served.
  if (!reporter_->start(&error)) {
    gslb::log_error("report", "can't listen", {{"why", error}});
    return false;
  }
  gslb::log_info("serve", "ready",
                 {{"version", report::version()},
                  {"cluster", config_->edge.cluster},
                  {"node", config_->edge.node},
                  {"workers", workers_.size()}});
  return true;
}

// All or nothing: what can fail comes first.
bool Server::change_to(const config::ConfigRef& next, gslb::Problems& problems) {
  auto tls = TlsServer::load(next->tls, tls_.get(), problems);
  if (!tls) { return false; }
  std::string error;
  std::shared_ptr<AccessLog> access_log = access_log_;
  const bool same_log = config_->access_log == next->access_log;
  if (!same_log) { access_log = AccessLog::open(next->access_log, &error); }
  if (!error.empty()) {
    problems.error({file_}, "can't open the access log " + error);
    return false;
  }
  Listeners opened;
  if (!open(*next, opened, &error)) {
    problems.error({file_}, "can't listen on " + error, "who listens there? ss -ltnp tells");
    return false;
  }
  tls_ = std::move(tls);
  access_log_ = std::move(access_log);
  if (access_log_ && same_log) { access_log_->reopen(); }
  warn_of_fixed(*config_, *next, problems);
  log_as(next->log);
  shared_.origins.renew(*next);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->renew({next, tls_, access_log_, std::move(opened[i])});
  }
  shared_.peers.renew(next);
  shared_.admission.renew(bounds_of(*next));
  shared_.store.resize(next->cache.memory_octets);
  reporter_->renew(next);
  config_ = next;
  return true;
}

// Called by the main thread (SIGHUP) and the reporter's (POST /v1/reload).
bool Server::reload(std::string& told) {
  const std::lock_guard lock(mutex_);
  gslb::Problems problems;
  auto read = config::load(file_, problems);
  const bool done = read && !shared_.stopping &&
                    change_to(std::make_shared<const config::Config>(std::move(*read)), problems);
  tell(problems);
  ++(done ? reloads_.succeeded : reloads_.failed);
  reloads_.last_successful = done;
  reloads_.last_time_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (done) {
    ++reloads_.generation;
    gslb::log_info("reload", "serving with the new configuration",
                   {{"generation", reloads_.generation}});
  } else {
    gslb::log_error("reload", "refused: serving with the old configuration",
                    {{"generation", reloads_.generation}});
  }
  told = problems.to_string() + (done ? "reloaded" : "refused") + ", generation " +
         std::to_string(reloads_.generation) + "\n";
  return done;
}

report::ReloadFigures Server::reloads() const {
  const std::lock_guard lock(mutex_);
  return reloads_;
}

std::vector<report::CertificateFigures> Server::certificates() const {
  const std::lock_guard lock(mutex_);
  std::vector<report::CertificateFigures> figures;
  for (const TlsServer::Expiry& each : tls_->expiries()) {
    figures.push_back(
        {each.file, std::chrono::duration<double>(each.not_after.time_since_epoch()).count()});
  }
  return figures;
}

sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// True when it is to end at once.
bool ended_within(std::int64_t ms) {
  const sigset_t signals = end_signals();
  const timespec wait{ms / 1000, (ms % 1000) * 1'000'000};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

// The GSLB learns first; then new clients stop coming, and only then is the door closed.  A second
// signal skips what is left.
void Server::drain() {
  using Clock = std::chrono::steady_clock;
  gslb::log_info("serve", "draining", {{"connections", shared_.connections.load()}});
  reporter_->set_state(NodeState::kDraining, "stopping");
  if (ended_within(config_->limits.drain_grace_ms)) { return; }
  shared_.stopping = true;
  for (auto& worker : workers_) { worker->stop_accepting(); }
  const auto deadline = Clock::now() + std::chrono::milliseconds(config_->limits.drain_timeout_ms);
  while (shared_.connections.load() > 0 && Clock::now() < deadline) {
    for (auto& worker : workers_) { worker->end_idle_connections(); }
    if (ended_within(20)) { return; }
  }
  if (const std::int64_t left = shared_.connections.load(); left > 0) {
    gslb::log_warning("serve", "cutting connections that did not end", {{"connections", left}});
  }
}

void Server::serve(const sigset_t& signals) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    std::string told;
    if (signal == SIGHUP) {
      reload(told);
    } else if (signal == SIGUSR1) {
      const std::lock_guard lock(mutex_);
      if (access_log_) { access_log_->reopen(); }
    } else {
      return;
    }
  }
}

int Server::run(const sigset_t& signals) {
  const bool started = start();
  if (started) {
    serve(signals);
    drain();
  }
  for (auto& worker : workers_) { worker->stop(); }
  shared_.halted = true;
  if (reporter_) { reporter_->stop(); }
  if (purging_) { purging_->stop(); }
  // Its threads wake loops, so they end before these.
  if (shared_.disk) { shared_.disk->stop(); }
  shared_.origins.stop();
  // Suspended requests refer to the reporter through shared_, so they go first.
  workers_.clear();
  if (started) { gslb::log_info("serve", "stopped"); }
  return started ? 0 : 1;
}

}  // namespace

int run_server(const std::string& file, config::ConfigRef config) {
  sigset_t signals = end_signals();
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  // Threads inherit the mask: only this thread takes the signals, by asking for them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a disk that is full
  log_as(config->log);
  raise_descriptor_limit(config->limits);
  Server server(file, std::move(config));
  return server.run(signals);
}

}  // namespace edge::serve
