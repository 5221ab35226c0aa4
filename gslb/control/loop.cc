#include "gslb/control/loop.h"

namespace gslb::control {

Loop::Loop(OnWake on_wake) : on_wake_(std::move(on_wake)), thread_([this] { run(); }) {}

Loop::~Loop() { stop(); }

void Loop::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wakeup_.notify_one();
}

void Loop::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_one();
  if (thread_.joinable()) { thread_.join(); }
}

void Loop::run() {
  std::optional<MonoTime> wake;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto ready = [this] { return !tasks_.empty() || stopping_; };
    if (wake) {
      wakeup_.wait_until(lock, *wake, ready);
    } else {
      wakeup_.wait(lock, ready);
    }
    while (!tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
    if (stopping_) { return; }
    lock.unlock();
    if (on_wake_) { wake = on_wake_(); }
    lock.lock();
  }
}

}  // namespace gslb::control
