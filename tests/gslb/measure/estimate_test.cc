// The prior: a line over distance, and how sure it is.
#include "gslb/measure/estimate.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace {

using namespace gslb::measure;
using gslb::geo::Place;
using gslb::geo::Unit;

constexpr double kQuarterKm = 6371.0088 * std::numbers::pi / 2;  // of a great circle
constexpr PriorLine kLine{.base_ms = 4, .ms_per_km = 0.02};

Unit at(const Place& place, double sigma_km) {
  Unit unit;
  unit.has_place = true;
  unit.place = place;
  unit.place_sigma_km = sigma_km;
  return unit;
}

TEST(Prior, IsTheLineOverTheGreatCircle) {
  const Unit unit = at({0, 0}, 0);
  EXPECT_NEAR(estimate_prior(unit, {0, 90}, kLine).mean_ms, 4 + 0.02 * kQuarterKm, 0.01);
  EXPECT_NEAR(estimate_prior(unit, {0, 180}, kLine).mean_ms, 4 + 0.04 * kQuarterKm, 0.01);
  EXPECT_NEAR(estimate_prior(unit, {90, 17}, kLine).mean_ms, 4 + 0.02 * kQuarterKm, 0.01);
  EXPECT_EQ(estimate_prior(unit, {0, 90}, kLine).source, RttSource::kDistance);
}

TEST(Prior, OfTheSamePlaceIsTheBase) {
  const RttEstimate here = estimate_prior(at({50.11, 8.68}, 0), {50.11, 8.68}, kLine);
  EXPECT_DOUBLE_EQ(here.mean_ms, 4);
  EXPECT_DOUBLE_EQ(here.sigma_ms, 0.3 * 4) << "a sure place still has an unsure path";
}

TEST(Prior, GoesTheShortWayOverTheDateLine) {
  const double mean_ms = estimate_prior(at({0, 179}, 0), {0, -179}, kLine).mean_ms;
  EXPECT_NEAR(mean_ms, 4 + 0.02 * kQuarterKm * 2 / 90, 0.01);
}

TEST(Prior, SigmaAddsPathAndPlaceAsSquares) {
  const Place cluster{0, 90};
  const RttEstimate sure = estimate_prior(at({0, 0}, 0), cluster, kLine);
  const RttEstimate unsure = estimate_prior(at({0, 0}, 2118), cluster, kLine);
  EXPECT_DOUBLE_EQ(unsure.mean_ms, sure.mean_ms) << "being unsure moves nobody";
  EXPECT_DOUBLE_EQ(sure.sigma_ms, 0.3 * sure.mean_ms);
  const double place_ms = 0.02 * 2118;
  EXPECT_NEAR(unsure.sigma_ms * unsure.sigma_ms,
              sure.sigma_ms * sure.sigma_ms + place_ms * place_ms, 1e-6);
}

TEST(Prior, OfAnUnknownPlaceIsTheSameEverywhereAndWide) {
  Unit unknown = at({50, 8}, 10);
  unknown.has_place = false;  // whatever else the unit carries
  const RttEstimate near = estimate_prior(unknown, {50, 8}, kLine);
  const RttEstimate far = estimate_prior(unknown, {-33, 151}, kLine);
  EXPECT_EQ(near.source, RttSource::kUnknownPlace);
  EXPECT_DOUBLE_EQ(near.mean_ms, 4 + 0.02 * 10'000);
  EXPECT_DOUBLE_EQ(far.mean_ms, near.mean_ms);
  EXPECT_DOUBLE_EQ(near.sigma_ms, near.mean_ms);
}

TEST(Prior, SourcesHaveNames) {
  EXPECT_EQ(to_string(RttSource::kDistance), "distance");
  EXPECT_EQ(to_string(RttSource::kUnknownPlace), "unknown-place");
  EXPECT_EQ(to_string(RttSource::kNeighbours), "neighbours");
  EXPECT_EQ(to_string(RttSource::kUnit), "unit");
  EXPECT_EQ(to_string(RttSource::kMeasured), "measured");
}

}  // namespace
