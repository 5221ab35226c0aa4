// Clusters that a service can't use though others can: plans, recordings.
#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/support/world.h"

namespace gslb::steer {
namespace {

class ServiceHealth : public testing::Test {
 protected:
  ServiceHealth() : planner_(world_.epoch->costs, services(), *world_.epoch->compiled->geo) {
    inputs_.assign(world_.snapshot->fleet->clusters().size(), {.serving = true});
    demand_.expected.assign(services().services.size() * units(), 1);
    demand_.recent.assign(demand_.expected.size(), 1);
  }
  const ServiceTable& services() const { return *world_.epoch->compiled->services; }
  std::size_t units() const { return world_.epoch->compiled->geo->units().size(); }
  Plan plan() {
    demand_.at += std::chrono::seconds(15);
    return planner_.plan(demand_, inputs_);
  }
  static ClusterIndex first(const Plan& plan, ServiceIndex service, geo::UnitIndex unit) {
    const Row row = plan.map->row(service, unit);
    return row.choices.empty() ? kNoCluster : row.choices[0];
  }

  tests::World world_ = tests::make_world();
  Planner planner_;
  std::vector<ClusterInput> inputs_;
  Demand demand_;
};

TEST_F(ServiceHealth, OnlyItsOwnRowsLeaveAClusterAndComeBack) {
  const Plan before = plan();
  ServiceIndex service = 0;
  geo::UnitIndex unit = 0;
  while (unit < units() && first(before, service, unit) == kNoCluster) { ++unit; }
  ASSERT_LT(unit, units());
  const ClusterIndex home = first(before, service, unit);
  inputs_[home].fails = {service};
  const Plan without = plan();
  for (geo::UnitIndex u = 0; u < units(); ++u) {
    if (without.map->row(service, u).choices.size() > 1) {
      EXPECT_NE(first(without, service, u), home) << u;
    }
    for (ServiceIndex other = 1; other < services().services.size(); ++other) {
      EXPECT_EQ(first(without, other, u), first(before, other, u)) << u;
    }
  }
  inputs_[home].fails.clear();
  const Plan after = plan();
  EXPECT_EQ(first(after, service, unit), home) << "at once, as when a cluster returns";
}

TEST_F(ServiceHealth, InputsAreSharedButForWhoDiffers) {
  inputs_[1].fails = {0};
  const ServiceInputs each(inputs_, services().services.size());
  EXPECT_FALSE(each.of(0)[1].serving);
  EXPECT_TRUE(each.of(0)[0].serving);
  EXPECT_EQ(&each.of(1), &inputs_);
  EXPECT_FALSE(inputs_[1].serves(0));
  EXPECT_TRUE(inputs_[1].serves(1));
}

}  // namespace
}  // namespace gslb::steer
