// One thread with its own sockets, handler and counters.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <thread>

#include "gslb/server/handler.h"
#include "gslb/server/options.h"
#include "gslb/server/poller.h"
#include "gslb/server/server_counters.h"
#include "gslb/server/tcp.h"
#include "gslb/server/udp.h"

namespace gslb::server {

// Control-thread-only; everything else in it belongs to its thread between start() and join().
class Worker {
 public:
  // `counters` and `tls` must outlive the worker.
  Worker(const ServerOptions& options, std::unique_ptr<Handler> handler, ServerCounters& counters,
         const Published<TlsContext>& tls);
  ~Worker();

  // False with errno set when the kernel gave no epoll or event descriptor.  Call once, first.
  bool open() noexcept;
  // Before start().  False with errno set when epoll refuses.
  bool add_udp(UniqueFd fd);
  bool add_tcp(UniqueFd fd, Transport transport);

  // `cpu`: the core to stay on, if any.
  void start(unsigned number, std::optional<int> cpu);
  // From any thread: has the handler begin a batch, so that an idle worker lets go of what it
  // answered the last one from.
  void nudge() noexcept { signal_.raise(); }
  // Asks for the end: drains.  Safe before start().
  void request_stop() noexcept;
  void join() noexcept;

 private:
  // Wakes the worker.
  class Signal final : public EventSink {
   public:
    explicit Signal(Handler& handler) noexcept;
    void raise() noexcept;  // from any thread
    void on_ready(MonoTime) noexcept override;
    int fd() const noexcept { return event_.get(); }

   private:
    Handler& handler_;
    UniqueFd event_;
  };

  // Queries that waited for another thread are ready.
  class WaitingQueries final : public EventSink {
   public:
    explicit WaitingQueries(Worker& worker) noexcept : worker_(worker) {}
    void on_ready(MonoTime) noexcept override {
      answer_waiting(*worker_.batch_, *worker_.handler_, worker_.counters_);
    }

   private:
    Worker& worker_;
  };

  void run() noexcept;
  void drain() noexcept;

  const milliseconds drain_limit_;
  const PrefixSet proxies_;
  std::unique_ptr<Handler> handler_;
  Poller poller_;
  Signal signal_;
  std::atomic<bool> is_stopping_{false};
  WaitingQueries waiting_{*this};
  std::shared_ptr<UdpBatch> batch_;
  std::list<UdpSocket> udp_;
  TcpService tcp_;
  ServerCounters& counters_;
  std::thread thread_;
};

}  // namespace gslb::server
