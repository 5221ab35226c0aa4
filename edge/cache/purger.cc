#include "edge/cache/purger.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "edge/cache/key.h"
#include "gslb/base/log.h"

namespace edge::cache {
namespace {

// The journal is written anew when it is so much larger than what is left of it.
constexpr std::uint64_t kSlack = 1 << 20;

void follow(std::vector<OrderCursor>& cursors, const OrderCursor& cursor) {
  const auto same = std::find_if(cursors.begin(), cursors.end(), [&](const OrderCursor& each) {
    return each.source == cursor.source;
  });
  if (same == cursors.end()) {
    cursors.push_back(cursor);
  } else {
    *same = cursor;
  }
}

}  // namespace

Purger::Purger(PurgeBook& book, Tiers& tiers, FlightTable& flights, const std::string& journal)
    : book_(book), tiers_(tiers), flights_(flights) {
  if (!journal.empty()) { restore(journal); }
  thread_ = std::thread([this] { run(); });
}

Purger::~Purger() { stop(); }

void Purger::restore(const std::string& path) {
  PurgeJournal::Content content = PurgeJournal::read(path);
  book_.apply(content.marks);
  began_empty_ = !content.found;
  if (content.damaged) {
    gslb::log_warning("purge", "the journal is damaged: all that is stored is validated first",
                      {{"file", path}});
    const std::uint64_t number = book_.next_number(std::chrono::system_clock::now());
    book_.apply(std::vector<PurgeMark>{mark_of({PurgeKind::kAll, true, ""}, number)});
  }
  followed_ = content.cursors;
  kept_ = std::move(content.cursors);
  journal_ = std::make_unique<PurgeJournal>(path);
  write({});
}

void Purger::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  came_.notify_all();
  if (thread_.joinable()) { thread_.join(); }
}

bool Purger::submit(std::vector<Purge> purges, std::optional<OrderCursor> cursor, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_purges_ + purges.size() > kMostWaiting) {
      refused_.fetch_add(purges.size(), std::memory_order_relaxed);
      return false;
    }
    waiting_purges_ += purges.size();
    waiting_.push_back({std::move(purges), cursor, std::move(done)});
  }
  came_.notify_one();
  return true;
}

bool Purger::admit(std::size_t purges, std::int64_t per_second, gslb::MonoTime now) {
  constexpr double kSeconds = 10;
  const auto rate = static_cast<double>(per_second);
  const std::lock_guard lock(mutex_);
  const std::chrono::duration<double> since =
      room_at_ ? now - *room_at_ : std::chrono::duration<double>(kSeconds);
  room_ = std::min(room_ + since.count() * rate, rate * kSeconds);
  room_at_ = now;
  if (room_ < static_cast<double>(purges)) {
    refused_.fetch_add(purges, std::memory_order_relaxed);
    return false;
  }
  room_ -= static_cast<double>(purges);
  return true;
}

OrderCursor Purger::cursor(std::uint64_t source) const {
  const std::lock_guard lock(mutex_);
  for (const OrderCursor& each : kept_) {
    if (each.source == source) { return each; }
  }
  return {source, 0, 0};
}

void Purger::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    take_due();
    if (waiting_.empty()) {
      if (stopping_) { return; }
      if (again_.empty()) {
        came_.wait(lock);
      } else {
        came_.wait_until(lock, again_.front().due);
      }
      continue;
    }
    std::vector<Batch> batches(std::make_move_iterator(waiting_.begin()),
                               std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    for (const Batch& batch : batches) { waiting_purges_ -= batch.purges.size(); }
    lock.unlock();
    carry_out(batches);
    batches.clear();  // not under the lock: who waits may go with them
    lock.lock();
  }
}

void Purger::submit_again(std::vector<Purge> purges, gslb::MonoTime due) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_purges_ + purges.size() > kMostWaiting) { return; }
    waiting_purges_ += purges.size();
    again_.push_back({due, std::move(purges)});
  }
  came_.notify_one();
}

// REQUIRES: the mutex.
void Purger::take_due() {
  const auto now = std::chrono::steady_clock::now();
  while (!again_.empty() && again_.front().due <= now) {
    waiting_.push_back({std::move(again_.front().purges), std::nullopt, [](bool) {}});
    again_.pop_front();
  }
}

void Purger::carry_out(const std::vector<Batch>& batches) {
  std::vector<PurgeMark> marks;
  std::uint64_t number = book_.next_number(std::chrono::system_clock::now());
  for (const Batch& batch : batches) {
    for (const Purge& purge : batch.purges) { marks.push_back(mark_of(purge, number++)); }
    if (batch.cursor) { follow(followed_, *batch.cursor); }
  }
  const bool kept = write(marks);
  book_.apply(marks);
  for (const Batch& batch : batches) {
    for (const Purge& purge : batch.purges) {
      take_out(purge);
      purges_[static_cast<std::size_t>(purge.kind) - 1].fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (kept) {
    const std::lock_guard lock(mutex_);
    kept_ = followed_;
  }
  for (const Batch& batch : batches) { batch.done(kept); }
}

// A journal that could not be written is tried anew as a whole, so that it has no gap.
bool Purger::write(const std::vector<PurgeMark>& marks) {
  if (!journal_) { return true; }
  const bool appended = journal_->octets() > 0 && journal_->add(marks, followed_);
  bool written = appended;
  std::vector<PurgeMark> all;
  const std::uint64_t room = 2 * 40 * (book_.figures().marks * 2 + 8) + kSlack;
  if (!appended || journal_->octets() > room) {
    all = book_.marks();
    all.insert(all.end(), marks.begin(), marks.end());
    written = journal_->begin(all, followed_);
  }
  if (!written && writable_) {
    gslb::log_error("purge", "the journal can't be written: purges hold until the next start",
                    {{"why", std::generic_category().message(errno)}});
  }
  writable_ = written;
  return written;
}

// What nobody may have any more need not wait for being looked up.
void Purger::take_out(const Purge& purge) {
  if (purge.kind != PurgeKind::kUrl || purge.soft) { return; }
  const std::size_t space = purge.value.find(' ');
  const std::string host = purge.value.substr(0, space);
  const std::string target = purge.value.substr(space + 1);
  for (const bool secure : {false, true}) {
    const std::string key = primary_key(host, target, secure);
    flights_.invalidate(key);
    tiers_.remove(key);
  }
}

Purger::Figures Purger::figures() const {
  Figures figures;
  for (std::size_t i = 0; i < kPurgeKinds; ++i) {
    figures.purges[i] = purges_[i].load(std::memory_order_relaxed);
  }
  figures.refused = refused_.load(std::memory_order_relaxed);
  figures.journal_writable = writable_;
  return figures;
}

}  // namespace edge::cache
