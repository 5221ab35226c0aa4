// Who comes first when there isn't room for all; and where names are at home.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;

std::string cluster(const std::string& id, double longitude, int number) {
  return "[cluster." + id + "]\nlatitude = 50\nlongitude = " + std::to_string(longitude) +
         "\nhealth = 'none'\nnode = [{ id = 'a', ipv4 = '192.0.2." + std::to_string(number) +
         "' }]\n";
}

tests::World make(const std::string& config) {
  return tests::World(
      "[[zone]]\nname = 'example.'\nfile = 'z'\n[[route]]\nname = '*.example.'\nservice = 's'\n"
      "[[override]]\nprefix = '10.0.0.0/24'\nlatitude = 50\nlongitude = 8\n"
      "[[override]]\nprefix = '10.0.1.0/24'\nlatitude = 50\nlongitude = 10\n" +
          config,
      {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}});
}

class Priority : public testing::Test {
 protected:
  // Loads of services (bulk, gold) at (near, far) with room for 100 and 40.
  std::array<double, 4> plan(const std::string& bulk, double bulk_demand, double gold_demand) {
    tests::World world = make(cluster("near", 8, 1) + cluster("far", 60, 2) + "[service.s]\n" +
                              bulk + "[service.gold]\n");
    const auto& compiled = *world.epoch->compiled;
    const std::size_t units = compiled.geo->units().size();
    const auto unit = compiled.geo->find(*gslb::Address::parse("10.0.0.1")).unit;
    Planner planner(world.epoch->costs, *compiled.services, *compiled.geo);
    planner.set_load_factor(0, 1 / 100.0);
    planner.set_load_factor(1, 1 / 40.0);
    Demand demand{.expected = std::vector<double>(2 * units, 0),
                  .recent = std::vector<float>(2 * units, 0)};
    demand.expected[unit] = bulk_demand;
    demand.expected[units + unit] = gold_demand;
    const Plan made =
        planner.plan(demand, std::vector<ClusterInput>(2, {.serving = true, .has_capacity = true}));
    scale_ = made.summary.over_scale;
    std::array<double, 4> loads{};
    for (std::size_t service = 0; service < 2; ++service) {
      const Row row = made.map->row(static_cast<ServiceIndex>(service), unit);
      for (std::size_t rank = 0; rank <= row.thresholds.size(); ++rank) {
        loads[service * 2 + row.choices[rank]] +=
            demand.expected[service * units + unit] * row.share(rank);
      }
    }
    return loads;
  }
  double scale_ = 0;
};

TEST_F(Priority, WithRoomForAllNobodyIsAskedForHis) {
  const auto loads = plan("priority = 1\n", 30, 100);
  EXPECT_EQ(scale_, 1);
  EXPECT_NEAR(loads[0] + loads[2], 100, 1);
  EXPECT_NEAR(loads[1] + loads[3], 30, 1);
}

TEST_F(Priority, TheFirstHasTheNearClusterWithinItsTarget) {
  const auto loads = plan("priority = 1\n", 100, 90);
  EXPECT_GT(scale_, 1);
  EXPECT_NEAR(loads[2], 90, 1) << "gold, near";
  EXPECT_GT(loads[1], 60) << "bulk, far and over target";
}

TEST_F(Priority, AReserveIsLeftToTheLast) {
  const auto loads = plan("priority = 1\nreserve = 0.3\n", 100, 90);
  EXPECT_NEAR(loads[2], 70, 1) << "gold, near";
  EXPECT_NEAR(loads[3], 20, 1) << "gold, far";
  EXPECT_GT(loads[0], 29);
}

TEST_F(Priority, EqualsSufferTogether) {
  const auto loads = plan("", 100, 90);
  EXPECT_NEAR(loads[0] + loads[2], 100 * scale_, 4);
  EXPECT_NEAR(loads[1] + loads[3], 40 * scale_, 4);
}

TEST(Home, NamesAreAtOneOfTheNearClustersForAllWhoHaveItNear) {
  // For 8° E and 10° E alike a, b and c are near; d is not.
  tests::World world = make(cluster("a", 7, 1) + cluster("b", 9, 2) + cluster("c", 11, 3) +
                            cluster("d", 60, 4) + "[service.s]\npolicy = 'home'\n");
  const auto ask = [&](int name, const char* client) {
    const auto answers =
        world.ask({.name = "n" + std::to_string(name) + ".example.", .ecs = client})
            .answers(gslb::dns::RrType::kA);
    return answers.at(0);
  };
  std::map<std::string, int> names;
  std::vector<std::string> before;
  for (int i = 0; i < 600; ++i) {
    before.push_back(ask(i, "10.0.0.0/24"));
    ASSERT_EQ(ask(i, "10.0.1.0/24"), before.back());
    ++names[before.back()];
  }
  EXPECT_EQ(names.size(), 3U);
  for (const auto& [cluster, count] : names) { EXPECT_NEAR(count, 200, 60) << cluster; }
  world.set_admin("b", gslb::fleet::AdminState::kDown);
  for (int i = 0; i < 600; ++i) {
    const std::string now = ask(i, "10.0.0.0/24");
    const std::string& then = before[static_cast<std::size_t>(i)];
    if (then != "192.0.2.2") { ASSERT_EQ(now, then); }
    ASSERT_NE(now, "192.0.2.4");
  }
}

}  // namespace
