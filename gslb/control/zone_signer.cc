#include "gslb/control/zone_signer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "gslb/base/file.h"
#include "gslb/base/log.h"
#include "gslb/control/zone_signer_entry.h"
#include "gslb/dns/serial.h"
#include "gslb/transfer/zone_copy.h"

namespace gslb::control {

namespace {

constexpr std::size_t kInlineRecords = 2000;  // some 6000 signatures, 0.2 s
constexpr milliseconds kInlineBudget{500};
constexpr seconds kInlinePeriod{5};
constexpr seconds kLongestSleep{30};
constexpr milliseconds kLookInterval{50};
constexpr seconds kRetry{30};
constexpr seconds kClockTolerance{5};
constexpr int kSigningNice = 10;  // workers and plans come first

}  // namespace

ZoneSigner::ZoneSigner(const Clock& clock, std::function<void(const dns::Name&)> on_ready)
    : clock_(clock),
      on_ready_(std::move(on_ready)),
      inline_since_(clock.mono()),
      last_mono_(clock.mono()),
      last_wall_(clock.wall()) {}

ZoneSigner::~ZoneSigner() { stop(); }

void ZoneSigner::start() {
  loop_ = std::make_unique<Loop>([this] { return tick(); });
  loop_->post([] { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kSigningNice); });
}

void ZoneSigner::stop() {
  stopping_ = true;
  if (loop_) { loop_->stop(); }
}

ZoneSigner::Entry* ZoneSigner::find(const dns::Name& apex) const {
  const auto found = entries_.find(zone_key(apex));
  return found == entries_.end() ? nullptr : found->second.get();
}

std::vector<dns::Name> ZoneSigner::configure(
    const config::Config& config, std::shared_ptr<const RoutedTypes> routed_types,
    const std::shared_ptr<const transfer::StaticAnswers>& statics) {
  dnssec::KeyDirectories directories;
  for (const auto& policy : config.dnssec) { directories.of(policy.key_dir); }  // without the lock
  std::lock_guard lock(mutex_);
  const bool types_changed = !routed_types_ || *routed_types_ != *routed_types;
  routed_types_ = std::move(routed_types);
  routed_ttl_s_ = 0;
  for (const auto& service : config.services) {
    routed_ttl_s_ = std::max(routed_ttl_s_, service.ttl_max_s);
  }
  routed_signers_.clear();
  copy_dir_ = config.server.state_dir.empty() ? "" : config.server.state_dir + "/signed";
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries;
  std::vector<dns::Name> restage;
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!apex) { continue; }
    const auto old = entries_.find(zone_key(*apex));
    if (!zone.dnssec) {
      if (old == entries_.end()) { continue; }
      restage.push_back(*apex);
      if (!old->second->may_have_ds()) { continue; }
      log_error("dnssec", "the zone lost its policy while the parent may have a DS; signed on",
                {{"zone", apex->to_string()},
                 {"hint", "give it back, with go_insecure = true in the policy"}});
      entries.emplace(zone_key(*apex), old->second);
      continue;
    }
    const auto policy = std::ranges::find_if(
        config.dnssec, [&](const auto& each) { return each.id.text == zone.dnssec->text; });
    auto entry = old != entries_.end() ? old->second : std::make_shared<Entry>();
    entry->apex = *apex;
    const bool denies_anew = entry->policy.denial != policy->denial ||
                             entry->policy.nsec3_opt_out != policy->nsec3_opt_out;
    entry->policy = *policy;
    ++entry->revision;
    entry->reads_keys = true;
    entry->directory = directories.of(policy->key_dir);
    const auto sent = zone.transfer->allow.empty() ? nullptr : statics;
    entry->is_stale = entry->is_stale || types_changed || entry->statics != sent || denies_anew;
    entry->statics = sent;
    entry->retry_at = clock_.wall();  // the policy may have changed anything
    if (old != entries_.end()) { restage.push_back(*apex); }
    entries.emplace(zone_key(*apex), std::move(entry));
  }
  entries_ = std::move(entries);
  return restage;
}

// ---- planning thread

Result<ZonePtr, std::string> ZoneSigner::stage(const StageInput& input) {
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(zone_key(input.apex));
  if (found == entries_.end()) { return input.source; }
  const std::shared_ptr<Entry> entry = found->second;
  if (entry->source != input.source) { ++entry->revision; }
  if (entry->source && input.source_changed && input.source != entry->source &&
      dns::is_newer_serial(entry->source->serial(), input.source->serial())) {
    log_warning("dnssec", "the serial of the file goes back; the served one goes on",
                {{"zone", input.apex.to_string()},
                 {"before", entry->source->serial()},
                 {"now", input.source->serial()}});
  }
  entry->source = input.source;
  entry->previous = input.previous;
  entry->serial = input.serial;
  const bool is_due =
      !entry->is_busy && entry->made_of != entry->revision && entry->failed_of != entry->revision;
  if (is_due && is_inline(*entry)) {
    const MonoTime start = clock_.mono();
    entry->is_busy = true;
    lock.unlock();
    run(entry, std::max(1U, std::thread::hardware_concurrency()));
    lock.lock();
    inline_spent_ += clock_.mono() - start;
  } else if (is_due) {
    queue(entry);
  }
  if (entry->made && entry->made_of == entry->revision) { take(*entry); }
  wake();
  if (entry->current && entry->current->source == input.source) { return entry->current->zone; }
  if (!entry->problem.empty()) { return Unexpected(entry->problem); }
  return Unexpected(std::string("being signed"));
}

bool ZoneSigner::is_inline(const Entry& entry) const {
  if (!entry.previous) { return true; }
  if (entry.source->record_count() > kInlineRecords) { return false; }
  return inline_spent_ < kInlineBudget;
}

SigningTask ZoneSigner::make_task(Entry& entry) {
  SigningTask task;
  task.apex = entry.apex;
  task.policy = entry.policy;
  task.source = entry.source;
  task.previous = entry.previous;
  task.current = entry.current;
  task.serial = entry.serial;
  task.keys = entry.keys;
  task.reads_keys = entry.reads_keys;
  task.directory = std::exchange(entry.directory, nullptr);
  task.is_stale = entry.is_stale;
  task.routed_ttl_s = routed_ttl_s_;
  task.routed_types = routed_types_;
  task.statics = entry.statics;
  task.now = clock_.wall();
  task.held_ttl_s = task.now < entry.held_until ? entry.held_ttl_s : 0;
  if (!copy_dir_.empty()) { task.copy_file = transfer::copy_path(copy_dir_, entry.apex); }
  task.is_cancelled = [this] { return stopping_.load(); };
  return task;
}

// REQUIRES: entry->is_busy, set by the caller; any thread.
void ZoneSigner::run(const std::shared_ptr<Entry>& entry, unsigned threads) {
  std::unique_lock lock(mutex_);
  SigningTask task = make_task(*entry);
  const std::uint64_t revision = entry->revision;
  lock.unlock();
  task.threads = threads;
  auto made = sign_version(task);
  lock.lock();
  entry->is_busy = false;
  if (entry->revision != revision) {  // overtaken: what is true now is tried soon
    entry->retry_at = clock_.wall();
    entry->reads_keys = true;  // it may have made some
    return;
  }
  entry->retry_at.reset();
  if (made) {
    signatures_made_ += (*made)->signatures_made;
    entry->made = std::move(*made);
    entry->made_of = revision;
    entry->problem.clear();
    return;
  }
  entry->retry_at = clock_.wall() + kRetry;
  entry->failed_of = revision;
  entry->reads_keys = true;
  if (stopping_ || entry->problem == made.error()) { return; }
  entry->problem = made.error();
  log_error("dnssec", "can't sign", {{"zone", entry->apex.to_string()}, {"why", entry->problem}});
}

// What was made is served from now on.  With the mutex.
void ZoneSigner::take(Entry& entry) {
  std::shared_ptr<SignedVersion> made = std::move(entry.made);
  entry.made = nullptr;
  const WallTime now = clock_.wall();
  std::vector<dnssec::KeyState> states;
  for (const dnssec::ZoneKey& key : made->keys) { states.push_back(key.state); }
  dnssec::start_waits_at(states, made->decided, std::chrono::ceil<seconds>(now));
  for (std::size_t i = 0; i < states.size(); ++i) { made->keys[i].state = states[i]; }
  if (entry.current && entry.current->max_ttl_s > made->max_ttl_s) {
    entry.held_ttl_s = entry.current->max_ttl_s;
    entry.held_until = now + seconds(entry.held_ttl_s + entry.policy.propagation_s);
  }
  if (!made->zone) { made->zone = entry.previous; }
  entry.keys = made->keys;
  entry.reads_keys = false;
  entry.is_stale = false;
  if (made->complaint != entry.problem && !made->complaint.empty()) {
    log_error("dnssec", "key files", {{"zone", entry.apex.to_string()}, {"why", made->complaint}});
  }
  entry.problem = made->complaint;
  if (!made->missing.empty() && !entry.policy.generate) {
    entry.problem = "a new " + std::string(dnssec::to_string(made->missing.front())) +
                    " is due: proximactl keys generate " + entry.apex.to_string();
  }
  const bool is_new = !entry.current || entry.current->zone != made->zone;
  entry.previous = made->zone;  // the one before must not stay in memory
  entry.current = std::move(made);
  save(entry);
  if (is_new && !copy_dir_.empty()) { keep_copy(entry); }
}

// For the next start: its signatures and its serial go on.
void ZoneSigner::keep_copy(const Entry& entry) {
  auto write = [path = transfer::copy_path(copy_dir_, entry.apex), zone = entry.current->zone,
                folder = copy_dir_, now = clock_.wall()] {
    make_folder(folder);
    if (transfer::save_copy(path, *zone, now)) { return; }
    log_warning("dnssec", "the signed zone can't be kept for the next start",
                {{"file", path}, {"error", std::strerror(errno)}});
  };
  if (loop_) {
    loop_->post(std::move(write));
  } else {
    write();
  }
}

bool ZoneSigner::save(Entry& entry) {
  Problems problems;
  if (dnssec::save_states(entry.policy.key_dir, entry.keys, problems)) { return true; }
  const std::string problem = problems.list().front().to_string();
  if (problem != entry.problem) { log_error("dnssec", problem); }
  entry.problem = problem;
  return false;
}

// ---- signing thread

void ZoneSigner::queue(const std::shared_ptr<Entry>& entry) {
  if (!loop_) { return; }
  entry->is_busy = true;
  loop_->post([this, entry] {
    run(entry, 1);
    {
      std::lock_guard lock(mutex_);
      if (!entry->made || entry->made_of != entry->revision) { return; }
      // The next step of a rollover may change nothing in the zone.
      if (!entry->made->zone && entry->made->source == entry->source) {
        take(*entry);
        return;
      }
    }
    if (!stopping_) { on_ready_(entry->apex); }
  });
}

std::optional<MonoTime> ZoneSigner::tick() {
  if (stopping_) { return std::nullopt; }
  std::lock_guard lock(mutex_);
  // After every task: with a hundred thousand zones that may not be a look at each.
  if (clock_.mono() < next_look_) { return next_look_; }
  next_look_ = clock_.mono() + kLookInterval;
  note_clock();
  const WallTime now = clock_.wall();
  const MonoTime mono = clock_.mono();
  if (mono - inline_since_ >= kInlinePeriod) {
    inline_since_ = mono;
    inline_spent_ = {};
  }
  WallTime next = now + kLongestSleep;
  for (const auto& [key, entry] : entries_) {
    const bool waits = entry->made && entry->made_of == entry->revision;
    if (entry->is_busy || waits || !entry->source) { continue; }
    const auto event = entry->next_event();
    if (!event) { continue; }
    if (*event > now) {
      next = std::min(next, *event);
    } else {
      queue(entry);
    }
  }
  return mono + std::max<MonoTime::duration>(next - now, kLookInterval);
}

// A clock that was set forward must not end the waits of rollovers.
void ZoneSigner::note_clock() {
  const WallTime wall = clock_.wall();
  const MonoTime mono = clock_.mono();
  const auto forward = std::chrono::floor<seconds>((wall - last_wall_) - (mono - last_mono_));
  last_wall_ = wall;
  last_mono_ = mono;
  if (forward < kClockTolerance) { return; }
  log_warning("dnssec", "the clock was set forward; waits of rollovers start anew by that much",
              {{"seconds", forward.count()}});
  for (const auto& [key, entry] : entries_) {
    std::vector<dnssec::KeyState> states;
    for (const dnssec::ZoneKey& each : entry->keys) { states.push_back(each.state); }
    dnssec::allow_for_clock_step(states, forward);
    for (std::size_t i = 0; i < states.size(); ++i) { entry->keys[i].state = states[i]; }
    ++entry->revision;
    entry->retry_at = wall;
  }
}

void ZoneSigner::wake() {
  if (loop_) {
    loop_->post([] {});
  }
}

}  // namespace gslb::control
