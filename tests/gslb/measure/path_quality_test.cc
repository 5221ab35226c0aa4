// What reports say beside the RTT: histograms, loss, rates, and whether it was a probe.
#include <gtest/gtest.h>

#include "gslb/measure/estimator.h"

namespace {

using namespace gslb;
using namespace gslb::measure;

constexpr WallTime kNow{std::chrono::hours(24 * 365 * 50)};
const std::vector<Site> kSites{{"fra", {50.11, 8.68}}, {"ams", {52.37, 4.9}}, {"lon", {51.5, 0}}};

std::vector<geo::Unit> two_units() {
  geo::Unit paris;
  paris.id = 1;
  paris.has_place = true;
  paris.place = {48.85, 2.35};
  paris.place_sigma_km = 30;
  geo::Unit vienna = paris;
  vienna.id = 2;
  vienna.place = {48.2, 16.37};
  return {paris, vienna};
}

class PathQualities : public testing::Test {
 protected:
  Estimator estimator_{two_units(), kSites, PriorLine{}};
};

TEST_F(PathQualities, APairOfTwoModesIsWhatItsClientsHaveToExpect) {
  Sample sample{.unit = 0, .cluster = 0, .rtt_ms = 12, .count = 20};
  sample.spread = {{12, 10}, {90, 10}};
  ASSERT_EQ(estimator_.add(sample, kNow), SampleVerdict::kTaken);
  const auto both = estimator_.refresh(kNow)->at(0, 0);
  EXPECT_GT(both.mean_ms, 20) << "not the best client's";
  EXPECT_LT(both.mean_ms, 60);
  Estimator other(two_units(), kSites, PriorLine{});
  sample.spread = {{12, 20}};
  other.add(sample, kNow);
  const auto one = other.refresh(kNow)->at(0, 0);
  EXPECT_NEAR(one.mean_ms, 12, 1);
  EXPECT_LT(one.sigma_ms / one.mean_ms, both.sigma_ms / both.mean_ms) << "and less sure";
}

TEST_F(PathQualities, ASpreadWithAnImpossiblePartIsRefusedWhole) {
  Sample sample{.unit = 0, .cluster = 0, .rtt_ms = 12, .count = 20};
  sample.spread = {{12, 10}, {-1, 10}};
  EXPECT_EQ(estimator_.add(sample, kNow), SampleVerdict::kOutOfRange);
  sample.spread = {{12, 0}};
  EXPECT_EQ(estimator_.add(sample, kNow), SampleVerdict::kOutOfRange);
  sample.spread.assign(LogHistogram::kPoints + 1, {12, 1});
  EXPECT_EQ(estimator_.add(sample, kNow), SampleVerdict::kOutOfRange);
  EXPECT_EQ(estimator_.figures().pairs, 0U);
}

TEST_F(PathQualities, LossIsThePairsOwnWithManySegmentsAndTheUnitsWithFew) {
  EXPECT_EQ(estimator_.refresh(kNow)->at(0, 0).path.loss_source, LossSource::kNone);
  const auto add = [&](geo::UnitIndex unit, fleet::ClusterIndex cluster, double sent, double lost) {
    estimator_.add({.unit = unit,
                    .cluster = cluster,
                    .rtt_ms = 12,
                    .path = {.sent = sent, .retransmitted = lost}},
                   kNow);
  };
  add(0, 0, 1'000'000, 50'000);
  add(0, 1, 1'000'000, 1'000);
  add(1, 0, 10, 10);
  const auto table = estimator_.refresh(kNow);
  const double mean = 51'010.0 / 2'000'010;
  const auto quality = [&](geo::UnitIndex unit, fleet::ClusterIndex cluster) {
    return table->at(unit, cluster).path;
  };
  EXPECT_NEAR(quality(0, 0).loss, 0.05, 0.001);
  EXPECT_EQ(quality(0, 0).loss_source, LossSource::kPair);
  EXPECT_NEAR(quality(0, 1).loss, 0.001, 0.001);
  EXPECT_NEAR(quality(0, 2).loss, 51'000.0 / 2'000'000, 1e-4)
      << "nobody goes where nothing was measured because nothing was lost there";
  EXPECT_EQ(quality(0, 2).loss_source, LossSource::kUnit);
  EXPECT_NEAR(quality(1, 0).loss, mean, 0.01) << "ten segments say little";
  EXPECT_EQ(quality(1, 0).loss_source, LossSource::kUnit);
  EXPECT_NEAR(quality(1, 2).loss, mean, 0.01);
  EXPECT_EQ(quality(0, 0).bits_per_s, 0) << "not told";
}

TEST_F(PathQualities, LossFadesAndTheRateFollowsSlowly) {
  Sample sample{.unit = 0, .cluster = 0, .rtt_ms = 12};
  sample.path = {.sent = 1'000'000, .retransmitted = 200'000, .bits_per_s = 1e8};
  estimator_.add(sample, kNow);
  EXPECT_NEAR(estimator_.refresh(kNow)->at(0, 0).path.bits_per_s, 1e8, 1e3);
  sample.path = {.sent = 1'000'000, .retransmitted = 0, .bits_per_s = 2e8};
  const WallTime later = kNow + std::chrono::hours(48);
  estimator_.add(sample, later);
  const PathQuality quality = estimator_.refresh(later)->at(0, 0).path;
  EXPECT_LT(quality.loss, 0.01);
  EXPECT_NEAR(quality.bits_per_s, 1.2e8, 1e6);
}

TEST_F(PathQualities, SurviveARestart) {
  Sample sample{.unit = 0, .cluster = 0, .rtt_ms = 12};
  sample.path = {.sent = 1'234'567, .retransmitted = 98'765, .bits_per_s = 1.5e8};
  estimator_.add(sample, kNow);
  Estimator next(two_units(), kSites, PriorLine{});
  EXPECT_EQ(next.read(estimator_.write()), 0U);
  EXPECT_EQ(next.write(), estimator_.write());
  const PathQuality quality = next.refresh(kNow)->at(0, 0).path;
  EXPECT_NEAR(quality.loss, 0.08, 1e-4);
  EXPECT_NEAR(quality.bits_per_s, 1.5e8, 1e3);
  const char* const kHeader = "proxima-rtt 1\n0000000000000001 ams 1790000000250 ";
  for (const char* details :
       {"path=1:2:0 3:1", "path=1:1 3:1", "path=1:nan:1 3:1", "path=-1:0:0 3:1", "broken=x 3:1",
        "broken=-1 3:1", "path=1:1:1", "else=1 3:1"}) {
    EXPECT_EQ(next.read(std::string(kHeader) + details), 1U) << details;
  }
  EXPECT_EQ(next.read(std::string(kHeader) + "broken=1 path=1:1:1 3:1"), 0U);
}

TEST_F(PathQualities, AProbedPairSaysSoUntilClientsAreMeasuredAndAfterARestart) {
  estimator_.add({.unit = 0, .cluster = 0, .rtt_ms = 12, .is_probe = true}, kNow);
  estimator_.add({.unit = 1, .cluster = 0, .rtt_ms = 12}, kNow);
  EXPECT_EQ(estimator_.refresh(kNow)->at(0, 0).source, RttSource::kProbe);
  EXPECT_EQ(estimator_.refresh(kNow)->at(1, 0).source, RttSource::kMeasured);
  Estimator next(two_units(), kSites, PriorLine{});
  EXPECT_EQ(next.read(estimator_.write()), 0U);
  EXPECT_EQ(next.write(), estimator_.write());
  EXPECT_EQ(next.refresh(kNow)->at(0, 0).source, RttSource::kProbe);
  estimator_.add({.unit = 0, .cluster = 0, .rtt_ms = 12}, kNow);
  EXPECT_EQ(estimator_.refresh(kNow)->at(0, 0).source, RttSource::kMeasured);
}

}  // namespace
