// The hit ratio plans go by: late, slow and in steps.
#include "gslb/measure/hit_ratio.h"

#include <gtest/gtest.h>

#include "gslb/measure/estimator.h"

namespace gslb::measure {
namespace {

TEST(HitRatio, SaysNothingBeforeItWasToldOfEnough) {
  HitRatio ratio;
  EXPECT_FALSE(ratio.add({199, 10}));
  EXPECT_FALSE(ratio.value().has_value());
  EXPECT_TRUE(ratio.add({1, 0})) << "together they are";
  EXPECT_DOUBLE_EQ(ratio.value().value(), 0.05);
}

TEST(HitRatio, FollowsByATenthOfTheDifferenceAPlan) {
  HitRatio ratio;
  ratio.add({1000, 900});
  ASSERT_TRUE(ratio.add({1'000'000, 100'000}));
  EXPECT_DOUBLE_EQ(ratio.value().value(), 0.9 - 0.1 * 0.8);
  for (int i = 0; i < 100; ++i) { ratio.add({1000, 100}); }
  EXPECT_NEAR(ratio.value().value(), 0.1, 0.021);
}

TEST(HitRatio, NoiseMovesNobody) {
  HitRatio ratio;
  ratio.add({1000, 900});
  for (int i = 0; i < 50; ++i) { EXPECT_FALSE(ratio.add({1000, i % 2 == 0 ? 950.0 : 850.0})); }
  EXPECT_DOUBLE_EQ(ratio.value().value(), 0.9);
}

TEST(HitRatio, StandsInTheTableAndSurvivesARestart) {
  std::vector<geo::Unit> units(1);
  units[0].id = 1;
  const std::vector<Site> sites{{"fra", {50, 8}}, {"ams", {52, 5}}};
  Estimator estimator(units, sites, PriorLine{});
  estimator.refresh(WallTime());
  ASSERT_FALSE(estimator.has_news());
  estimator.add_cache(1, {1000, 800});
  estimator.add_cache(2, {1000, 800});  // of no cluster
  EXPECT_TRUE(estimator.has_news());
  const auto table = estimator.refresh(WallTime());
  EXPECT_EQ(table->at(0, 1).path.hit_ratio, 0.8);
  EXPECT_FALSE(table->at(0, 0).path.hit_ratio.has_value());
  estimator.add_cache(1, {1000, 800});
  EXPECT_FALSE(estimator.has_news()) << "the same again";

  Estimator next(units, sites, PriorLine{});
  EXPECT_EQ(next.read(estimator.write()), 0U);
  EXPECT_EQ(next.write(), estimator.write());
  EXPECT_EQ(next.refresh(WallTime())->hit_ratio(1), 0.8);
  EXPECT_EQ(next.read("proxima-rtt 1\ncache fra 1.1\ncache fra nan\ncache fra\ncache syd 0.5\n"
                      "cache ams 0.5\ncache\n"),
            6U)
      << "out of range, unknown, or known already";
}

}  // namespace
}  // namespace gslb::measure
