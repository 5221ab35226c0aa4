// A thread with its event loop, listeners and connections.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "edge/serve/worker.h"

namespace edge::serve {

// A socket that listens for one worker; ownership passes with it.
struct OpenListener {
  config::Listener listener;
  int descriptor = -1;
};

// What a worker serves with from some moment on.
struct Generation {
  config::ConfigRef config;
  std::shared_ptr<const TlsServer> tls;
  std::shared_ptr<AccessLog> access_log;
  std::vector<OpenListener> opened;  // those of `config` that were not open before
};

// Its functions may be called from any one thread; what they order is done on its own.
class WorkerThread {
 public:
  explicit WorkerThread(Shared& shared);
  // Connections end with it.  REQUIRES: stop() was called, or start() never.
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void start(Generation first);
  // Listeners that are not in the new configuration close, those that are get its options;
  // connections go on, their next request is answered by it.
  void renew(Generation next);
  // Does the task on its thread, soon; it is forgotten if that ends before.
  void run(std::function<void(Worker&)> task);
  void stop_accepting();
  // Of all workers one asks other edges how they are.
  void watch_peers();
  void end_idle_connections();
  // Returns when the thread has ended.
  void stop();
  const report::WorkerCounters& counters() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::serve
