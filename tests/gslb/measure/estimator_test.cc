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

}  // namespace
