// The planner in its loop: learning, spill, death, masks; and the answer map it fills.
#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;

class Planning : public testing::Test {
 protected:
  Row row(const std::string& prefix, const std::string& service = "web") {
    const auto address = gslb::Address::parse(prefix).value();
    const auto& services = world_.snapshot->services->services;
    ServiceIndex index = 0;
    while (services[index].id != service) { ++index; }
    return world_.snapshot->map->row(index, world_.snapshot->geo->find(address).unit);
  }
  std::vector<std::string> ids(const Row& row) {
    std::vector<std::string> out;
    for (const auto index : row.choices) {
      out.push_back(world_.snapshot->fleet->cluster(index).id);
    }
    return out;
  }
  using Ids = std::vector<std::string>;
  tests::World world_ = tests::make_world();
};

TEST_F(Planning, RowsGoByCostWithinTheMasks) {
  EXPECT_EQ(ids(row("198.51.100.1")), (Ids{"fra", "lon", "nyc", "syd"}));
  EXPECT_EQ(ids(row("198.51.100.1", "premium")), (Ids{"fra", "syd"}));
  EXPECT_EQ(ids(row("198.51.104.1"))[0], "isp");
}

TEST_F(Planning, ADeadClusterIsNoLongerFirst) {
  world_.set_admin("fra", gslb::fleet::AdminState::kDown);
  const Ids now = ids(row("198.51.100.1"));
  EXPECT_EQ(now.size(), 4U);
  EXPECT_EQ(now[0], "lon");
}

// Load follows the plan with the lag of DNS caches; one cluster can't hold what is nearest to it.
TEST_F(Planning, SpillsWhatIsOverTargetAndSettles) {
  Planner& planner = world_.epoch->planner;
  const std::size_t units = world_.snapshot->geo->units().size();
  const std::size_t clusters = world_.snapshot->fleet->clusters().size();
  std::vector<double> demand(world_.snapshot->services->services.size() * units, 0);
  // Unit 0 has no place: every cluster costs it the same, so it says nothing.
  for (std::size_t unit = 1; unit < units; ++unit) { demand[unit] = 10; }
  const std::vector<float> recent(demand.begin(), demand.end());
  const auto fra = world_.cluster("fra");
  std::deque<std::vector<double>> lag;
  std::vector<ClusterInput> inputs(clusters, {.serving = true, .has_capacity = true});
  std::vector<double> target(clusters, 100);
  gslb::MonoTime now = world_.now().mono;
  const auto epoch = [&] {
    now += std::chrono::seconds(15);
    const Plan plan = planner.plan({.expected = demand, .recent = recent, .at = now}, inputs);
    lag.push_back(plan.summary.planned_load);
    if (lag.size() > 5) { lag.pop_front(); }
    for (std::size_t i = 0; i < clusters; ++i) {
      double mean = 0;
      for (const auto& load : lag) { mean += load[i] / static_cast<double>(lag.size()); }
      inputs[i].utilisation = mean / target[i];
    }
    return plan;
  };
  const double wanted = epoch().summary.planned_load[fra];
  ASSERT_GT(wanted, 0);
  target[fra] = wanted * 0.7;
  double moved = 0;
  for (int i = 0; i < 60; ++i) {
    const Plan plan = epoch();
    if (i < 30) { continue; }
    EXPECT_LE(inputs[fra].utilisation, 1.1) << "epoch " << i;
    EXPECT_GE(inputs[fra].utilisation, 0.9) << "no more than needed, epoch " << i;
    moved += plan.summary.moved_share;
  }
  EXPECT_LE(moved, 0.5) << "settled";
  target[fra] = wanted * 2;
  for (int i = 0; i < 160; ++i) { epoch(); }  // what a switch costs fades in 20 minutes
  EXPECT_NEAR(inputs[fra].utilisation, 0.5, 0.05) << "all is back";
}

// One unit nobody knows the place of, so that capacity alone decides who gets which share.
class Splitting : public testing::Test {
 protected:
  // Which cluster each of the 256 hashes of names goes to when clusters have `room` for this share
  // of the demand.
  std::vector<ClusterIndex> plan(const std::vector<double>& room) {
    constexpr double kDemand = 100;
    const auto& services = *world_.epoch->compiled->services;
    Planner planner(world_.epoch->costs, services, *geo_);
    std::vector<ClusterInput> inputs(world_.snapshot->fleet->clusters().size());
    gslb::fleet::HealthBoard health(inputs.size());
    for (std::size_t i = 0; i < room.size(); ++i) {
      inputs[i] = {.serving = true, .has_capacity = true};
      health.set_serving(static_cast<ClusterIndex>(i), 1);
      planner.set_load_factor(static_cast<ClusterIndex>(i), 1 / (kDemand * room[i]));
    }
    Demand demand{.expected = std::vector<double>(services.services.size(), 0),
                  .recent = std::vector<float>(services.services.size(), 0)};
    demand.expected[0] = kDemand;
    const Plan plan = planner.plan(demand, inputs);
    std::vector<ClusterIndex> of_name;
    for (int split = 0; split < 256; ++split) {
      of_name.push_back(
          plan.map->choose(0, 0, static_cast<std::uint8_t>(split), health.view()).cluster);
    }
    return of_name;
  }
  static double share(const std::vector<ClusterIndex>& of_name, ClusterIndex cluster) {
    return static_cast<double>(std::count(of_name.begin(), of_name.end(), cluster)) / 256;
  }
  static double moved(const std::vector<ClusterIndex>& a, const std::vector<ClusterIndex>& b) {
    int moved = 0;
    for (std::size_t i = 0; i < 256; ++i) { moved += int{a[i] != b[i]}; }
    return moved / 256.0;
  }
  tests::World world_ = tests::make_world();
  std::shared_ptr<const gslb::geo::GeoMap> geo_ = gslb::geo::GeoMap::empty();
};

TEST_F(Splitting, GivesEveryClusterItsShareOfTheNames) {
  const auto names = plan({0.5, 0.3, 0.2});
  EXPECT_NEAR(share(names, 0), 0.5, 0.01);
  EXPECT_NEAR(share(names, 1), 0.3, 0.01);
  EXPECT_NEAR(share(names, 2), 0.2, 0.01);
}

TEST_F(Splitting, AChangeOfTenPercentMovesTenPercentOfTheNames) {
  EXPECT_NEAR(moved(plan({0.6, 0.4}), plan({0.5, 0.5})), 0.1, 0.01);
  EXPECT_NEAR(moved(plan({0.5, 0.3, 0.2}), plan({0.4, 0.4, 0.2})), 0.1, 0.01);
  EXPECT_NEAR(moved(plan({0.5, 0.3, 0.2}), plan({0.5, 0.2, 0.3})), 0.1, 0.01);
  // Intervals in fixed order: between the outer two the middle one is pushed along.
  EXPECT_NEAR(moved(plan({0.5, 0.3, 0.2}), plan({0.4, 0.3, 0.3})), 0.2, 0.01);
  EXPECT_EQ(moved(plan({0.6, 0.4}), plan({0.6, 0.4})), 0);
}

TEST_F(Splitting, AClusterThatGrowsLosesNoName) {
  const auto before = plan({0.6, 0.4});
  const auto after = plan({0.7, 0.3});
  for (std::size_t i = 0; i < 256; ++i) {
    if (before[i] == 0) { EXPECT_EQ(after[i], 0) << "hash " << i; }
  }
}

TEST_F(Planning, CandidatesFollowEstimatesOfTheUnitsThatMoved) {
  namespace measure = gslb::measure;
  const auto& units = world_.snapshot->geo->units();
  measure::Estimator estimator(
      units,
      [&] {
        std::vector<measure::Site> sites;
        for (const auto& cluster : world_.epoch->compiled->config.clusters) {
          sites.push_back({cluster.id.text, {cluster.latitude, cluster.longitude}});
        }
        return sites;
      }(),
      {});
  const auto moved = world_.snapshot->geo->find(*gslb::Address::parse("198.51.100.1")).unit;
  const auto measure_fra = [&](double rtt_ms) {
    for (int i = 0; i < 20; ++i) {
      estimator.add({.unit = moved, .cluster = world_.cluster("fra"), .rtt_ms = rtt_ms},
                    world_.now().wall);
    }
    world_.epoch->planner.set_estimates(estimator.refresh(world_.now().wall));
    world_.plan();
  };
  measure_fra(4);
  EXPECT_EQ(ids(row("198.51.100.1"))[0], "fra");
  measure_fra(400);  // a route change
  EXPECT_NE(ids(row("198.51.100.1"))[0], "fra");
  measure_fra(4);
  world_.advance(std::chrono::minutes(40));  // what a switch costs fades
  EXPECT_EQ(ids(row("198.51.100.1"))[0], "fra") << "and back";
  EXPECT_EQ(ids(row("198.51.100.1")).size(), 4U);
}

// Shares by weight may have any number of borders; only the first four places can be a spill.
TEST(AnswerMap, OnlyTheFirstPlacesOfALongRowAreASpill) {
  AnswerMap map(1, 1);
  gslb::fleet::HealthBoard health(2);
  health.set_serving(0, 1);
  health.set_serving(1, 1);
  gslb::steer::Row row;
  row.spilled = 1;
  for (int i = 0; i < 200; ++i) {
    row.thresholds.push_back(static_cast<std::uint8_t>(i + 1));
    row.choices.push_back(static_cast<gslb::fleet::ClusterIndex>(i % 2));
  }
  row.choices.push_back(0);
  map.set_row(0, 0, row);
  EXPECT_EQ(map.choose(0, 0, 0, health.view()).reason, Reason::kSpill);
  for (int split = 1; split < 256; ++split) {
    const auto choice = map.choose(0, 0, static_cast<std::uint8_t>(split), health.view());
    EXPECT_EQ(choice.reason, Reason::kBest) << split;
  }
}

TEST(AnswerMap, SplitsByThresholdAndFailsOverInOrder) {
  AnswerMap map(1, 3);
  gslb::fleet::HealthBoard health(3);
  for (gslb::fleet::ClusterIndex i = 0; i < 3; ++i) { health.set_serving(i, 1); }
  map.set_row(0, 0, {.thresholds = {100}, .choices = {2, 0, 1}, .spilled = 2});
  map.set_row(0, 1, {.thresholds = {100}, .choices = {2, 0, 1}, .spilled = 2});
  EXPECT_EQ(map.distinct_rows(), 1U);
  EXPECT_EQ(map.choose(0, 0, 99, health.view()).cluster, 2);
  EXPECT_EQ(map.choose(0, 0, 99, health.view()).reason, Reason::kBest);
  EXPECT_EQ(map.choose(0, 0, 100, health.view()).cluster, 0);
  EXPECT_EQ(map.choose(0, 0, 100, health.view()).reason, Reason::kSpill);
  health.set_serving(0, 0);
  EXPECT_EQ(map.choose(0, 0, 200, health.view()).cluster, 2);
  EXPECT_EQ(map.choose(0, 0, 200, health.view()).reason, Reason::kFailover);
  health.set_serving(2, 0);
  EXPECT_EQ(map.choose(0, 0, 200, health.view()).cluster, 1);
  health.set_serving(1, 0);
  EXPECT_EQ(map.choose(0, 0, 200, health.view()).cluster, kNoCluster);
  EXPECT_EQ(map.choose(0, 0, 200, health.view()).planned, 0);
  EXPECT_EQ(map.choose(0, 2, 0, health.view()).planned, kNoCluster) << "no row";
}

TEST(Reasons, WhoIsNotAtTheCheapestSpillsOnlyIfThatIsFull) {
  const std::vector<Candidate> candidates = {{0, 10}, {1, 12}, {2, 30}};
  std::vector<ClusterInput> clusters(3, {.serving = true});
  gslb::fleet::HealthBoard health(3);
  for (ClusterIndex i = 0; i < 3; ++i) { health.set_serving(i, 1); }
  const auto reason = [&](ClusterIndex at, const std::vector<double>& price_ms) {
    const Assigned assigned{{Share{at, 1}}, 1};
    AnswerMap map(1, 1);
    map.set_row(0, 0, planned_row(candidates, assigned, clusters, price_ms, kNoHeirs));
    return map.choose(0, 0, 0, health.view()).reason;
  };
  EXPECT_EQ(reason(0, {0, 0, 0}), Reason::kBest);
  EXPECT_EQ(reason(0, {5, 0, 0}), Reason::kBest) << "full, but not for him";
  EXPECT_EQ(reason(1, {5, 0, 0}), Reason::kSpill);
  EXPECT_EQ(reason(1, {2, 0, 0}), Reason::kSpill) << "just as dear";
  EXPECT_EQ(reason(1, {1, 0, 0}), Reason::kStay);
  EXPECT_EQ(reason(2, {5, 0, 0}), Reason::kStay) << "the second has room";
  clusters[0].serving = false;
  EXPECT_EQ(reason(1, {0, 0, 0}), Reason::kBest) << "of those that serve";
}

TEST(Heirs, StandBehindTheSharesInTheirOrder) {
  const std::vector<Candidate> candidates = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}};
  const std::vector<ClusterInput> clusters(5, {.serving = true});
  const Assigned assigned{{Share{1, 1}}, 1};
  const auto choices = [&](const Heirs& heirs) {
    return planned_row(candidates, assigned, clusters, std::vector<double>(5, 0), heirs).choices;
  };
  using Choices = std::vector<ClusterIndex>;
  EXPECT_EQ(choices(kNoHeirs), (Choices{1, 0, 2, 3, 4}));
  EXPECT_EQ(choices({3, 4, 2}), (Choices{1, 3, 4, 2, 0}));
  EXPECT_EQ(choices({gslb::fleet::kNoCluster, 4, gslb::fleet::kNoCluster}),
            (Choices{1, 4, 0, 2, 3}));
  EXPECT_EQ(choices({3, 3, 1}), (Choices{1, 3, 0, 2, 4})) << "one stands once";
}

}  // namespace
