#include "edge/serve/worker_thread.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/serve/access_log.h"
#include "edge/serve/connection.h"
#include "edge/serve/guard.h"
#include "edge/serve/peer_watch.h"
#include "edge/serve/rule_book.h"
#include "edge/serve/tls_server.h"
#include "edge/serve/turn_away.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

gslb::Address address_of(const asio::ip::address& address) {
  if (address.is_v4()) { return gslb::Address::v4(address.to_v4().to_uint()); }
  const auto octets = address.to_v6().to_bytes();
  return gslb::Address::from_octets({octets.data(), octets.size()});
}

struct Acceptor {
  Acceptor(asio::io_context& loop, config::Listener of) : socket(loop), listener(std::move(of)) {}
  tcp::acceptor socket;
  config::Listener listener;
};
using AcceptorRef = std::shared_ptr<Acceptor>;  // the coroutine that accepts holds it

}  // namespace

struct WorkerThread::Impl {
  explicit Impl(Shared& with)
      : shared(with), worker{shared, nullptr, nullptr, nullptr, loop, origin, counters} {}

  void use(config::ConfigRef next);
  void renew(Generation next);
  asio::awaitable<void> accept(AcceptorRef acceptor);
  void take(tcp::socket socket, const tcp::endpoint& from, const config::Listener& listener);

  // The loop destroys suspended coroutines, so what they refer to stands before it.
  Shared& shared;
  report::WorkerCounters counters;
  ConnectionSet open;
  Worker worker;
  asio::io_context loop{1};
  origin::Client origin{loop, shared.origins};
  std::vector<AcceptorRef> acceptors;
  std::thread thread;
};

// The references requests take count on a block of this thread alone: all workers would otherwise
// pull one line of memory back and forth with every request.
void WorkerThread::Impl::use(config::ConfigRef next) {
  const config::Config* const config = next.get();
  const config::ConfigRef before = std::exchange(
      worker.config,
      config::ConfigRef(std::make_shared<config::ConfigRef>(std::move(next)), config));
  worker.book = std::make_shared<const RuleBook>(*config, counters);
  origin.renew(*config);
}

void WorkerThread::Impl::renew(Generation next) {
  use(std::move(next.config));
  worker.tls = std::move(next.tls);
  worker.access_log = std::move(next.access_log);
  const std::vector<config::Listener>& wanted = worker.config->edge.listen;
  std::erase_if(acceptors, [&](const AcceptorRef& acceptor) {
    const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const auto& listener) {
      return listener.at == acceptor->listener.at;
    });
    if (same != wanted.end()) {
      acceptor->listener = *same;
      return false;
    }
    error_code ignored;
    acceptor->socket.close(ignored);
    return true;
  });
  for (OpenListener& opened : next.opened) {
    const auto family = opened.listener.at.address.is_v6() ? tcp::v6() : tcp::v4();
    auto acceptor = std::make_shared<Acceptor>(loop, std::move(opened.listener));
    error_code error;
    acceptor->socket.assign(family, opened.descriptor, error);
    if (error) {
      ::close(opened.descriptor);
      continue;
    }
    acceptors.push_back(acceptor);
    asio::co_spawn(loop, accept(std::move(acceptor)), asio::detached);
  }
}

asio::awaitable<void> WorkerThread::Impl::accept(AcceptorRef acceptor) {
  while (true) {
    error_code error;
    tcp::endpoint from;
    tcp::socket socket = co_await acceptor->socket.async_accept(
        from, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || !acceptor->socket.is_open()) { co_return; }
    if (!error) {
      take(std::move(socket), from, acceptor->listener);
      continue;
    }
    // Out of descriptors or memory: wait for some to come back instead of spinning.  Who only
    // keeps a connection open gives its descriptor to who wants one.
    if (error == asio::error::no_descriptors ||
        error == boost::system::errc::too_many_files_open_in_system) {
      counters.descriptor_failures.add();
      for (ConnectionHandle* connection : open) { connection->end_if_idle(); }
    }
    asio::steady_timer pause(loop, std::chrono::milliseconds(50));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

void WorkerThread::Impl::take(tcp::socket socket, const tcp::endpoint& from,
                              const config::Listener& listener) {
  error_code error;
  const int descriptor = socket.release(error);
  if (error) { return; }
  if (shared.connections.load(std::memory_order_relaxed) < most_connections(*worker.config)) {
    return serve_connection(worker, open, descriptor, address_of(from.address()), listener);
  }
  counters.connections_refused.add();
  shared.admission.note_refused(rules::Resource::kConnections);
  if (listener.tls || !listener.proxy_from.empty()) {
    ::close(descriptor);  // a handshake costs more than what it would tell
  } else {
    turn_away(worker, descriptor, from.address().is_v6());
  }
}

WorkerThread::WorkerThread(Shared& shared) : impl_(std::make_unique<Impl>(shared)) {}
WorkerThread::~WorkerThread() = default;

void WorkerThread::start(Generation first) {
  impl_->renew(std::move(first));
  impl_->thread = std::thread([impl = impl_.get()] {
    const auto work = asio::make_work_guard(impl->loop);
    impl->loop.run();
  });
}

void WorkerThread::renew(Generation next) {
  asio::post(impl_->loop, [impl = impl_.get(), next = std::move(next)]() mutable {
    impl->renew(std::move(next));
  });
}

void WorkerThread::run(std::function<void(Worker&)> task) {
  asio::post(impl_->loop, [impl = impl_.get(), task = std::move(task)] { task(impl->worker); });
}

void WorkerThread::stop_accepting() {
  asio::post(impl_->loop, [impl = impl_.get()] {
    error_code ignored;
    for (const AcceptorRef& acceptor : impl->acceptors) { acceptor->socket.close(ignored); }
  });
}

void WorkerThread::watch_peers() {
  asio::post(impl_->loop, [impl = impl_.get()] { serve::watch_peers(impl->worker); });
}

void WorkerThread::end_idle_connections() {
  asio::post(impl_->loop, [impl = impl_.get()] {
    for (ConnectionHandle* connection : impl->open) { connection->end_if_idle(); }
  });
}

void WorkerThread::stop() {
  if (!impl_->thread.joinable()) { return; }
  impl_->loop.stop();
  impl_->thread.join();
}

const report::WorkerCounters& WorkerThread::counters() const noexcept { return impl_->counters; }

}  // namespace edge::serve
