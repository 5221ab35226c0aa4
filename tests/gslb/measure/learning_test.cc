// What the estimator makes of a whole planet: better with every round of probes, in spite of wrong
// places, lies and optimism.
#include <gtest/gtest.h>

#include "tests/gslb/measure/planet.h"

namespace {

using namespace measure_testing;

TEST(Learning, EveryRoundOfProbesBringsClientsNearer) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Planet planet = make_planet(300, 15, 0, seed);
    const auto penalty = [&](int rounds) {
      Estimator estimator(planet.units, planet.sites, PriorLine{});
      return planet.penalty_ms(*learn(planet, estimator, rounds));
    };
    const double distance_ms = penalty(0);
    EXPECT_LT(penalty(1), 0.8 * distance_ms) << seed;
    EXPECT_LT(penalty(3), 0.35 * distance_ms) << seed;
    EXPECT_LT(penalty(5), 0.15 * distance_ms) << seed;
  }
}

TEST(Learning, UnitsWithoutSamplesLearnFromTheirNeighbours) {
  const Planet planet = make_planet(600, 10, 0, 4);
  Estimator estimator(planet.units, planet.sites, PriorLine{});
  const double before_ms = planet.penalty_ms(*estimator.refresh(kNow));
  for (geo::UnitIndex unit = 0; unit < 600; unit += 2) {
    for (fleet::ClusterIndex c = 0; c < 10; ++c) {
      estimator.add({.unit = unit, .cluster = c, .rtt_ms = planet.rtt_ms[unit][c]}, kNow);
    }
  }
  const auto table = estimator.refresh(kNow);
  std::size_t with_neighbours = 0;
  for (geo::UnitIndex unit = 1; unit < 600; unit += 2) {
    with_neighbours += table->at(unit, 0).source == RttSource::kNeighbours ? 1 : 0;
  }
  EXPECT_GT(with_neighbours, 100U);
  // Half of the units are measured, so half of the gain would be theirs alone.
  EXPECT_LT(planet.penalty_ms(*table), 0.35 * before_ms);
}

TEST(Learning, FindsUnitsWhosePlaceIsWrong) {
  const Planet planet = make_planet(300, 15, 0.1, 5);
  Estimator estimator(planet.units, planet.sites, PriorLine{});
  const double distance_ms = planet.penalty_ms(*estimator.refresh(kNow));
  const auto table = learn(planet, estimator, 5);
  EXPECT_LT(planet.penalty_ms(*table), 0.25 * distance_ms);
  const Planet right = make_planet(300, 15, 0, 5);
  std::size_t found = 0;
  std::size_t accused = 0;
  std::size_t wrong = 0;
  for (geo::UnitIndex unit = 0; unit < 300; ++unit) {
    const bool is_wrong =
        geo::distance_km(planet.units[unit].place, right.units[unit].place) > 1000;
    wrong += is_wrong ? 1 : 0;
    if (!table->is_contradicted(unit)) { continue; }
    ++(is_wrong ? found : accused);
  }
  EXPECT_GT(found, wrong / 2);
  EXPECT_LT(accused, 300U / 33);
  EXPECT_EQ(table->facts().contradicted, found + accused);
  for (const bool distrusted : table->facts().distrusted) { EXPECT_FALSE(distrusted); }
}

TEST(Learning, AClusterThatLiesAttractsNobody) {
  const Planet planet = make_planet(300, 12, 0.1, 6);
  constexpr fleet::ClusterIndex kLiar = 3;
  Estimator honest(planet.units, planet.sites, PriorLine{});
  Estimator lied_to(planet.units, planet.sites, PriorLine{});
  for (geo::UnitIndex unit = 0; unit < 300; ++unit) {
    for (const fleet::ClusterIndex c : {fleet::ClusterIndex{0}, fleet::ClusterIndex{7}}) {
      honest.add({.unit = unit, .cluster = c, .rtt_ms = planet.rtt_ms[unit][c]}, kNow);
      lied_to.add({.unit = unit, .cluster = c, .rtt_ms = planet.rtt_ms[unit][c]}, kNow);
    }
    lied_to.add({.unit = unit, .cluster = kLiar, .rtt_ms = 0.1, .count = 1000}, kNow);
  }
  const auto table = lied_to.refresh(kNow);
  EXPECT_TRUE(table->facts().distrusted[kLiar]);
  const auto truth = honest.refresh(kNow);
  for (geo::UnitIndex unit = 0; unit < 300; ++unit) {
    for (fleet::ClusterIndex c = 0; c < 12; ++c) {
      EXPECT_EQ(table->at(unit, c).mean_ms, truth->at(unit, c).mean_ms) << unit << ' ' << c;
    }
  }
}

TEST(Learning, ALoneLyingClusterIsCaughtByTheSpeedOfLight) {
  const Planet planet = make_planet(100, 4, 0, 7);
  Estimator estimator(planet.units, planet.sites, PriorLine{});
  for (geo::UnitIndex unit = 0; unit < 100; ++unit) {
    estimator.add({.unit = unit, .cluster = 2, .rtt_ms = 0.1}, kNow);
  }
  const auto table = estimator.refresh(kNow);
  EXPECT_TRUE(table->facts().distrusted[2]);
  EXPECT_EQ(table->facts().contradicted, 0U);
}

// One machine that plays the planet, or a proxy before every edge.
TEST(Learning, WhereMostReportsCannotBeDistanceStands) {
  const Planet planet = make_planet(50, 6, 0, 9);
  Estimator estimator(planet.units, planet.sites, PriorLine{});
  for (geo::UnitIndex unit = 0; unit < 50; ++unit) {
    for (fleet::ClusterIndex c = 0; c < 6; ++c) {
      estimator.add({.unit = unit, .cluster = c, .rtt_ms = 0.05}, kNow);
    }
  }
  const auto table = estimator.refresh(kNow);
  for (fleet::ClusterIndex c = 0; c < 6; ++c) {
    EXPECT_TRUE(table->facts().distrusted[c]);
    const double prior_ms = estimate_prior(planet.units[7], planet.sites[c].place, {}).mean_ms;
    EXPECT_NEAR(table->at(7, c).mean_ms, prior_ms, 0.1);
    EXPECT_EQ(table->at(7, c).source, RttSource::kDistance);
  }
}

// Winner's curse: a cluster nobody has measured must not win by the width of its error bar.
TEST(Learning, AnUnmeasuredClusterWinsOnlyByAMargin) {
  const std::vector<Site> sites{{"a", {50, 8}}, {"b", {50, 9}}};
  geo::Unit unit;
  unit.id = 1;
  unit.has_place = true;
  unit.place = {48, 8.6};
  Estimator estimator({unit}, sites, PriorLine{});
  const double expected_ms = estimate_prior(unit, sites[0].place, {}).mean_ms;
  estimator.add({.unit = 0, .cluster = 0, .rtt_ms = expected_ms + 0.5, .count = 100}, kNow);
  const auto table = estimator.refresh(kNow);
  EXPECT_LT(table->at(0, 0).sigma_ms, table->at(0, 1).sigma_ms);
  EXPECT_LT(cautious_ms(table->at(0, 0)), cautious_ms(table->at(0, 1)));
}

TEST(Learning, ANetworkLearnsFromItsUnitsElsewhereInTheCountry) {
  std::vector<geo::Unit> units;
  for (int i = 0; i < 8; ++i) {
    geo::Unit unit;
    unit.id = static_cast<std::uint64_t>(i + 1);
    unit.asn = i < 4 ? 64500 : 64501;
    unit.country = {'D', 'E'};
    unit.has_place = true;
    unit.place = {47.5 + i % 4 * 2, 9.0 + i % 4};
    units.push_back(unit);
  }
  const std::vector<Site> sites{{"fra", {50.1, 8.7}}};
  Estimator estimator(units, sites, PriorLine{});
  // Units 0 to 2 of AS64500 are reached by way of another continent, those of AS64501 are not.
  for (const geo::UnitIndex unit : {0U, 1U, 2U}) {
    estimator.add({.unit = unit, .cluster = 0, .rtt_ms = 90}, kNow);
  }
  for (const geo::UnitIndex unit : {4U, 5U, 6U}) {
    estimator.add({.unit = unit, .cluster = 0, .rtt_ms = 12}, kNow);
  }
  const auto table = estimator.refresh(kNow);
  EXPECT_GT(table->at(3, 0).mean_ms, 1.3 * table->at(7, 0).mean_ms);
}

TEST(Learning, EqualEventsGiveEqualBits) {
  const Planet planet = make_planet(200, 8, 0.1, 8);
  Estimator one(planet.units, planet.sites, PriorLine{});
  Estimator two(planet.units, planet.sites, PriorLine{});
  const auto a = learn(planet, one, 3);
  const auto b = learn(planet, two, 3);
  EXPECT_EQ(one.write(), two.write());
  for (geo::UnitIndex unit = 0; unit < 200; ++unit) {
    for (fleet::ClusterIndex c = 0; c < 8; ++c) {
      EXPECT_EQ(a->at(unit, c).mean_ms, b->at(unit, c).mean_ms);
      EXPECT_EQ(a->at(unit, c).sigma_ms, b->at(unit, c).sigma_ms);
    }
  }
}

}  // namespace
