// gdnsd.config(5): up_thresh, ok_thresh, down_thresh.
#include "gslb/fleet/monitor_record.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace gslb::fleet {
namespace {

// '+' good, '-' bad, '?' unasked; the states after each: 'U' 'D' '?'.
std::string states(const Thresholds& thresholds, std::string_view results) {
  MonitorRecord record;
  std::string shown;
  for (const char c : results) {
    record.apply(c == '+'   ? Outcome::kGood
                 : c == '-' ? Outcome::kBad
                            : Outcome::kUnasked,
                 thresholds);
    shown += record.state == MonitorState::kUp     ? 'U'
             : record.state == MonitorState::kDown ? 'D'
                                                   : '?';
  }
  return shown;
}

TEST(MonitorRecord, AccountsAsGdnsdDoes) {
  const Thresholds few{.up = 3, .ok = 2, .down = 3};
  struct Row {
    const char* rule;
    Thresholds thresholds;
    const char* results;
    const char* states;
  };
  const Row rows[] = {
      {"the first result decides alone", few, "+", "U"},
      {"the first result decides alone", few, "-", "D"},
      {"what couldn't be asked says nothing", few, "??+?", "??UU"},
      {"down_thresh failures in a row", few, "+---", "UUUD"},
      {"failures with single successes between count on", few, "+-+-+-", "UUUUUD"},
      {"ok_thresh successes in a row forget them", few, "+--++--++--+-", "UUUUUUUUUUUUD"},
      {"up_thresh successes in a row bring it back", few, "-+++", "DDDU"},
      {"a failure between begins anew", few, "-++-+++", "DDDDDDU"},
      {"unasked breaks no row", few, "-+?+?+", "DDDDDU"},
      {"no failure of before the fall is kept", few, "+---+++--", "UUUDDDUUU"},
      {"thresholds of one", {1, 1, 1}, "+-+-", "UDUD"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(states(row.thresholds, row.results), row.states) << row.results;
  }
}

TEST(MonitorRecord, DefaultsAreGdnsds) {
  EXPECT_EQ(states({}, "+" + std::string(9, '-')).back(), 'U');
  EXPECT_EQ(states({}, "+" + std::string(10, '-')).back(), 'D');
  EXPECT_EQ(states({}, "-" + std::string(19, '+')).back(), 'D');
  EXPECT_EQ(states({}, "-" + std::string(20, '+')).back(), 'U');
}

// Against the man page read literally: the whole history looked at anew after each result.
MonitorState by_the_book(const Thresholds& thresholds, const std::string& history) {
  MonitorState state = MonitorState::kUnknown;
  std::size_t since = 0;  // first result in this state
  for (std::size_t i = 0; i < history.size(); ++i) {
    const std::string own = history.substr(since, i + 1 - since);
    if (state == MonitorState::kUnknown) {
      state = history[i] == '+' ? MonitorState::kUp : MonitorState::kDown;
      since = i + 1;
    } else if (state == MonitorState::kDown) {
      // Successes in a row: the result that made it down was a failure, so the row is all its own.
      const std::size_t last_bad = own.rfind('-');
      const std::size_t row =
          last_bad == std::string::npos ? own.size() : own.size() - 1 - last_bad;
      if (row >= thresholds.up) { state = MonitorState::kUp, since = i + 1; }
    } else {
      std::size_t failures = 0;
      std::size_t row = 0;
      for (const char c : own) {
        row = c == '+' ? row + 1 : 0;
        if (c == '-') { ++failures; }
        if (row >= thresholds.ok) { failures = 0; }
      }
      if (failures >= thresholds.down) { state = MonitorState::kDown, since = i + 1; }
    }
  }
  return state;
}

TEST(MonitorRecord, AnySequenceGivesWhatTheManPageSays) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Thresholds thresholds{static_cast<unsigned>(1 + random.below(4)),
                                static_cast<unsigned>(1 + random.below(4)),
                                static_cast<unsigned>(1 + random.below(4))};
    MonitorRecord record;
    std::string history;
    for (int step = 0; step < 60; ++step) {
      const bool good = random.below(10) < 2 + seed % 7;
      history += good ? '+' : '-';
      record.apply(good ? Outcome::kGood : Outcome::kBad, thresholds);
      ASSERT_EQ(record.state, by_the_book(thresholds, history)) << history;
    }
  }
}

}  // namespace
}  // namespace gslb::fleet
