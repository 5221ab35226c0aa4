#include "gslb/fleet/balance.h"

#include <gtest/gtest.h>

namespace gslb::fleet {
namespace {

TEST(Yield, WithinTheBandNothingChanges) {
  Yield yield;
  for (const double ratio : {1.0, 1.1, 1.2}) { yield.decide(ratio); }
  EXPECT_EQ(yield.share, 0);
  yield.share = 0.4;
  for (const double ratio : {1.0, 1.1, 1.2}) { yield.decide(ratio); }
  EXPECT_EQ(yield.share, 0.4);
}

TEST(Yield, WhatIsTooMuchGoesAndWhatHasRoomComesBack) {
  Yield yield;
  yield.decide(2.2);
  EXPECT_NEAR(yield.share, 0.5, 1e-9) << "half of it is 1.1";
  yield.decide(0.9);
  EXPECT_LT(yield.share, 0.5);
  EXPECT_GT(yield.share, 0);
  for (int i = 0; i < 30; ++i) { yield.decide(0.1); }
  EXPECT_EQ(yield.share, 0);
  yield.decide(0.1);
  EXPECT_EQ(yield.share, 0) << "nothing is left to take back";
}

// One name that goes whole or stays whole.
TEST(Yield, WhereNoStepIsRightItRestsOnTheSideThatHasRoom) {
  Yield yield;
  int moves = 0;
  for (int i = 0; i < 200; ++i) {
    const double before = yield.share;
    yield.decide(yield.share > 0.3 ? 0.2 : 2.0);
    if ((before > 0.3) != (yield.share > 0.3)) { ++moves; }
  }
  EXPECT_LE(moves, 30);
  EXPECT_GT(yield.share, 0.3);
}

TEST(Yield, NothingIsTakenBackWhileAnotherHasTooMuch) {
  Yield yield{.share = 0.5};
  yield.decide(0.2, false);
  EXPECT_EQ(yield.share, 0.5);
  yield.decide(1.5, false);
  EXPECT_GT(yield.share, 0.5);
}

TEST(Yield, TheDrawIsMonotoneAndCoversAll) {
  std::uint16_t last = 0;
  for (int i = 0; i <= 1000; ++i) {
    const Yield yield{.share = i / 1000.0};
    EXPECT_GE(yield.below(), last);
    last = yield.below();
  }
  EXPECT_EQ(Yield{}.below(), 0);
  EXPECT_EQ(last, 65'535);
  EXPECT_EQ(Yield{.share = 0.5}.below(), 32'768);
}

TEST(Balance, DecidesOnlyOnWhatCachesHaveShown) {
  Balance balance;
  const std::vector<double> ratios = {1.5, 0.5};
  const MonoTime start;
  const auto look = [&](int second, std::uint64_t serving = 3) {
    return balance.look(serving, ratios, start + seconds(second), seconds(60));
  };
  EXPECT_FALSE(look(0));
  for (int second = 15; second < 90; second += 15) { EXPECT_FALSE(look(second)) << second; }
  EXPECT_TRUE(look(90));
  EXPECT_EQ(balance.mean_ratio(0), 1.5);
  EXPECT_FALSE(look(105));
  EXPECT_FALSE(look(150, 1)) << "another serves: all begins anew";
  EXPECT_FALSE(look(195, 1));
  EXPECT_FALSE(look(225, 1));
  EXPECT_TRUE(look(240, 1));
}

TEST(Balance, WithoutAllLoadsNothingIsDecided) {
  Balance balance;
  for (int second = 0; second < 1000; second += 15) {
    EXPECT_FALSE(balance.look(3, {}, MonoTime() + seconds(second), seconds(60)));
  }
}

}  // namespace
}  // namespace gslb::fleet
