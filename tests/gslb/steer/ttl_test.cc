// How long answers may live, and that nobody is told otherwise for the same name.
#include "gslb/steer/ttl.h"

#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/support/world.h"

namespace {

using namespace gslb::steer;
using gslb::dns::RrType;

TEST(TtlSteps, LeadFromTheShortestByWayOfTheUsualToTheLongest) {
  EXPECT_EQ(make_ttl_steps(20, 60, 300), (TtlSteps{20, 26, 35, 46, 60, 90, 134, 201, 300}));
  EXPECT_EQ(make_ttl_steps(60, 60, 60), (TtlSteps{60, 60, 60, 60, 60, 60, 60, 60, 60}));
  EXPECT_EQ(make_ttl_steps(0, 0, 0).back(), 0U);
  const TtlSteps from_nothing = make_ttl_steps(0, 60, 60);
  EXPECT_TRUE(std::is_sorted(from_nothing.begin(), from_nothing.end()));
}

TEST(TtlSteps, FallAtOnceAndRiseAStepAPlan) {
  EXPECT_EQ(next_ttl_step(8, {.changed = true}), 0);
  EXPECT_EQ(next_ttl_step(8, {.is_crowded = true, .is_clear = true}), 0);
  EXPECT_EQ(next_ttl_step(0, {}), 1);
  EXPECT_EQ(next_ttl_step(4, {}), 4) << "the usual one";
  EXPECT_EQ(next_ttl_step(4, {.is_clear = true}), 5);
  EXPECT_EQ(next_ttl_step(8, {.is_clear = true}), 8);
  EXPECT_EQ(next_ttl_step(8, {}), 4) << "no longer clear";
}

TEST(AnswerTtl, SpreadsByATenthAndIsNeverOverTheLongest) {
  const TtlSteps steps = make_ttl_steps(20, 100, 300);
  std::uint32_t least = 1000;
  std::uint32_t most = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint32_t ttl_s = answer_ttl_s(steps, kUsualTtl, i << 32);
    least = std::min(least, ttl_s);
    most = std::max(most, ttl_s);
    ASSERT_LE(answer_ttl_s(steps, 8, i << 32), 300U);
  }
  EXPECT_EQ(least, 90U);
  EXPECT_EQ(most, 110U);
  EXPECT_EQ(answer_ttl_s(make_ttl_steps(60, 60, 60), 0, 12345), 60U) << "off: as it was given";
}

const char* const kConfig = R"(
[[zone]]
name = "example."
file = "example.zone"
[[route]]
name = "*.example."
service = "web"
[[override]]
prefix = "198.51.100.0/24"
latitude = 50.1
longitude = 8.7
[cluster.fra]
latitude = 50.11
longitude = 8.68
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.1", ipv6 = "2001:db8::1" }]
[cluster.syd]
latitude = -33.87
longitude = 151.21
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.4", ipv6 = "2001:db8::4" }]
[service.web]
ttl = 60
)";
const char* const kAdaptive = "ttl_min = 20\nttl_max = 300\n";

class TtlWorld : public testing::Test {
 protected:
  static tests::World make(const std::string& more) {
    return tests::World(
        kConfig + more,
        {{"example.zone", "$ORIGIN example.\n$TTL 60\n@ SOA ns. ns. 1 1 1 1 1\n@ NS ns.\n"}});
  }
  static std::uint32_t ttl(tests::World& world, const std::string& name = "a",
                           RrType type = RrType::kA) {
    const auto reply =
        world.ask({.name = name + ".example.", .type = type, .ecs = "198.51.100.0/24"});
    return reply.message.sections[0].at(0).ttl;
  }
};

TEST_F(TtlWorld, StaysWhatItIsUntilARangeIsGiven) {
  tests::World world = make("");
  world.advance(std::chrono::minutes(10));
  EXPECT_EQ(ttl(world), 60U);
}

TEST_F(TtlWorld, GrowsWhereOneClusterLeadsByFarAndFallsWithAChange) {
  tests::World world = make(kAdaptive);
  world.advance(std::chrono::minutes(10));
  EXPECT_GE(ttl(world), 270U);
  EXPECT_LE(ttl(world), 300U);
  world.set_admin("fra", gslb::fleet::AdminState::kDown);
  EXPECT_GE(ttl(world), 18U);
  EXPECT_LE(ttl(world), 22U);
  world.advance(std::chrono::seconds(31));
  EXPECT_GT(ttl(world), 22U) << "a step a plan";
}

TEST_F(TtlWorld, AllTypesOfANameHaveOneAndNamesDiffer) {
  tests::World world = make(kAdaptive);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_EQ(ttl(world, name), ttl(world, name, RrType::kAaaa));
    seen.insert(ttl(world, name));
  }
  EXPECT_GT(seen.size(), 4U);
}

TEST_F(TtlWorld, IsShortWhileAClusterIsNearlyFull) {
  tests::World world = make(kAdaptive);
  const auto& compiled = *world.epoch->compiled;
  Planner planner(world.epoch->costs, *compiled.services, *compiled.geo);
  const auto unit = compiled.geo->find(*gslb::Address::parse("198.51.100.1")).unit;
  planner.set_load_factor(0, 1.0 / 100);
  std::vector<ClusterInput> inputs(2, {.serving = true, .has_capacity = true});
  Demand demand{.expected = {0, 0}, .recent = {0, 0}};
  demand.expected[unit] = 95;
  EXPECT_EQ(planner.plan(demand, inputs).map->row(0, unit).ttl_step, 0);
  demand.expected[unit] = 50;
  EXPECT_EQ(planner.plan(demand, inputs).map->row(0, unit).ttl_step, 1);
}

}  // namespace
