// Capacity from load: the slow factor, and the slow start of a cluster that returns.
#include "gslb/steer/capacity.h"

#include <gtest/gtest.h>

namespace {

using namespace gslb::steer;
using gslb::MonoTime;
using std::chrono::seconds;

constexpr double kTtlS = 60;

class Returning : public testing::Test {
 protected:
  void look(bool serving, double utilisation = 0.5) {
    now_ += seconds(15);
    model_.watch_returns({{serving, utilisation, true}}, now_, kTtlS);
  }
  double ramp() const { return model_.ramp(0); }
  CapacityModel model_{1};
  MonoTime now_{};
};

TEST_F(Returning, AClusterThatWasThereFromTheStartHasAllItsCapacity) {
  look(true);
  EXPECT_EQ(ramp(), 1);
}

TEST_F(Returning, ItIsFilledInFiveStepsOfATtl) {
  look(true);
  for (int i = 0; i < 20; ++i) { look(false); }
  look(true);
  std::vector<double> seen;
  for (int i = 0; i < 30; ++i) {
    if (seen.empty() || seen.back() != ramp()) { seen.push_back(ramp()); }
    if (i == 14) { EXPECT_LE(ramp(), 0.5) << "not before four TTLs"; }
    look(true);
  }
  EXPECT_EQ(seen, (std::vector<double>{0.05, 0.10, 0.25, 0.50, 1.0}));
}

TEST_F(Returning, WhileItIsOverItsTargetItGetsNoMore) {
  look(true);
  for (int i = 0; i < 20; ++i) { look(false); }
  look(true);
  for (int i = 0; i < 50; ++i) { look(true, 1.2); }
  EXPECT_EQ(ramp(), 0.05);
}

TEST_F(Returning, AMomentsAbsenceDoesNotCoolItsCache) {
  look(true);
  look(false);
  look(true);
  EXPECT_EQ(ramp(), 1);
}

TEST(Capacity, JitterOfTheEstimateSendsNobodyAway) {
  CapacityModel model(1);
  model.set_load_factor(0, 0.01);
  const std::vector<ClusterInput> full = {{true, 1.01, true}};
  EXPECT_EQ(model.capacities({{102}, {102}, {102}}, full)[0], 102);
  EXPECT_EQ(model.capacities({{104}, {104}, {104}}, full)[0], 100);
  EXPECT_EQ(model.capacities({{90}, {90}, {90}}, full)[0], 100);
}

TEST(Capacity, AClusterThatIsDownHasNone) {
  EXPECT_EQ(CapacityModel(1).capacities({{1}, {1}, {1}}, {{false, 0, true}})[0], 0);
}

}  // namespace
