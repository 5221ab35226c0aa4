#include "gslb/bus/job_queue.h"

#include <utility>

namespace gslb::bus {

void JobQueue::start(std::function<std::optional<MonoTime>()> idle) {
  thread_ = std::thread([this, idle = std::move(idle)] { run(idle); });
}

bool JobQueue::post(std::function<void()> job, std::size_t octets) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || jobs_.size() >= most_ || octets_ + octets > most_octets_) { return false; }
  jobs_.push_back({std::move(job), octets});
  octets_ += octets;
  changed_.notify_one();
  return true;
}

void JobQueue::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  changed_.notify_one();
}

void JobQueue::run(const std::function<std::optional<MonoTime>()>& idle) {
  std::optional<MonoTime> at = std::chrono::steady_clock::now();
  if (!idle) { at.reset(); }
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool due = at && std::chrono::steady_clock::now() >= *at;
    if (idle && (wake_ || due)) {
      wake_ = false;
      lock.unlock();
      at = idle();
      lock.lock();
    } else if (!jobs_.empty()) {
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      octets_ -= job.octets;
      lock.unlock();
      job.run();
      lock.lock();
    } else if (at) {
      changed_.wait_until(lock, *at);
    } else {
      changed_.wait(lock);
    }
  }
}

void JobQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) { thread_.join(); }
  // Outside the lock: whoever goes with a job may say so.
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(jobs_);
  }
}

}  // namespace gslb::bus
