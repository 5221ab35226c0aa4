// The disk tier: a log of responses in segment files that survives restarts and kill -9.
//
// Source: the ideas are Traffic Server's cyclone storage (a circular log, no file per object),
// CacheLib's Navy (an index in memory, regions evicted as a whole, what was hit written again) and
// bcache's rule that a slow device must not slow the fast one.
//
//   - One thread appends; a few read; no worker ever waits for a disk.  What can't be queued is not
//     written, and a lookup that can't be queued is a miss.
//   - Written is what was asked for twice: fetched a second time, or hit in memory.  Everything
//     else lives in memory only, and most of it is never missed.
//   - The oldest segment is evicted whole, but for what was hit since it was written; so the disk
//     sees large sequential writes, at most twice what was offered (disk_log.h).
//   - Nothing is served that does not agree with its checksums (disk_format.h).  A record that does
//     not is forgotten and fetched again.
//   - What replaces or ends a response on disk is in the index before the caller goes on, and in
//     the log within the time the queue takes.  After kill -9 in that instant, or a power cut, the
//     older response may be there again, as fresh as it ever was.
//   - A start reads a footer a segment, newest first, while requests are served; only the segment
//     that was open is searched.
//   - When the disk fails or is full, writing rests for a while and is tried again; reading goes
//     on as far as it can.
//
// Refused: a file per object (Apache's way: an inode, a directory entry and a seek each, and a
// cleaner that walks them all), sync after each object (a cache may lose its newest), mmap (a
// damaged disk is then SIGBUS), one ring file (what is being sent would be overwritten).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge/cache/disk_log.h"
#include "edge/cache/doorkeeper.h"
#include "gslb/base/clock.h"

namespace edge::cache {

struct DiskOptions {
  DiskLogOptions log;
  // Records up to this length are read as a whole, for memory; longer ones block by block.
  std::size_t whole_octets = 1 << 20;
  unsigned readers = 4;
  MemoryFile* memory_file = nullptr;  // for what comes into memory; must outlive the disk
  // After a failure to write: long enough not to hammer a disk that is full, short enough to be
  // back soon.
  gslb::milliseconds rest{2'000};
};

// Thread-safe.  Bodies it gives out refer to it.
class Disk {
 public:
  // Null when the folder can't be used (another process has it, no permission); `error` says why.
  // `clock` must outlive it.
  static std::unique_ptr<Disk> open(DiskOptions options, const gslb::Clock& clock,
                                    std::string* error);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Writes what is queued, seals the log, ends the threads.  No callback comes afterwards.
  void stop();

  // False: surely not.  Costs a hash and a short lock.
  bool may_have(const std::string& key);
  struct Found {
    ObjectRef object;            // null: none
    bool other_variant = false;  // there are responses, but for other requests
    bool whole = false;          // the body is in memory
  };
  // Calls `done` once, on another thread; at once and with nothing when too many wait already.
  using Done = std::function<void(Found)>;
  void find(const std::string& key, const http::Fields& request, const Done& done);

  // A response was fetched or validated: what it replaces is gone from here, and it is written if
  // the key came before.  REQUIRES: object->body->complete()
  void put(const std::string& key, const ObjectRef& object);
  // A response in memory was hit: it is written unless it is here.
  void put_hit(const std::string& key, ObjectRef object);
  // Ends every response of the key.
  void remove(const std::string& key);

  std::uint64_t hash_of(const std::string& key) const;

  struct Stats {
    std::uint64_t octets = 0;  // of all files
    std::uint64_t budget_octets = 0;
    std::uint64_t objects = 0;
    std::uint64_t index_octets = 0;
    std::uint64_t queued_octets = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;  // looked for on disk and not found there
    std::uint64_t written_octets = 0;
    std::uint64_t evicted_segments = 0;
    std::uint64_t reinserted = 0;
    std::uint64_t dropped = 0;         // not written: the queue was full or the disk failed
    std::uint64_t read_failures = 0;   // records that could not be read or did not agree
    std::uint64_t write_failures = 0;  // times the disk would not take what came
    bool writable = true;
    bool rebuilding = false;
  };
  Stats stats();

 private:
  struct Job {
    RecordName name;
    std::string key;
    ObjectRef object;  // null: a removal
    std::size_t octets = 0;
    bool replaces = false;     // there is an older one on disk
    bool one_variant = false;  // of a removal
  };
  Disk(DiskOptions options, const gslb::Clock& clock);
  bool take_folder(std::string* error);
  // The following REQUIRE the catalog's mutex.
  bool end_queued(std::uint64_t key, const std::optional<RecordName>& replaced_by);
  bool enqueue(RecordName name, const std::string& key, ObjectRef object, bool replaces);
  const Job* queued_of(std::uint64_t key, const std::function<bool(const Job&)>& fits) const;
  void enqueue_removal(RecordName name, bool one_variant);
  bool take_job();

  void write_loop();
  bool write(const Job& job);
  void read_loop();
  bool run_later(std::function<void()> work);
  Found look_up(const std::string& key, const http::Fields& request);
  std::shared_ptr<Body> body_of(DiskRecord record, const DiskIndex::Slot& slot);
  void count_hit(const DiskIndex::Slot& slot);
  void forget(const DiskIndex::Slot& slot);

  const DiskOptions options_;
  const gslb::Clock& clock_;
  int lock_ = -1;  // descriptor of the folder's lock file
  DiskCatalog catalog_;
  DiskLog log_;

  // Guarded by the catalog's mutex.
  Doorkeeper doorkeeper_;
  std::deque<Job> jobs_;
  std::deque<Job> removals_;
  std::optional<Job> current_;  // being written
  bool current_ended_ = false;  // and to be forgotten
  std::size_t queued_octets_ = 0;
  gslb::MonoTime resting_until_{};
  std::condition_variable job_came_;

  std::mutex reads_mutex_;
  std::deque<std::function<void()>> reads_;
  std::condition_variable read_came_;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> writable_{true};
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> read_failures_{0};
  std::atomic<std::uint64_t> write_failures_{0};
  std::vector<std::thread> threads_;
};

}  // namespace edge::cache
