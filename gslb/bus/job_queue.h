// A thread that does one job after the other, and refuses more than it may keep.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "gslb/base/clock.h"

namespace gslb::bus {

// Thread-safe.
class JobQueue {
 public:
  JobQueue(std::size_t most, std::size_t most_octets) : most_(most), most_octets_(most_octets) {}
  ~JobQueue() { stop(); }
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // `idle` runs when it returns a time that has come, and after start(); nullopt: never again.
  void start(std::function<std::optional<MonoTime>()> idle = {});
  // False: full or stopped.  `octets`: what the job holds.
  bool post(std::function<void()> job, std::size_t octets);
  void wake();  // runs `idle` now
  // Drops what waits, and joins.  Not from the thread itself.  Idempotent.
  void stop();

 private:
  struct Job {
    std::function<void()> run;
    std::size_t octets = 0;
  };
  void run(const std::function<std::optional<MonoTime>()>& idle);

  const std::size_t most_;
  const std::size_t most_octets_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;    // guarded by mutex_
  std::size_t octets_ = 0;  // guarded by mutex_
  bool wake_ = false;       // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace gslb::bus
