#include "edge/cache/disk.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "gslb/base/file.h"
#include "gslb/base/hash.h"
#include "gslb/base/log.h"

namespace edge::cache {
namespace {

// Bodies waiting to be written are memory beyond the store's budget.
constexpr std::size_t kMostQueuedOctets = 32 << 20;
constexpr std::size_t kMostQueued = 4096;
// Lookups waiting; beyond these the origin is the quicker way.
constexpr std::size_t kMostReads = 4096;

std::string reason() { return std::generic_category().message(errno); }

}  // namespace

std::unique_ptr<Disk> Disk::open(DiskOptions options, const gslb::Clock& clock,
                                 std::string* error) {
  std::unique_ptr<Disk> disk(new Disk(std::move(options), clock));
  if (!disk->take_folder(error)) { return nullptr; }
  disk->threads_.emplace_back([self = disk.get()] { self->write_loop(); });
  for (unsigned i = 0; i < disk->options_.readers; ++i) {
    disk->threads_.emplace_back([self = disk.get()] { self->read_loop(); });
  }
  return disk;
}

// The lock first: what another process is writing may look like damage.
bool Disk::take_folder(std::string* error) {
  const std::string& folder = options_.log.folder;
  if (const std::error_code failed = gslb::make_folder(folder)) {
    *error = folder + ": " + failed.message();
    return false;
  }
  const std::string lock = folder + "/lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) {
    *error = lock + ": " + reason();
    return false;
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    *error = folder + ": another process uses it";
    return false;
  }
  log_.open_segments();
  return true;
}

Disk::Disk(DiskOptions options, const gslb::Clock& clock)
    : options_(std::move(options)), clock_(clock), log_(options_.log, catalog_) {}

Disk::~Disk() {
  stop();
  if (lock_ >= 0) { ::close(lock_); }
}

void Disk::stop() {
  {
    const std::lock_guard writing(catalog_.mutex);
    const std::lock_guard reading(reads_mutex_);
    stopping_ = true;
  }
  job_came_.notify_all();
  read_came_.notify_all();
  for (std::thread& thread : threads_) { thread.join(); }
  threads_.clear();
}

std::uint64_t Disk::hash_of(const std::string& key) const {
  return gslb::hash_text(key, log_.hash_seed());
}

// What will be on disk is as good as there.
const Disk::Job* Disk::queued_of(std::uint64_t key,
                                 const std::function<bool(const Job&)>& fits) const {
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    if (job->name.key == key && fits(*job)) { return &*job; }
  }
  const bool current = current_ && current_->object && !current_ended_ &&
                       current_->name.key == key && fits(*current_);
  return current ? &*current_ : nullptr;
}

bool Disk::may_have(const std::string& key) {
  const std::uint64_t hash = hash_of(key);
  const std::lock_guard lock(catalog_.mutex);
  return catalog_.index.has(hash) || queued_of(hash, [](const Job&) { return true; }) != nullptr;
}

// --- what goes to disk -------------------------------------------------------------------------

// Takes queued writes of the key back: all of them, or those that `replaced_by` replaces.  True
// when a record has to be ended on disk: of one that is being written, or that such a write was to
// replace.
bool Disk::end_queued(std::uint64_t key, const std::optional<RecordName>& replaced_by) {
  const auto ends = [&](const Job& job) {
    return job.name.key == key &&
           (!replaced_by || job.name == *replaced_by || job.name.names != replaced_by->names);
  };
  bool on_disk = false;
  std::erase_if(jobs_, [&](const Job& job) {
    if (!ends(job)) { return false; }
    queued_octets_ -= job.octets;
    on_disk = on_disk || job.replaces;
    return true;
  });
  if (current_ && current_->object && ends(*current_)) { on_disk = current_ended_ = true; }
  return on_disk;
}

bool Disk::enqueue(RecordName name, const std::string& key, ObjectRef object, bool replaces) {
  const auto octets = static_cast<std::size_t>(object->body->memory_octets());
  const bool fits = object->body->size() <= log_.max_record_octets();
  if (!fits) { return false; }
  const bool room = jobs_.size() < kMostQueued && queued_octets_ + octets <= kMostQueuedOctets;
  if (!room || !writable_ || stopping_) {
    ++dropped_;
    return false;
  }
  queued_octets_ += octets;
  jobs_.push_back({name, key, std::move(object), octets, replaces, false});
  job_came_.notify_one();
  return true;
}

void Disk::enqueue_removal(RecordName name, bool one_variant) {
  removals_.push_back({name, {}, nullptr, 0, false, one_variant});
  job_came_.notify_one();
}

void Disk::put(const std::string& key, const ObjectRef& object) {
  const RecordName name = record_name(key, object->variant, log_.hash_seed());
  object->seen_by_disk.set();
  const std::lock_guard lock(catalog_.mutex);
  const bool same = catalog_.index.erase(name) > 0;
  const bool others = catalog_.index.erase_other_names(name.key, name.names) > 0;
  const bool queued = end_queued(name.key, name);
  if (catalog_.rebuilding) { catalog_.ended.insert(name.key); }
  // During the rebuild nobody knows what is on disk yet.
  const bool had = same || others || queued || catalog_.rebuilding;
  const bool came_before = doorkeeper_.pass(name.key);
  if ((had || came_before) && enqueue(name, key, object, had)) { return; }
  if (had) { enqueue_removal(name, !others && !queued); }
  // A hit in memory may try again.
  object->seen_by_disk.clear();
}

void Disk::put_hit(const std::string& key, ObjectRef object) {
  if (!object->body->in_memory()) { return; }
  const RecordName name = record_name(key, object->variant, log_.hash_seed());
  const std::lock_guard lock(catalog_.mutex);
  const Job* queued = queued_of(name.key, [&](const Job& job) { return job.name == name; });
  if (queued != nullptr || catalog_.index.has(name) || catalog_.rebuilding) { return; }
  enqueue(name, key, std::move(object), false);
}

void Disk::remove(const std::string& key) {
  const std::uint64_t hash = hash_of(key);
  const std::lock_guard lock(catalog_.mutex);
  const bool queued = end_queued(hash, std::nullopt);
  const bool had = catalog_.index.erase_key(hash) > 0;
  if (catalog_.rebuilding) { catalog_.ended.insert(hash); }
  if (had || queued || catalog_.rebuilding) { enqueue_removal({hash, 0, 0}, false); }
}

bool Disk::take_job() {
  std::deque<Job>& from = removals_.empty() ? jobs_ : removals_;
  if (from.empty()) { return false; }
  current_ = std::move(from.front());
  current_ended_ = false;
  from.pop_front();
  queued_octets_ -= current_->octets;
  return true;
}

bool Disk::write(const Job& job) {
  if (!job.object) { return log_.append_removal(job.name, job.one_variant); }
  return log_.append_object(job.name, meta_of(job.key, *job.object, clock_), *job.object->body,
                            [this] { return !current_ended_; });
}

void Disk::write_loop() {
  log_.rebuild(stopping_);
  std::unique_lock lock(catalog_.mutex);
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    const bool resting = now < resting_until_;
    if (resting && !stopping_) {
      job_came_.wait_until(lock, resting_until_);
      continue;
    }
    writable_ = true;
    if (!take_job()) {
      if (stopping_) { break; }
      job_came_.wait(lock);
      continue;
    }
    lock.unlock();
    const bool written = write(*current_);
    const std::string why = written ? "" : reason();
    lock.lock();
    Job done = std::move(*current_);
    current_.reset();
    if (written) { continue; }
    ++write_failures_;
    gslb::log_warning("disk", "can't write, resting", {{"why", why}});
    writable_ = false;
    resting_until_ = now + options_.rest;
    if (stopping_) { break; }
    // An end must not be forgotten; an object may.
    if (!done.object) {
      removals_.push_front(std::move(done));
    } else {
      ++dropped_;
      if (done.replaces) { removals_.push_front({done.name, {}, nullptr, 0, false, false}); }
    }
  }
  lock.unlock();
  log_.seal();
}

// --- what comes from disk ----------------------------------------------------------------------

bool Disk::run_later(std::function<void()> work) {
  {
    const std::lock_guard lock(reads_mutex_);
    if (stopping_) { return false; }
    reads_.push_back(std::move(work));
  }
  read_came_.notify_one();
  return true;
}

void Disk::read_loop() {
  std::unique_lock lock(reads_mutex_);
  while (!stopping_) {
    if (reads_.empty()) {
      read_came_.wait(lock);
      continue;
    }
    const std::function<void()> work = std::move(reads_.front());
    reads_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void Disk::find(const std::string& key, const http::Fields& request, const Done& done) {
  {
    const std::lock_guard lock(reads_mutex_);
    if (reads_.size() < kMostReads && !stopping_) {
      reads_.emplace_back([this, key, request, done] { done(look_up(key, request)); });
      read_came_.notify_one();
      return;
    }
  }
  done({});
}

void Disk::count_hit(const DiskIndex::Slot& slot) {
  const std::lock_guard lock(catalog_.mutex);
  catalog_.index.count_hit(slot);
}

void Disk::forget(const DiskIndex::Slot& slot) {
  ++read_failures_;
  const std::lock_guard lock(catalog_.mutex);
  catalog_.index.erase(slot);
}

Disk::Found Disk::look_up(const std::string& key, const http::Fields& request) {
  Found found;
  std::vector<std::pair<DiskIndex::Slot, DiskSegmentRef>> places;
  {
    std::vector<DiskIndex::Slot> slots;
    const std::uint64_t hash = hash_of(key);
    const std::lock_guard lock(catalog_.mutex);
    const Job* queued = queued_of(hash, [&](const Job& job) {
      return job.key == key && matches(job.object->variant, request);
    });
    if (queued != nullptr) {
      ++hits_;
      return {queued->object, false, true};
    }
    catalog_.index.find(hash, slots);
    for (const DiskIndex::Slot& slot : slots) {
      const auto segment = catalog_.segments.find(slot.sequence);
      if (segment != catalog_.segments.end()) { places.emplace_back(slot, segment->second); }
    }
  }
  for (auto& [slot, segment] : places) {
    auto record =
        read_record(segment, std::uint64_t{slot.at} * kDiskUnit, slot.units, options_.whole_octets);
    if (!record) {
      forget(slot);
      continue;
    }
    if (record->meta.key != key) { continue; }
    found.other_variant = true;
    if (!matches(record->meta.variant, request)) { continue; }
    RecordMeta meta = record->meta;
    found.whole = record->octets.size() >= record->frame.octets();
    const auto body = body_of(std::move(*record), slot);
    if (!body) { continue; }
    const auto object = object_of(std::move(meta), body, clock_);
    object->seen_by_disk.set();
    found.object = object;
    found.other_variant = false;
    ++hits_;
    // One that stays on disk is counted when it is read.
    if (found.whole) { count_hit(slot); }
    return found;
  }
  ++misses_;
  return found;
}

std::shared_ptr<Body> Disk::body_of(DiskRecord record, const DiskIndex::Slot& slot) {
  const std::uint64_t size = record.frame.body_octets;
  if (record.octets.size() < record.frame.octets()) {
    DiskBodyHooks hooks;
    hooks.run_later = [this](std::function<void()> work) { return run_later(std::move(work)); };
    hooks.used = [this, slot] { count_hit(slot); };
    hooks.damaged = [this, slot] { forget(slot); };
    return std::make_shared<Body>(disk_body(std::move(record), std::move(hooks)));
  }
  auto body = std::make_shared<Body>(Body::Mode::kKeep, options_.memory_file);
  std::string octets;
  if (size > 0 && !read_blocks(record, 0, size, octets)) {
    forget(slot);
    return nullptr;
  }
  body->append(std::move(octets));
  body->finish();
  return body;
}

Disk::Stats Disk::stats() {
  Stats stats;
  const DiskLog::Counters& log = log_.counters();
  stats.budget_octets = options_.log.octets;
  stats.hits = hits_;
  stats.misses = misses_;
  stats.written_octets = log.written_octets;
  stats.evicted_segments = log.evicted_segments;
  stats.reinserted = log.reinserted;
  stats.dropped = dropped_;
  stats.read_failures = read_failures_;
  stats.write_failures = write_failures_;
  stats.writable = writable_;
  const std::lock_guard lock(catalog_.mutex);
  for (const auto& [sequence, segment] : catalog_.segments) { stats.octets += segment->octets(); }
  stats.objects = catalog_.index.size();
  stats.index_octets = catalog_.index.memory_octets();
  stats.queued_octets = queued_octets_;
  stats.rebuilding = catalog_.rebuilding;
  return stats;
}

}  // namespace edge::cache
