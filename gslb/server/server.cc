#include "gslb/server/server.h"

#include <cerrno>
#include <optional>
#include <system_error>

#include <sched.h>

#include "gslb/base/check.h"
#include "gslb/server/socket.h"
#include "gslb/server/tls_context.h"
#include "gslb/server/worker.h"

namespace gslb::server {
namespace {

// The cores this process may use (cgroup CPU sets and taskset count, the machine's size does not).
std::vector<int> usable_cpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

void report_system(int error, Problems& problems) {
  problems.error({},
                 std::string("can't set up a worker: ") + std::generic_category().message(error),
                 error == EMFILE ? "raise the limit of open files (LimitNOFILE=, ulimit -n)" : "");
}

}  // namespace

Server::Server(ServerOptions options, HandlerFactory factory)
    : options_(std::move(options)), factory_(std::move(factory)), tls_(options_.tls) {}

Server::~Server() { stop(); }

Problems Server::start() {
  CHECK(counters_.empty());
  CHECK(options_.listen_tls.empty() || options_.tls != nullptr);
  Problems problems;
  // All endpoints before any is opened: a wildcard and one of its addresses may both be listed.
  for (const Endpoint& wanted : options_.listen) {
    if (const auto found = reserve_endpoint(wanted, problems)) endpoints_.push_back(*found);
  }
  for (const Endpoint& wanted : options_.listen_tls) {
    if (const auto found = reserve_tcp_endpoint(wanted, problems)) tls_endpoints_.push_back(*found);
  }
  const std::vector<int> cpus = usable_cpus();
  const auto count = options_.workers != 0 ? options_.workers : static_cast<unsigned>(cpus.size());
  for (unsigned number = 0; number < count && !problems.has_errors(); ++number) {
    counters_.push_back(std::make_unique<ServerCounters>());
    workers_.push_back(
        std::make_unique<Worker>(options_, factory_(number), *counters_.back(), tls_));
    open_sockets(*workers_.back(), problems);
  }
  if (problems.has_errors()) {
    workers_.clear();
    counters_.clear();
    endpoints_.clear();
    tls_endpoints_.clear();
    return problems;
  }
  for (unsigned number = 0; number < count; ++number) {
    workers_[number]->start(
        number, options_.pin_workers ? std::optional(cpus[number % cpus.size()]) : std::nullopt);
  }
  return problems;
}

void Server::open_sockets(Worker& worker, Problems& problems) const {
  if (!worker.open()) return report_system(errno, problems);
  for (const Endpoint& at : endpoints_) {
    UniqueFd udp = open_udp(at, options_.udp_buffer_octets, problems);
    UniqueFd tcp = open_tcp_listener(at, problems);
    if (!udp.is_open() || !tcp.is_open()) continue;
    if (!worker.add_udp(std::move(udp)) || !worker.add_tcp(std::move(tcp), Transport::kTcp)) {
      report_system(errno, problems);
    }
  }
  for (const Endpoint& at : tls_endpoints_) {
    UniqueFd tls = open_tcp_listener(at, problems);
    if (tls.is_open() && !worker.add_tcp(std::move(tls), Transport::kTls)) {
      report_system(errno, problems);
    }
  }
}

void Server::set_tls(std::shared_ptr<const TlsContext> tls) {
  CHECK(tls != nullptr);
  tls_.publish(std::move(tls));
  tls_.reclaim();
}

void Server::nudge() noexcept {
  for (const auto& worker : workers_) worker->nudge();
}

void Server::stop() noexcept {
  for (const auto& worker : workers_) worker->request_stop();
  for (const auto& worker : workers_) worker->join();
  workers_.clear();
}

}  // namespace gslb::server
