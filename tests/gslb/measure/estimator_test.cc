// The estimator: what samples of some pairs make of all pairs.
#include "gslb/measure/estimator.h"

#include <gtest/gtest.h>

namespace {

using namespace gslb;
using namespace gslb::measure;

constexpr WallTime kNow{std::chrono::hours(24 * 365 * 50)};
const std::vector<Site> kSites{{"fra", {50.11, 8.68}},
                               {"nyc", {40.71, -74.0}},
                               {"sin", {1.35, 103.82}},
                               {"ams", {52.37, 4.9}}};

geo::Unit unit_at(std::uint64_t id, const geo::Place& place) {
  geo::Unit unit;
  unit.id = id;
  unit.has_place = true;
  unit.place = place;
  unit.place_sigma_km = 30;
  return unit;
}

TEST(Estimator, WithoutSamplesIsThePriorOfTheDistance) {
  const std::vector<geo::Unit> units{unit_at(1, {48.85, 2.35})};
  Estimator estimator(units, kSites, PriorLine{});
  const auto table = estimator.refresh(kNow);
  for (fleet::ClusterIndex c = 0; c < kSites.size(); ++c) {
    const RttEstimate prior = estimate_prior(units[0], kSites[c].place, PriorLine{});
    EXPECT_NEAR(table->at(0, c).mean_ms, prior.mean_ms, 0.01);
    EXPECT_EQ(table->at(0, c).source, RttSource::kDistance);
  }
}

TEST(Estimator, BelievesWhatWasMeasured) {
  const std::vector<geo::Unit> units{unit_at(1, {48.85, 2.35})};
  Estimator estimator(units, kSites, PriorLine{});
  ASSERT_EQ(estimator.add({.unit = 0, .cluster = 0, .rtt_ms = 40, .count = 20}, kNow),
            SampleVerdict::kTaken);
  const auto table = estimator.refresh(kNow);
  EXPECT_NEAR(table->at(0, 0).mean_ms, 40, 2);
  EXPECT_EQ(table->at(0, 0).source, RttSource::kMeasured);
  EXPECT_LT(table->at(0, 0).sigma_ms, 3);
  EXPECT_EQ(table->at(0, 3).source, RttSource::kUnit);
  EXPECT_GT(table->at(0, 3).mean_ms, estimate_prior(units[0], kSites[3].place, {}).mean_ms)
      << "a slow last mile is on every path";
}

TEST(Estimator, RefusesWhatCannotBe) {
  Estimator estimator({unit_at(1, {48.85, 2.35})}, kSites, PriorLine{});
  EXPECT_EQ(estimator.add({.unit = 1, .cluster = 0, .rtt_ms = 4}, kNow),
            SampleVerdict::kOutOfRange);
  EXPECT_EQ(estimator.add({.unit = 0, .cluster = 4, .rtt_ms = 4}, kNow),
            SampleVerdict::kOutOfRange);
  EXPECT_EQ(estimator.add({.unit = 0, .cluster = 0, .rtt_ms = 0}, kNow),
            SampleVerdict::kOutOfRange);
  EXPECT_EQ(estimator.add_mesh(0, 0, 4, kNow), SampleVerdict::kOutOfRange);
  EXPECT_EQ(estimator.figures().out_of_range, 4U);
  EXPECT_EQ(estimator.figures().pairs, 0U);
}

TEST(Estimator, AChangedRouteIsBelievedAndCounted) {
  Estimator estimator({unit_at(1, {48.85, 2.35})}, kSites, PriorLine{});
  WallTime now = kNow;
  for (int i = 0; i < 30; ++i) {
    estimator.add({.unit = 0, .cluster = 0, .rtt_ms = i < 20 ? 15.0 : 60.0}, now += seconds(1));
  }
  EXPECT_EQ(estimator.figures().resets, 1U);
  EXPECT_NEAR(estimator.refresh(now)->at(0, 0).mean_ms, 60, 3);
}

TEST(Estimator, MakesRoomForWhatIsAskedFor) {
  std::vector<geo::Unit> units;
  std::vector<double> demand;
  for (std::uint64_t i = 0; i < 100; ++i) {
    units.push_back(unit_at(i + 1, {48.85, 2.35}));
    demand.push_back(i < 50 ? 1 : 1000);
  }
  Estimator estimator(units, kSites, PriorLine{}, {.pairs = 80});
  for (geo::UnitIndex unit = 0; unit < 80; ++unit) {
    EXPECT_EQ(estimator.add({.unit = unit, .cluster = 0, .rtt_ms = 9}, kNow),
              SampleVerdict::kTaken);
  }
  const Sample more{.unit = 90, .cluster = 0, .rtt_ms = 9};
  EXPECT_EQ(estimator.add(more, kNow), SampleVerdict::kFull);
  EXPECT_EQ(estimator.add({.unit = 0, .cluster = 0, .rtt_ms = 9}, kNow), SampleVerdict::kTaken)
      << "a known pair needs no room";
  const auto table = estimator.refresh(kNow, demand);
  EXPECT_EQ(estimator.figures().evicted, 10U);
  EXPECT_EQ(estimator.figures().pairs, 70U);
  for (geo::UnitIndex unit = 50; unit < 80; ++unit) {
    EXPECT_EQ(table->at(unit, 0).source, RttSource::kMeasured);
  }
  EXPECT_EQ(estimator.add(more, kNow), SampleVerdict::kTaken);
}

TEST(Estimator, MeshBetweenClustersBendsThePrior) {
  const std::vector<geo::Unit> units{unit_at(1, {48.85, 2.35})};
  Estimator estimator(units, kSites, PriorLine{});
  const double before_ms = estimator.refresh(kNow)->at(0, 2).mean_ms;
  for (fleet::ClusterIndex a = 0; a < kSites.size(); ++a) {
    for (fleet::ClusterIndex b = 0; b < kSites.size(); ++b) {
      const double km = geo::distance_km(kSites[a].place, kSites[b].place);
      if (a != b) { estimator.add_mesh(a, b, 5 + 0.025 * km, kNow); }
    }
  }
  const auto table = estimator.refresh(kNow);
  EXPECT_GT(table->facts().line.ms_per_km, 0.018);
  EXPECT_GT(table->at(0, 2).mean_ms, 1.4 * before_ms);
}

TEST(EstimatorText, SurvivesARestartWithOtherUnitsAndClusters) {
  Estimator before({unit_at(1, {48.85, 2.35}), unit_at(2, {50, 8})}, kSites, PriorLine{});
  for (int i = 0; i < 20; ++i) {
    before.add({.unit = 0, .cluster = 0, .rtt_ms = 40}, kNow);
    before.add({.unit = 1, .cluster = 1, .rtt_ms = 140}, kNow);
    before.add({.unit = 1, .cluster = 3, .rtt_ms = 12}, kNow);
  }
  // New geo data: unit 1 is gone, unit 2 is elsewhere in the list; "ams" is no cluster any more.
  const std::vector<Site> sites{kSites[1], kSites[0]};
  Estimator after({unit_at(7, {0, 0}), unit_at(2, {50, 8})}, sites, PriorLine{});
  EXPECT_EQ(after.read(before.write()), 2U) << "unit 1, and cluster ams";
  EXPECT_EQ(after.figures().pairs, 1U);
  EXPECT_NEAR(after.refresh(kNow)->at(1, 0).mean_ms, 140, 3);
  Estimator same({unit_at(1, {48.85, 2.35}), unit_at(2, {50, 8})}, kSites, PriorLine{});
  EXPECT_EQ(same.read(before.write()), 0U);
  EXPECT_EQ(same.write(), before.write());
}

TEST(EstimatorText, HostileTextIsLeftOutLineByLine) {
  Estimator estimator({unit_at(1, {48.85, 2.35})}, kSites, PriorLine{});
  EXPECT_EQ(estimator.read(""), 1U);
  EXPECT_EQ(estimator.read("proxima-rtt 2\n0000000000000001 fra 1000 3:1\n"), 1U);
  const std::string head = "proxima-rtt 1\n";
  for (const char* line :
       {"0000000000000001 fra 1000", "0000000000000001 fra 1000 3", "0000000000000001 fra 1000 3:0",
        "0000000000000001 fra 1000 nan:1", "0000000000000001 fra 1000 3:nan",
        "0000000000000001 fra 1000 99:1", "0000000000000001 fra -5 3:1",
        "0000000000000001 fra 99999999999999999 3:1", "0000000000000001 xxx 1000 3:1",
        "xyz fra 1000 3:1", " fra 1000 3:1", "0000000000000001", "",
        "0000000000000001 fra 1000 3:1 3:1 3:1 3:1 3:1 3:1 3:1 3:1 3:1"}) {
    EXPECT_EQ(estimator.read(head + line + "\n"), 1U) << line;
  }
  EXPECT_EQ(estimator.figures().pairs, 0U);
  EXPECT_EQ(estimator.read(head + "0000000000000001 fra 1000 3:1 3.5:0.5\n"), 0U);
  EXPECT_EQ(estimator.figures().pairs, 1U);
}

}  // namespace
