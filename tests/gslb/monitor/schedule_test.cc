#include "gslb/monitor/schedule.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace gslb::monitor {
namespace {

using std::chrono::minutes;

std::vector<Rhythm> many(std::size_t count) {
  std::vector<Rhythm> rhythms;
  for (std::size_t i = 0; i < count; ++i) {
    rhythms.push_back({"target " + std::to_string(i), milliseconds(10'000), milliseconds(1'000)});
  }
  return rhythms;
}

TEST(Schedule, AThousandTargetsAreSpreadAndKeepTheirRhythm) {
  Schedule schedule(7);
  FakeClock clock;
  schedule.configure(many(1000), clock.mono());
  std::map<std::string, std::vector<MonoTime>> asked;
  std::size_t most_at_once = 0;
  const MonoTime end = clock.mono() + minutes(2);
  while (clock.mono() < end) {
    std::size_t at_once = 0;
    while (const auto key = schedule.take(clock.mono())) {
      asked[*key].push_back(clock.mono());
      schedule.finished(*key);
      ++at_once;
    }
    most_at_once = std::max(most_at_once, at_once);
    clock.advance(milliseconds(10));
  }
  EXPECT_EQ(asked.size(), 1000U);
  EXPECT_LT(most_at_once, 40U) << "no herd: 5 are due in 10 ms on average";
  for (const auto& [key, times] : asked) {
    EXPECT_LE(times[0] - (end - minutes(2)), milliseconds(2'010)) << key;
    for (std::size_t i = 1; i < times.size(); ++i) {
      EXPECT_GE(times[i] - times[i - 1], milliseconds(9'490)) << key;
      EXPECT_LE(times[i] - times[i - 1], milliseconds(10'520)) << key;
    }
  }
}

TEST(Schedule, WhatIsBeingAskedIsNotAskedAgain) {
  Schedule schedule(1);
  FakeClock clock;
  schedule.configure({{"a", milliseconds(100), milliseconds(0)}}, clock.mono());
  clock.advance(milliseconds(50));
  ASSERT_EQ(schedule.take(clock.mono()), "a");
  EXPECT_EQ(schedule.next(), std::nullopt);
  clock.advance(minutes(1));
  EXPECT_EQ(schedule.take(clock.mono()), std::nullopt);
  schedule.hasten("a", clock.mono());
  EXPECT_EQ(schedule.take(clock.mono()), std::nullopt);
  schedule.finished("a");
  EXPECT_EQ(schedule.take(clock.mono()), "a");
}

TEST(Schedule, HastenedIsDueNow) {
  Schedule schedule(1);
  FakeClock clock;
  schedule.configure({{"a", milliseconds(10'000), milliseconds(0)}}, clock.mono());
  clock.advance(milliseconds(5'000));
  ASSERT_EQ(schedule.take(clock.mono()), "a");
  schedule.finished("a");
  EXPECT_EQ(schedule.take(clock.mono()), std::nullopt);
  schedule.hasten("a", clock.mono());
  schedule.hasten("unknown", clock.mono());
  EXPECT_EQ(schedule.take(clock.mono()), "a");
}

TEST(Schedule, AReloadKeepsTheTimesOfWhatStays) {
  Schedule schedule(1);
  FakeClock clock;
  schedule.configure(many(2), clock.mono());
  clock.advance(milliseconds(5'000));
  while (const auto key = schedule.take(clock.mono())) { schedule.finished(*key); }
  const auto due = schedule.next();
  schedule.configure(many(2), clock.mono());
  EXPECT_EQ(schedule.next(), due);
  schedule.configure(many(3), clock.mono());
  EXPECT_LE(*schedule.next(), clock.mono() + milliseconds(6)) << "the new one soon";
  schedule.configure({}, clock.mono());
  EXPECT_EQ(schedule.next(), std::nullopt);
}

TEST(Schedule, WhatIsGoneMayFinishLate) {
  Schedule schedule(1);
  FakeClock clock;
  schedule.configure(many(1), clock.mono());
  clock.advance(milliseconds(5'000));
  const auto key = schedule.take(clock.mono());
  ASSERT_TRUE(key);
  schedule.configure({}, clock.mono());
  schedule.finished(*key);
  EXPECT_EQ(schedule.next(), std::nullopt);
}

}  // namespace
}  // namespace gslb::monitor
