#include "edge/report/prober.h"

#include <algorithm>
#include <deque>
#include <list>
#include <mutex>
#include <random>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "edge/report/probe_gate.h"
#include "edge/report/probe_socket.h"

namespace edge::report {

using gslb::MonoTime;
using gslb::fleet::Probe;
using gslb::fleet::ProbeFailure;
using gslb::fleet::ProbeResult;

struct Prober::Impl {
  struct Order {
    std::size_t owner = 0;
    Probe probe;
  };
  struct Flight {
    Flight(const Order& order, const std::vector<gslb::Address>& sources, std::uint64_t cookie,
           MonoTime now, MonoTime until)
        : owner(order.owner), socket(order.probe, sources, cookie, now), deadline(until) {}
    std::size_t owner;
    ProbeSocket socket;
    MonoTime deadline;
  };

  Impl(const config::Probe& from, std::size_t owners)
      : rules(from), gate(rules), results(owners), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Impl() { ::close(wake); }

  void run();
  void launch(MonoTime now);
  void wait(MonoTime now);
  void land();
  void record(std::size_t owner, const ProbeResult& result);
  void raise() const {
    const std::uint64_t one = 1;
    // Full only if it is raised already.
    [[maybe_unused]] const ssize_t written = ::write(wake, &one, sizeof one);
  }

  const config::Probe rules;
  ProbeGate gate;            // the thread's
  std::list<Flight> flying;  // the thread's
  std::mutex mutex;
  std::deque<Order> queue;                        // guarded by mutex
  std::vector<std::vector<ProbeResult>> results;  // by owner; guarded by mutex
  ProbeFigures figures;                           // guarded by mutex
  std::size_t in_flight = 0;                      // guarded by mutex
  bool stopping = false;                          // guarded by mutex
  int wake;
  std::random_device random;
  std::thread thread;
};

void Prober::Impl::record(std::size_t owner, const ProbeResult& result) {
  const std::lock_guard lock(mutex);
  if (result.failure == ProbeFailure::kNone) {
    ++figures.answered;
  } else {
    ++figures.failed[static_cast<std::size_t>(result.failure)];
  }
  // A GSLB that can't be reached loses the oldest first.
  std::vector<ProbeResult>& of_owner = results[owner];
  if (of_owner.size() == gslb::fleet::kMaxReportProbes) { of_owner.erase(of_owner.begin()); }
  of_owner.push_back(result);
}

// Sends what may be sent now.
void Prober::Impl::launch(MonoTime now) {
  while (flying.size() < static_cast<std::size_t>(rules.in_flight)) {
    Order order;
    {
      const std::lock_guard lock(mutex);
      if (queue.empty() || !gate.take_token(now)) { return; }
      order = queue.front();
      queue.pop_front();
    }
    if (!gate.admits(order.probe, now)) {
      record(order.owner, {order.probe.id, 0, ProbeFailure::kExcluded});
      continue;
    }
    const std::uint64_t cookie = std::uint64_t{random()} << 32 | random();
    flying.emplace_back(order, rules.source, cookie, std::chrono::steady_clock::now(),
                        now + gslb::milliseconds(rules.timeout_ms));
    const std::lock_guard lock(mutex);
    in_flight = flying.size();
  }
}

// Until an answer, a deadline, a token or a call; then hands out what has come.
void Prober::Impl::wait(MonoTime now) {
  std::vector<pollfd> waiting{{wake, POLLIN, 0}};
  MonoTime until = now + std::chrono::hours(1);
  for (const Flight& flight : flying) {
    waiting.push_back({flight.socket.fd(), flight.socket.events(), 0});
    until = std::min(until, flight.socket.is_done() ? now : flight.deadline);
  }
  {
    const std::lock_guard lock(mutex);
    const bool has_room = flying.size() < static_cast<std::size_t>(rules.in_flight);
    if (!queue.empty() && has_room) { until = std::min(until, now + gate.wait(now)); }
  }
  const auto left = std::chrono::ceil<gslb::milliseconds>(until - now).count();
  if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(0, left))) <=
      0) {
    return;
  }
  const MonoTime then = std::chrono::steady_clock::now();
  std::uint64_t ignored = 0;
  if (waiting[0].revents != 0 && ::read(wake, &ignored, sizeof ignored) < 0) { return; }
  std::size_t i = 1;
  for (Flight& flight : flying) {
    if (waiting[i++].revents != 0) { flight.socket.on_ready(then); }
  }
}

void Prober::Impl::land() {
  const MonoTime now = std::chrono::steady_clock::now();
  for (auto flight = flying.begin(); flight != flying.end();) {
    if (!flight->socket.is_done() && now >= flight->deadline) { flight->socket.give_up(); }
    if (!flight->socket.is_done()) {
      ++flight;
      continue;
    }
    record(flight->owner, flight->socket.result());
    flight = flying.erase(flight);
  }
  const std::lock_guard lock(mutex);
  in_flight = flying.size();
}

void Prober::Impl::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex);
      if (stopping) { break; }
    }
    const MonoTime now = std::chrono::steady_clock::now();
    launch(now);
    wait(now);
    land();
  }
  flying.clear();
}

Prober::Prober(const config::Probe& rules, std::size_t owners)
    : impl_(std::make_unique<Impl>(rules, owners)) {}

Prober::~Prober() { stop(); }

void Prober::start() {
  if (!impl_->rules.enabled) { return; }
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

std::size_t Prober::room() const {
  if (!impl_->rules.enabled) { return 0; }
  const std::lock_guard lock(impl_->mutex);
  return kMostQueued - std::min(kMostQueued, impl_->queue.size() + impl_->in_flight);
}

void Prober::submit(std::size_t owner, const std::vector<Probe>& orders) {
  for (const Probe& probe : orders) {
    bool is_taken = false;
    {
      const std::lock_guard lock(impl_->mutex);
      ++impl_->figures.ordered;
      is_taken = impl_->rules.enabled && impl_->queue.size() + impl_->in_flight < kMostQueued;
      if (is_taken) { impl_->queue.push_back({owner, probe}); }
    }
    if (!is_taken) { impl_->record(owner, {probe.id, 0, ProbeFailure::kExcluded}); }
  }
  impl_->raise();
}

std::vector<ProbeResult> Prober::take(std::size_t owner) {
  const std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->results[owner], {});
}

ProbeFigures Prober::figures() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->figures;
}

void Prober::stop() {
  if (!impl_->thread.joinable()) { return; }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->raise();
  impl_->thread.join();
}

}  // namespace edge::report
