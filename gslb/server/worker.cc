#include "gslb/server/worker.h"

#include <string>

#include <sys/eventfd.h>
#include <unistd.h>

#include <pthread.h>
#include <sched.h>

namespace gslb::server {

Worker::Signal::Signal(Handler& handler) noexcept
    : handler_(handler), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Worker::Signal::raise() noexcept {
  const std::uint64_t one = 1;
  // Can't fail: the counter of an eventfd has room for 2^64 - 2 of these.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void Worker::Signal::on_ready(MonoTime) noexcept {
  std::uint64_t count = 0;
  // Taken out, so that the next wait is not woken by it again.
  if (::read(event_.get(), &count, sizeof count) == sizeof count) handler_.begin_batch();
}

Worker::Worker(const ServerOptions& options, std::unique_ptr<Handler> handler,
               ServerCounters& counters, const Published<TlsContext>& tls)
    : drain_limit_(options.drain),
      proxies_(options.proxies),
      handler_(std::move(handler)),
      signal_(*handler_),
      batch_(make_udp_batch()),
      tcp_(options.tcp, proxies_, *handler_, counters, poller_, tls),
      counters_(counters) {}

Worker::~Worker() {
  request_stop();
  join();
}

bool Worker::open() noexcept {
  const int ready = handler_->ready_fd();
  return poller_.is_open() && signal_.fd() >= 0 &&
         poller_.add(signal_.fd(), signal_, Interest::kRead) &&
         (ready < 0 || poller_.add(ready, waiting_, Interest::kRead));
}

bool Worker::add_udp(UniqueFd fd) {
  UdpSocket& socket = udp_.emplace_back(std::move(fd), *batch_, *handler_, counters_, proxies_);
  return poller_.add(socket.fd(), socket, Interest::kRead);
}

bool Worker::add_tcp(UniqueFd fd, Transport transport) {
  return tcp_.listen(std::move(fd), transport);
}

void Worker::start(unsigned number, std::optional<int> cpu) {
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), ("worker-" + std::to_string(number)).c_str());
  if (cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(*cpu), &set);
    // A refusal only costs cache hits.
    ::pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
  }
}

void Worker::request_stop() noexcept {
  is_stopping_.store(true, std::memory_order_release);
  signal_.raise();
}

void Worker::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() noexcept {
  while (!is_stopping_.load(std::memory_order_acquire)) {
    poller_.wait(tcp_.next_timeout_ms(std::chrono::steady_clock::now()));
    tcp_.expire(std::chrono::steady_clock::now());
  }
  drain();
}

void Worker::drain() noexcept {
  const MonoTime deadline = std::chrono::steady_clock::now() + drain_limit_;
  for (UdpSocket& socket : udp_) socket.drain(deadline);
  tcp_.begin_drain(std::chrono::steady_clock::now());
  for (MonoTime now = std::chrono::steady_clock::now(); now < deadline && !tcp_.is_drained();
       now = std::chrono::steady_clock::now()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - now);
    poller_.wait(static_cast<int>(left.count()));
  }
  tcp_.close_all();
}

}  // namespace gslb::server
