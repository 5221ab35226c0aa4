// Fetches what will be asked for: URLs from operators and GSLBs, by the way any request takes.
//
// What it asks is answered by the steps for clients, with nobody at the other end: collapsing,
// freshness, Vary, the disk and whatever lies before the origin are those of every request.
//
// One thread hands out work at its rate; workers do it.  Bounded: URLs that wait, requests at once.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge/serve/worker.h"

namespace edge::serve {

// A URL as a request has it.
struct PrefetchUrl {
  std::string host;
  std::string target;
  bool secure = false;
};
// Nothing: no http or https URL.
std::optional<PrefetchUrl> parse_prefetch_url(std::string_view url);

// Whether a minute of the day, 0 … 1439, is within [from, to), which may go over midnight; the same
// for both: always.
bool is_within_window(unsigned minute, unsigned from, unsigned to) noexcept;

// Thread-safe.
class Prefetcher {
 public:
  static constexpr std::size_t kMostWaiting = 100'000;
  static constexpr std::size_t kMostWaitingOctets = 16 << 20;
  static constexpr unsigned kPriorities = 10;  // 9 goes first

  // `run` does the task on a worker; false: there is none any more.
  using Task = std::function<void(Worker&)>;
  using RunOnWorker = std::function<bool(Task)>;
  using CurrentConfig = std::function<config::ConfigRef()>;
  Prefetcher(RunOnWorker run, CurrentConfig config);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  struct List {
    std::vector<PrefetchUrl> urls;
    unsigned priority = 5;  // below kPriorities
    bool off_peak = false;  // only within the configured window
  };
  // False: too many wait; none was taken.
  bool submit(List list);
  // Takes back what waits.
  std::size_t clear();
  void stop();

  struct Figures {
    std::uint64_t waiting = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t done = 0;
    std::uint64_t failed = 0;  // not fetched, or with a status of 400 or above
    std::uint64_t refused = 0;
    bool window_open = true;
  };
  Figures figures() const;

 private:
  struct Lane {
    std::deque<PrefetchUrl> urls;
  };
  void run();
  std::optional<PrefetchUrl> next(bool window_open);
  void fetch(PrefetchUrl url);
  static std::size_t octets_of(const PrefetchUrl& url) {
    return sizeof(url) + url.host.size() + url.target.size();
  }

  const RunOnWorker run_on_worker_;
  const CurrentConfig config_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // By priority; the second of each waits for the window.
  std::array<std::array<Lane, 2>, kPriorities> lanes_;
  std::size_t waiting_ = 0;
  std::size_t waiting_octets_ = 0;
  std::size_t in_flight_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace edge::serve
