// A way that is broken for some clients alone: when it is taken to be, and how that ends.
#include "gslb/measure/reach.h"

#include <gtest/gtest.h>

#include "gslb/measure/estimator.h"

namespace gslb::measure {
namespace {

using std::chrono::minutes;

constexpr WallTime kStart{std::chrono::hours(24 * 365 * 50)};
constexpr geo::UnitIndex kBerlin = 0;
constexpr geo::UnitIndex kParis = 1;
constexpr fleet::ClusterIndex kFra = 0;
constexpr fleet::ClusterIndex kAms = 1;

std::vector<geo::Unit> two_units() {
  std::vector<geo::Unit> units(2);
  for (std::size_t i = 0; i < units.size(); ++i) {
    units[i].id = i + 1;
    units[i].has_place = true;
    units[i].place = {50, 5};
    units[i].place_sigma_km = 30;
  }
  return units;
}

Estimator make_estimator() {
  return {two_units(), {{"fra", {50.11, 8.68}}, {"ams", {52.37, 4.9}}}, PriorLine{}};
}

class ReachOfUnits : public testing::Test {
 protected:
  void segments(geo::UnitIndex unit, fleet::ClusterIndex cluster, double sent, double again,
                std::uint32_t connections = 10) {
    estimator_.add({.unit = unit,
                    .cluster = cluster,
                    .rtt_ms = 20,
                    .count = connections,
                    .path = {.sent = sent, .retransmitted = again}},
                   now_);
  }
  void requests(geo::UnitIndex unit, fleet::ClusterIndex cluster, float count, float failed) {
    estimator_.add(
        {.unit = unit, .cluster = cluster, .rtt_ms = 20, .count = 10, .requests = {count, failed}},
        now_);
  }
  double trouble(geo::UnitIndex unit, fleet::ClusterIndex cluster) {
    return table()->at(unit, cluster).path.trouble_ms;
  }
  // "0@0": Berlin at Frankfurt.
  std::string troubled() {
    const auto made = table();
    std::string all;
    for (geo::UnitIndex unit = 0; unit < 2; ++unit) {
      for (fleet::ClusterIndex cluster = 0; cluster < 2; ++cluster) {
        if (made->at(unit, cluster).path.trouble_ms == 0) { continue; }
        all += (all.empty() ? "" : " ") + std::to_string(unit) + '@' + std::to_string(cluster);
      }
    }
    return all;
  }
  std::shared_ptr<const EstimateTable> table() { return estimator_.refresh(now_); }

  Estimator estimator_ = make_estimator();
  WallTime now_ = kStart;
};

TEST_F(ReachOfUnits, OnlyThoseWhoLoseMuchAreInTrouble) {
  segments(kBerlin, kFra, 1000, 400);
  segments(kParis, kFra, 1000, 10);
  EXPECT_EQ(troubled(), "0@0");
  EXPECT_EQ(trouble(kBerlin, kFra), kTroubleMs);
  EXPECT_EQ(table()->broken(), (std::vector<std::uint32_t>{1, 0}));
}

TEST_F(ReachOfUnits, OnlyThoseWhoseRequestsFailAreInTrouble) {
  requests(kBerlin, kFra, 50, 30);
  requests(kParis, kFra, 50, 1);
  EXPECT_EQ(troubled(), "0@0");
}

TEST_F(ReachOfUnits, AClusterThatFailsEverybodyIsIllItself) {
  segments(kBerlin, kFra, 1000, 400);
  segments(kParis, kFra, 1000, 350);
  requests(kBerlin, kFra, 50, 30);
  requests(kParis, kFra, 50, 25);
  EXPECT_EQ(troubled(), "");
}

TEST_F(ReachOfUnits, ClientsWhoFailEverywhereStayWhereTheyAre) {
  segments(kBerlin, kFra, 1000, 400);
  segments(kBerlin, kAms, 1000, 350);
  segments(kParis, kFra, 1000, 0);
  EXPECT_EQ(troubled(), "");
}

TEST_F(ReachOfUnits, LittleProvesNothing) {
  segments(kBerlin, kFra, 199, 199);
  EXPECT_EQ(troubled(), "") << "few segments";
  requests(kBerlin, kFra, 19, 19);
  EXPECT_EQ(troubled(), "") << "few requests";
  segments(kParis, kFra, 100'000, 50'000, 3);
  EXPECT_EQ(troubled(), "") << "few connections: one bad last mile";
}

TEST_F(ReachOfUnits, WhatIsOrdinaryIsNoTrouble) {
  segments(kBerlin, kFra, 1000, 140);
  requests(kBerlin, kFra, 100, 19);
  segments(kParis, kFra, 1000, 0);
  EXPECT_EQ(troubled(), "");
}

TEST_F(ReachOfUnits, TroubleFadesWhenNothingRenewsItAndEnds) {
  segments(kBerlin, kFra, 1000, 600);
  EXPECT_EQ(troubled(), "0@0");
  double last = kTroubleMs;
  for (int i = 0; i < 16; ++i) {
    EXPECT_TRUE(estimator_.has_news()) << "a plan is to see it fade";
    now_ += minutes(1);
    EXPECT_LT(trouble(kBerlin, kFra), last);
    last = trouble(kBerlin, kFra);
  }
  now_ += minutes(2);
  EXPECT_EQ(troubled(), "");
  EXPECT_FALSE(estimator_.has_news());
}

TEST_F(ReachOfUnits, NewFailuresRenewIt) {
  for (int i = 0; i < 30; ++i) {
    segments(kBerlin, kFra, 300, 200);
    EXPECT_EQ(trouble(kBerlin, kFra), kTroubleMs);
    now_ += minutes(1);
  }
}

TEST_F(ReachOfUnits, WhatGetsThroughAgainDoesNot) {
  segments(kBerlin, kFra, 1000, 600);
  EXPECT_EQ(trouble(kBerlin, kFra), kTroubleMs);
  for (int i = 0; i < 10; ++i) {
    now_ += minutes(1);
    segments(kBerlin, kFra, 2000, 4);
  }
  EXPECT_LT(trouble(kBerlin, kFra), kTroubleMs / 7);
}

TEST_F(ReachOfUnits, ARestartKnowsIt) {
  segments(kBerlin, kFra, 1000, 400);
  ASSERT_EQ(troubled(), "0@0");
  Estimator next = make_estimator();
  EXPECT_EQ(next.read(estimator_.write()), 0U);
  EXPECT_EQ(next.write(), estimator_.write());
  now_ += minutes(2);
  EXPECT_NEAR(next.refresh(now_)->at(kBerlin, kFra).path.trouble_ms, trouble(kBerlin, kFra), 0.01);
}

TEST_F(ReachOfUnits, AnotherRouteIsTriedAtOnce) {
  for (int i = 0; i < 14; ++i) { segments(kBerlin, kFra, 0, 0); }
  segments(kBerlin, kFra, 1000, 400);
  ASSERT_EQ(troubled(), "0@0");
  for (int i = 0; i < 20 && estimator_.figures().resets == 0; ++i) {
    estimator_.add({.unit = kBerlin, .cluster = kFra, .rtt_ms = 90}, now_);
  }
  ASSERT_EQ(estimator_.figures().resets, 1U);
  EXPECT_EQ(troubled(), "");
}

}  // namespace
}  // namespace gslb::measure
