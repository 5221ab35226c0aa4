// One thread that owns state: tasks posted to it run in order, one after the other, and a clock
// hook runs when it asked to.
//
// Why: architecture.md "one fleet state owned by one thread".  Nothing it runs needs a lock.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "gslb/base/clock.h"

namespace gslb::control {

// Thread-safe.  The destructor runs what is queued, then joins.
class Loop {
 public:
  // `on_wake` runs on the loop's thread after every task and whenever the time it last returned
  // has come; nullopt: only after the next task.  May be empty.
  using OnWake = std::function<std::optional<MonoTime>()>;
  explicit Loop(OnWake on_wake = {});
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void post(std::function<void()> task);

  // Runs `function` on the loop's thread and returns what it returns.  From the loop's own thread
  // it runs at once.
  template <typename Function>
  auto call(Function&& function) -> decltype(function()) {
    if (std::this_thread::get_id() == thread_.get_id()) { return function(); }
    // Shared: the result may be taken before the loop's thread has left the task.
    auto task = std::make_shared<std::packaged_task<decltype(function())()>>(
        std::forward<Function>(function));
    auto result = task->get_future();
    post([task] { (*task)(); });
    return result.get();
  }

  // Runs what is queued, then ends the thread.  Idempotent.  Not from the loop's own thread.
  void stop();

 private:
  void run();

  OnWake on_wake_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;                       // last: started when the rest is there
};

}  // namespace gslb::control
