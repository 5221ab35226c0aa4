#include "gslb/monitor/schedule.h"

#include <algorithm>

namespace gslb::monitor {
namespace {

constexpr milliseconds kSpreadEach{2};

}  // namespace

void Schedule::set_next(const std::string& key, Entry& entry, MonoTime at) {
  if (!entry.asking) {
    due_.erase({entry.next, key});
    due_.emplace(at, key);
  }
  entry.next = at;
}

void Schedule::configure(const std::vector<Rhythm>& rhythms, MonoTime now) {
  std::map<std::string, Entry> before = std::exchange(entries_, {});
  due_.clear();
  for (const Rhythm& rhythm : rhythms) {
    Entry entry{rhythm.interval, rhythm.jitter, now};
    if (const auto known = before.find(rhythm.key); known != before.end()) {
      entry = known->second;
    } else {
      const milliseconds spread =
          std::min(rhythm.interval / 2, kSpreadEach * static_cast<int>(rhythms.size()));
      entry.next += milliseconds(random_.below(static_cast<std::uint64_t>(spread.count()) + 1));
    }
    if (!entry.asking) { due_.emplace(entry.next, rhythm.key); }
    entries_.emplace(rhythm.key, entry);
  }
}

std::optional<std::string> Schedule::take(MonoTime now) {
  if (due_.empty() || due_.begin()->first > now) { return std::nullopt; }
  std::string key = due_.begin()->second;
  due_.erase(due_.begin());
  Entry& entry = entries_.at(key);
  entry.asking = true;
  entry.next = now + entry.interval - entry.jitter / 2 +
               milliseconds(random_.below(static_cast<std::uint64_t>(entry.jitter.count()) + 1));
  return key;
}

void Schedule::finished(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.asking) { return; }
  found->second.asking = false;
  due_.emplace(found->second.next, key);
}

void Schedule::hasten(const std::string& key, MonoTime now) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) { set_next(key, found->second, std::min(now, found->second.next)); }
}

std::optional<MonoTime> Schedule::next() const {
  if (due_.empty()) { return std::nullopt; }
  return due_.begin()->first;
}

}  // namespace gslb::monitor
