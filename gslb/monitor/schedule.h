// When each target is asked next: thousands of them, spread, none twice at a time.
//
// Pure: time and randomness are arguments.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/random.h"

namespace gslb::monitor {

struct Rhythm {
  std::string key;
  milliseconds interval{10'000};
  milliseconds jitter{1'000};  // the interval varies by so much in all
};

// Thread-compatible.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed) {}

  // New keys are due soon, spread over 2 ms each but within half their interval; known ones stay
  // where they are; others are forgotten.
  void configure(const std::vector<Rhythm>& rhythms, MonoTime now);
  // A key due at or before `now`, which is being asked from then on; its next time is an interval
  // away, give or take the jitter.
  std::optional<std::string> take(MonoTime now);
  // It may be asked again.
  void finished(const std::string& key);
  // Due now; when it is being asked, once more as soon as that is over.
  void hasten(const std::string& key, MonoTime now);
  // nullopt: nothing is due ever, or not before something being asked is finished.
  std::optional<MonoTime> next() const;

 private:
  struct Entry {
    milliseconds interval;
    milliseconds jitter;
    MonoTime next;
    bool asking = false;
  };
  void set_next(const std::string& key, Entry& entry, MonoTime at);

  Random random_;
  std::map<std::string, Entry> entries_;
  std::set<std::pair<MonoTime, std::string>> due_;  // of those not being asked
};

}  // namespace gslb::monitor
