// One coroutine sleeps until anybody, on any thread, says there is news.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "edge/origin/awaitable.h"
#include "gslb/base/clock.h"

namespace edge::origin {

// wait() on the loop's thread only, by one coroutine at a time; waker() is called from anywhere.
class Signal {
 public:
  // `halted`: loops are being destroyed, nothing may be posted any more; outlives every waker.
  Signal(boost::asio::io_context& loop, const std::atomic<bool>& halted);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // May be called after this object is gone: then it does nothing.  Not after the loop is gone,
  // unless `halted` is set.
  std::function<void()> waker();
  // Returns at once when woken since the last wait; false after `timeout`.
  Awaitable<bool> wait(gslb::milliseconds timeout);
  // However long it takes.
  Awaitable<bool> wait();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace edge::origin
