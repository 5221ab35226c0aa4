// One pair's samples: histogram, fading, route changes, several modes.
#include "gslb/measure/pair_track.h"

#include <cmath>

#include <gtest/gtest.h>

namespace {

using namespace gslb;
using namespace gslb::measure;
using std::chrono::hours;

constexpr WallTime kStart{hours(24 * 365 * 50)};

// `count` samples a second apart; true: one of them reset the pair.
bool feed(PairTrack& track, double rtt_ms, int count, WallTime& now) {
  bool reset = false;
  for (int i = 0; i < count; ++i) {
    now += seconds(1);
    // A little spread, as real samples have.
    reset = track.add(log_of_ms(rtt_ms * (1 + 0.01 * (i % 3))), 1, now) || reset;
  }
  return reset;
}

double mean_ms(const PairTrack& track, WallTime now) {
  return ms_of_log(double{track.value(now).log_rtt});
}

TEST(LogHistogram, KeepsQuantilesInBoundedRoom) {
  LogHistogram histogram;
  for (int i = 0; i < 1000; ++i) { histogram.add(static_cast<float>((i * 37) % 1000) / 1000, 1); }
  EXPECT_LE(histogram.end() - histogram.begin(), std::ptrdiff_t{LogHistogram::kPoints});
  EXPECT_FLOAT_EQ(histogram.weight(), 1000);
  for (const float q : {0.1F, 0.5F, 0.9F}) { EXPECT_NEAR(histogram.quantile(q), q, 0.08) << q; }
  EXPECT_NEAR(histogram.trimmed_mean(), 0.5, 0.03);
}

TEST(LogHistogram, OfOneValueIsThatValueAndOfNoneIsZero) {
  LogHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5F), 0);
  EXPECT_EQ(histogram.trimmed_mean(), 0);
  histogram.add(3, 0.5F);
  EXPECT_EQ(histogram.quantile(0), 3);
  EXPECT_EQ(histogram.quantile(1), 3);
  EXPECT_FLOAT_EQ(histogram.trimmed_mean(), 3);
}

TEST(LogHistogram, ForgetsWhatHasFaded) {
  LogHistogram histogram;
  histogram.add(1, 1);
  histogram.decay(1e-4F);
  EXPECT_TRUE(histogram.empty());
}

TEST(PairTrack, GrowsSureWithSamplesAndUnsureWithAge) {
  PairTrack track(0);
  WallTime now = kStart;
  feed(track, 40, 1, now);
  const float one = track.value(now).variance;
  feed(track, 40, 20, now);
  const float many = track.value(now).variance;
  EXPECT_LT(many, one);
  EXPECT_GT(track.value(now + hours(48)).variance, 4 * one);
  EXPECT_NEAR(mean_ms(track, now + hours(48)), 40, 1) << "what fades is weight, not the value";
}

TEST(PairTrack, OneStrangeSampleDoesNotMoveIt) {
  PairTrack track(0);
  WallTime now = kStart;
  feed(track, 40, 20, now);
  feed(track, 900, 1, now);
  EXPECT_NEAR(mean_ms(track, now), 40, 2);
}

TEST(PairTrack, ForgetsTheOldRouteAfterTwoWindowsOutsideIt) {
  PairTrack track(0);
  WallTime now = kStart;
  EXPECT_FALSE(feed(track, 40, 50, now));
  EXPECT_FALSE(feed(track, 120, PairTrack::kWindow, now));
  EXPECT_TRUE(feed(track, 120, PairTrack::kWindow, now));
  EXPECT_NEAR(mean_ms(track, now), 120, 3);
  EXPECT_FALSE(feed(track, 120, 50, now));
}

TEST(PairTrack, OneWindowOutsideIsNoRouteChange) {
  PairTrack track(0);
  WallTime now = kStart;
  feed(track, 40, 50, now);
  EXPECT_FALSE(feed(track, 120, PairTrack::kWindow, now));
  EXPECT_FALSE(feed(track, 40, 50, now));
  EXPECT_NEAR(mean_ms(track, now), 40, 5);
}

TEST(PairTrack, SeveralModesAreNoRouteChangeButAnUnsureValue) {
  PairTrack one(0);
  PairTrack two(0);
  WallTime now = kStart;
  bool reset = false;
  for (int i = 0; i < 100; ++i) {
    now += seconds(1);
    one.add(log_of_ms(30), 1, now);
    reset = two.add(log_of_ms(i % 2 == 0 ? 10 : 150), 1, now) || reset;
  }
  EXPECT_FALSE(reset);
  EXPECT_GT(std::sqrt(two.value(now).variance), 0.3);
  EXPECT_LT(std::sqrt(one.value(now).variance), 0.05);
  EXPECT_GT(mean_ms(two, now), 20);
  EXPECT_LT(mean_ms(two, now), 80);
}

TEST(PairTrack, TimeThatGoesBackFadesNothing) {
  PairTrack track(0);
  track.add(3, 1, kStart);
  track.add(3, 1, kStart - hours(100));
  EXPECT_FLOAT_EQ(track.history().weight(), 2);
  EXPECT_EQ(track.updated(), kStart);
}

}  // namespace
