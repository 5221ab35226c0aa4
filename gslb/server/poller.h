// epoll, level-triggered, one per worker.
#pragma once

#include <array>

#include <sys/epoll.h>

#include "gslb/base/clock.h"
#include "gslb/server/socket.h"

namespace gslb::server {

// Told when its descriptor has something to do.  Must take a call without reason: after a
// connection is closed and its place reused within one wake, the old one's event is still coming.
class EventSink {
 public:
  virtual void on_ready(MonoTime now) noexcept = 0;

 protected:
  ~EventSink() = default;
};

enum class Interest : std::uint32_t { kNone = 0, kRead = EPOLLIN, kWrite = EPOLLOUT };

// Worker-confined.  Holds sinks by address: they must outlive their registration and, once
// closed, the wait() that may still name them.
class Poller {
 public:
  Poller() noexcept;
  bool is_open() const noexcept { return epoll_.is_open(); }

  // False with errno set when the kernel has no room.  Closing the descriptor removes it.
  bool add(int fd, EventSink& sink, Interest interest) noexcept;
  // REQUIRES: added.
  void change(int fd, EventSink& sink, Interest interest) noexcept;

  // Waits until something is ready or `timeout_ms` is over (-1: no end), then tells the sinks.
  void wait(int timeout_ms) noexcept;

 private:
  UniqueFd epoll_;
  std::array<epoll_event, 64> events_;
};

}  // namespace gslb::server
