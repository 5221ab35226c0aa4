// Which pair is worth measuring.
#include "gslb/measure/probes.h"

#include <gtest/gtest.h>

#include "tests/gslb/measure/planet.h"

namespace {

using namespace measure_testing;

constexpr RttSource kGuess = RttSource::kDistance;

TEST(ExpectedGain, IsGreaterForWhatMayWellBeBetter) {
  const std::vector<RttEstimate> row{
      {50, 2, RttSource::kMeasured}, {52, 10, kGuess}, {52, 2, kGuess}, {200, 10, kGuess}};
  const double wide = expected_gain_ms(row, 1, 0);
  EXPECT_GT(wide, expected_gain_ms(row, 3, 0));
  EXPECT_GT(wide, 0.5);
  EXPECT_EQ(expected_gain_ms(row, 2, 0), 0) << "as sure as a measurement would make it";
  EXPECT_EQ(expected_gain_ms(row, 0, 0), 0) << "measured";
}

TEST(ExpectedGain, OfTheChosenOneIsThatItMayBeADetour) {
  const std::vector<RttEstimate> row{{20, 8, kGuess}, {60, 3, RttSource::kMeasured}};
  EXPECT_GT(expected_gain_ms(row, 0, 0), 0.05);
  EXPECT_GT(expected_gain_ms(row, 0, 0), expected_gain_ms(row, 1, 0));
}

class Probes : public testing::Test {
 protected:
  const Planet planet_ = make_planet(100, 6, 0, 3);
  Estimator estimator_{planet_.units, planet_.sites, PriorLine{}};
  std::vector<double> demand_ = std::vector<double>(100, 1);
  std::vector<bool> all_ = std::vector<bool>(6, true);
};

TEST_F(Probes, GoWhereTheDemandIsWithinTheLimits) {
  demand_[17] = 1e6;
  demand_[18] = 0;
  const auto table = estimator_.refresh(kNow);
  const auto orders =
      plan_probes(*table, demand_, all_, {.orders = 20, .per_cluster = 5, .least_gain_ms = 0});
  ASSERT_EQ(orders.size(), 20U);
  EXPECT_EQ(orders[0].unit, 17U);
  std::vector<int> by_cluster(6, 0);
  std::vector<int> by_unit(100, 0);
  for (const ProbeOrder& order : orders) {
    EXPECT_LE(++by_cluster[order.cluster], 5);
    EXPECT_EQ(++by_unit[order.unit], 1);
  }
  EXPECT_EQ(by_unit[18], 0);
}

TEST_F(Probes, DoNotAskClustersThatMayNotProbe) {
  const auto table = estimator_.refresh(kNow);
  all_[2] = false;
  for (const ProbeOrder& order : plan_probes(*table, demand_, all_, {})) {
    EXPECT_NE(order.cluster, 2);
  }
  EXPECT_TRUE(plan_probes(*table, demand_, std::vector<bool>(6, false), {}).empty());
}

TEST_F(Probes, EndWhenThereIsNothingToLearn) {
  for (geo::UnitIndex unit = 0; unit < 100; ++unit) {
    for (fleet::ClusterIndex c = 0; c < 6; ++c) {
      estimator_.add({.unit = unit, .cluster = c, .rtt_ms = planet_.rtt_ms[unit][c], .count = 50},
                     kNow);
    }
  }
  EXPECT_TRUE(plan_probes(*estimator_.refresh(kNow), demand_, all_, {}).empty());
}

}  // namespace
