// What a query of a service takes: configured, then learnt, and nobody's lie goes far.
#include "gslb/steer/service_load.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace {

using namespace gslb::steer;

// An API of many small requests, a video of few large ones, one that nobody tells of.
const std::vector<double> kQueries = {10, 10, 10};
FleetUse use(double egress_share) { return {{{0, 300, 3e5}, {1, 100, 9.7e6}}, egress_share}; }

ServiceLoads learnt(double egress_share, int plans, std::vector<double> configured = {1, 1, 1}) {
  ServiceLoads loads(std::move(configured));
  for (int i = 0; i < plans; ++i) { loads.learn(use(egress_share), kQueries); }
  return loads;
}

TEST(ServiceLoads, AreAsConfiguredUntilSomebodyTells) {
  ServiceLoads loads({1, 5, 0.5});
  EXPECT_EQ(loads.all(), (std::vector<double>{1, 5, 0.5}));
  loads.learn({}, kQueries);
  loads.learn({{}, 1}, kQueries);
  EXPECT_EQ(loads.all(), (std::vector<double>{1, 5, 0.5}));
  loads.learn(use(0), kQueries);
  EXPECT_NEAR(loads.of(1), 5, 0.4) << "one plan's news is not much";
}

TEST(ServiceLoads, GoByWhatIsScarce) {
  const ServiceLoads requests = learnt(0, 1000);
  EXPECT_NEAR(requests.of(0), 1.5, 0.03);
  EXPECT_NEAR(requests.of(1), 0.5, 0.02);
  const ServiceLoads egress = learnt(1, 1000);
  EXPECT_NEAR(egress.of(0), 0.06, 0.005);
  EXPECT_NEAR(egress.of(1), 1.94, 0.04);
  const ServiceLoads both = learnt(0.5, 1000);
  EXPECT_NEAR(both.of(0), (1.5 + 0.06) / 2, 0.03);
  EXPECT_EQ(both.of(2), 1) << "nobody told of it";
}

TEST(ServiceLoads, ThoseToldOfTakeTogetherWhatTheyAreConfiguredTo) {
  const ServiceLoads loads = learnt(0.3, 1000, {2, 4, 1});
  EXPECT_NEAR(loads.of(0) * 10 + loads.of(1) * 10, 60, 1.5);
}

TEST(ServiceLoads, FollowAChangeInMinutesAndNotAtOnce) {
  ServiceLoads loads = learnt(0, 1000);
  const FleetUse swapped = {{{0, 100, 3e5}, {1, 300, 9.7e6}}, 0};
  loads.learn(swapped, kQueries);
  EXPECT_GT(loads.of(0), 1.4);
  for (int i = 0; i < 60; ++i) { loads.learn(swapped, kQueries); }
  EXPECT_NEAR(loads.of(0), 0.5, 0.1);
}

TEST(ServiceLoads, NobodyIsBelievedToTakeHundredTimesMoreThanConfigured) {
  ServiceLoads loads({1, 1, 1});
  for (int i = 0; i < 1000; ++i) {
    loads.learn({{{0, 1e15, 1e18}, {1, 1e-9, 0}}, 1}, std::vector<double>{1e-1, 1e6, 1});
  }
  for (const double each : loads.all()) {
    EXPECT_GE(each, 0.01 * 0.99);
    EXPECT_LE(each, 100);
  }
}

TEST(ServiceLoads, ASilentServiceTeachesNothing) {
  ServiceLoads loads({1, 1, 1});
  loads.learn({{{0, 300, 0}, {1, 0, 0}}, 1}, std::vector<double>{0.01, 10, 10});
  EXPECT_EQ(loads.all(), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(loads.egress_share(), 0);
}

TEST(ServiceLoads, AreTheSameAfterARestart) {
  const ServiceLoads before = learnt(0.4, 33, {2, 1, 1});
  ServiceLoads after({2, 1, 1});
  after.set_egress_share(before.egress_share());
  for (std::size_t i = 0; i < 3; ++i) { after.set_need(i, before.need(i)); }
  after.weigh();
  EXPECT_EQ(after.all(), before.all());
}

TEST(ServiceLoads, WhatIsInNoRangeIsLeftOut) {
  ServiceLoads loads({1, 1, 1});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const ServiceNeed& each : {ServiceNeed{nan, 1, 1, 1},
                                  {1, nan, 1, 1},
                                  {1, 1, -1, 1},
                                  {1, 1, 1, 1e300},
                                  {1e9, 1, 1, 1}}) {
    loads.set_need(0, each);
  }
  loads.set_egress_share(nan);
  loads.set_egress_share(2);
  loads.weigh();
  EXPECT_EQ(loads.all(), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(loads.egress_share(), 0);
}

}  // namespace
