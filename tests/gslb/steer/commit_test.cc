// Bandwidth paid by its 95th percentile: what is free stays free, and nothing moves in jumps.
#include "gslb/steer/commit.h"

#include <gtest/gtest.h>

namespace {

using namespace gslb::steer;
using gslb::WallTime;

// 2026-06-01T00:00Z; the month has 8,640 samples.
constexpr std::int64_t kJune = 1'780'272'000;

class Commitment : public testing::Test {
 protected:
  // So many whole five minutes at this rate.
  void run(int slots, double mbps) {
    for (int i = 0; i < slots * 20; ++i) {
      meter_.add(mbps, WallTime(std::chrono::seconds(now_s_)));
      now_s_ += 15;
    }
  }
  // Of the whole surcharge.
  double share() const { return meter_.surcharge_per_gb() / (100 / kGb); }

  static constexpr double kGb = 0.125e-3 * 30.4375 * 86'400;
  CommitMeter meter_{{.mbps = 1000, .cost_per_mbps = 100}};
  std::int64_t now_s_ = kJune;
};

TEST_F(Commitment, BelowItTrafficIsFree) {
  run(2000, 850);
  EXPECT_EQ(meter_.surcharge_per_gb(), 0);
  EXPECT_EQ(meter_.billed_mbps(), 1000);
  EXPECT_EQ(meter_.bursts(), 0U);
}

TEST_F(Commitment, OneSampleInTwentyMayBeAboveIt) {
  run(1000, 500);
  run(5, 5000);
  EXPECT_EQ(meter_.billed_mbps(), 1000);
  EXPECT_LT(share(), 0.12) << "45 more are free";
  run(1, 500);
  EXPECT_EQ(meter_.bursts(), 5U);
}

TEST_F(Commitment, OnceTheFreeOnesAreUsedUpMoreIsPaidFor) {
  run(400, 500);
  run(60, 3000);
  EXPECT_EQ(meter_.billed_mbps(), 3000) << "13 % of all samples";
  EXPECT_NEAR(share(), 1, 1e-9);
  run(1, 3000);
  EXPECT_LE(share(), 1);
}

TEST_F(Commitment, ItGrowsInAnHourAndFadesInHalfADay) {
  run(400, 500);
  double last = share();
  for (int i = 0; i < 60; ++i) {
    run(1, 3000);
    EXPECT_LE(share() - last, 1.0 / 12 + 1e-9);
    last = share();
  }
  EXPECT_NEAR(last, 1, 1e-9);
  for (int i = 0; i < 100; ++i) {
    run(1, 10);
    EXPECT_LE(last - share(), 1.0 / 144 + 1e-9);
    last = share();
  }
  EXPECT_GT(last, 0.2) << "nobody is back at once";
  run(60, 10);
  EXPECT_EQ(share(), 0);
}

TEST_F(Commitment, ANewMonthOwesNothing) {
  run(30 * 288, 3000);
  EXPECT_EQ(meter_.billed_mbps(), 3000);
  run(2, 500);
  EXPECT_EQ(meter_.billed_mbps(), 1000);
  EXPECT_EQ(meter_.free_bursts(), 0U);
}

TEST_F(Commitment, SurvivesARestartToTheLastDigit) {
  run(300, 500);
  run(40, 3000.25);
  CommitMeter next({.mbps = 1000, .cost_per_mbps = 100});
  next.read(meter_.write());
  EXPECT_EQ(next.write(), meter_.write());
  EXPECT_EQ(next.surcharge_per_gb(), meter_.surcharge_per_gb());
  EXPECT_EQ(next.billed_mbps(), meter_.billed_mbps());
}

TEST_F(Commitment, DamagedLinesChangeNothing) {
  run(300, 500);
  const std::string before = meter_.write();
  for (const char* line :
       {"", "x", "5", "5 nan", "5 -1", "5 1 x", "5 1 nan", "5 1 -3", "5 1 1e99"}) {
    meter_.read(line);
    EXPECT_EQ(meter_.write(), before) << line;
  }
}

}  // namespace
