#include "gslb/answer/rate_limiter.h"

#include <gtest/gtest.h>

namespace gslb::answer {
namespace {

using Verdict = RateTable::Verdict;

Address address(const char* text) { return *Address::parse(text); }

RateLimits limits_of(double rate, unsigned slip = 2) {
  RateLimits limits;
  limits.per_second.fill(rate);
  limits.slip = slip;
  return limits;
}

// How many of `count` like answers at one moment are sent.
int sent(RateTable& table, const char* client, int count, std::uint32_t now_ms,
         RateClass klass = RateClass::kPositive, std::uint64_t key = 1) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += table.judge(address(client), klass, key, now_ms) == Verdict::kSend ? 1 : 0;
  }
  return sum;
}

TEST(RateTable, SendsASecondsWorthAtOnceThenAsFastAsTheRate) {
  const RateLimits limits = limits_of(10);
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 5000), 10);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 5500), 5);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 5550), 0);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 5601), 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 900'000), 10);
}

TEST(RateTable, GoesOnWhereTheClockWraps) {
  const RateLimits limits = limits_of(10);
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 0xffffff00U), 10);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 0xffffff00U + 500), 5);
}

TEST(RateTable, EachWorkerRefillsItsShare) {
  const RateLimits limits = limits_of(100);
  RateTable table(limits, 4);
  EXPECT_EQ(sent(table, "192.0.2.1", 1000, 0), 100);
  EXPECT_EQ(sent(table, "192.0.2.1", 1000, 1000), 25);
}

TEST(RateTable, TellsNetworksClassesAndKeysApart) {
  const RateLimits limits = limits_of(1, 0);
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 0), 1);
  EXPECT_EQ(sent(table, "192.0.2.254", 5, 0), 0);  // the same /24
  EXPECT_EQ(sent(table, "192.0.3.1", 5, 0), 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 0, RateClass::kNegative), 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 0, RateClass::kPositive, 2), 1);
  EXPECT_EQ(sent(table, "2001:db8:0:1::1", 5, 0), 1);
  EXPECT_EQ(sent(table, "2001:db8:0:ff::1", 5, 0), 0);  // the same /56
  EXPECT_EQ(sent(table, "2001:db8:0:100::1", 5, 0), 1);
}

TEST(RateTable, SlipsEveryNthOfTheRest) {
  for (const unsigned slip : {0U, 1U, 2U, 5U}) {
    const RateLimits limits = limits_of(1, slip);
    RateTable table(limits, 1);
    int slipped = 0;
    int dropped = 0;
    for (int i = 0; i < 101; ++i) {
      const Verdict verdict = table.judge(address("192.0.2.1"), RateClass::kError, 0, 7);
      slipped += verdict == Verdict::kSlip ? 1 : 0;
      dropped += verdict == Verdict::kDrop ? 1 : 0;
    }
    EXPECT_EQ(slipped, slip == 0 ? 0 : 100 / static_cast<int>(slip));
    EXPECT_EQ(slipped + dropped, 100);
  }
}

TEST(RateTable, ClassWithoutARateIsNotLimited) {
  RateLimits limits = limits_of(1);
  limits.per_second[static_cast<std::size_t>(RateClass::kReferral)] = 0;
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 50, 0, RateClass::kReferral), 50);
}

TEST(RateTable, RateBelowOneStillSendsNowAndThen) {
  const RateLimits limits = limits_of(0.5);
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 0), 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 1999), 0);
  EXPECT_EQ(sent(table, "192.0.2.1", 5, 2100), 1);
}

TEST(RateTable, FloodFromEverywhereForgetsOnlyWhatWasUnusedLongest) {
  RateLimits limits = limits_of(5, 0);
  limits.buckets = 1024;
  RateTable table(limits, 1);
  EXPECT_EQ(sent(table, "192.0.2.1", 100, 0), 5);
  std::uint32_t now = 0;
  for (std::uint32_t network = 0; network < 200'000; ++network) {
    if (network % 50 == 0) { now += 1; }
    table.judge(Address::v4(network << 8), RateClass::kPositive, 1, now);
    // In use all the while, so it stays limited to its rate.
    if (network % 100 == 0) { table.judge(address("192.0.2.1"), RateClass::kPositive, 1, now); }
  }
  EXPECT_LE(sent(table, "192.0.2.1", 100, now), 1);
}

}  // namespace
}  // namespace gslb::answer
