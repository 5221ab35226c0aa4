// What heartbeats and workers bring between two plans, up to the answers it changes.
#include "gslb/control/observer.h"

#include <gtest/gtest.h>

#include "gslb/answer/explain.h"

#include "tests/support/world.h"

namespace {

using namespace gslb;
using control::Sighting;

constexpr const char* kMore = R"(
[probes]
allow_private = true
target_interval = "10s"
mesh_interval = "0s"
exclude = ["192.0.2.128/25"]
)";

tests::World make_world(const std::string& more) {
  std::string config = tests::kWorldConfig;
  config.replace(config.find("[server]\n"), 9,
                 "[server]\nplace = { latitude = 50.11, longitude = 8.68 }\n");
  return {config + more, {{"example.zone", tests::kWorldZone}, {"other.zone", tests::kOtherZone}}};
}

class ObserverTest : public testing::Test {
 protected:
  const control::Compiled& compiled() { return *world_.epoch->compiled; }
  void learn() {
    control::learn(*world_.epoch, observer_.take(), world_.now().wall);
    world_.plan();
  }
  std::vector<fleet::Probe> beat(const std::string& cluster, fleet::Report report) {
    report.cluster = cluster;
    return observer_.hear(compiled(), report, world_.now());
  }
  std::string cluster_for(const std::string& resolver) {
    answer::ExplainRequest request;
    request.name = dns::Name::parse("www.example").value();
    request.client = Address::parse(resolver).value();
    request.as_subnet = false;
    explanation_ =
        answer::explain(*world_.snapshot, world_.epoch->costs, world_.summary.price_ms, request);
    return explanation_.cluster;
  }
  tests::World world_ = make_world(kMore);
  control::Observer observer_{compiled(), 1, world_.now()};
  answer::Explanation explanation_;
};

TEST_F(ObserverTest, ResolversBecomeTargetsAndResultsSamples) {
  const Address resolver = Address::parse("198.51.100.53").value();
  for (int i = 0; i < 3; ++i) {
    observer_.lane(0).note_resolver(resolver, static_cast<std::uint32_t>(10'000 * i));
    observer_.lane(0).note_resolver(Address::parse("192.0.2.200").value(),
                                    static_cast<std::uint32_t>(10'000 * i));
    observer_.collect(compiled(), world_.now());
    world_.advance(seconds(11));
  }
  fleet::Report report;
  EXPECT_TRUE(beat("lon", report).empty()) << "an edge that says nothing of room";
  report.probe_room = 8;
  EXPECT_TRUE(beat("lon", report).empty()) << "nothing planned yet";
  const auto choices = observer_.probe_choices(compiled(), world_.now().mono);
  EXPECT_EQ(choices.units.size(), 1U) << "the excluded one is no target";
  const auto wishes = control::plan_probes(
      *world_.epoch, choices, control::cluster_inputs(*world_.fleet), world_.now().wall);
  ASSERT_EQ(wishes.size(), 1U);
  EXPECT_EQ(wishes[0].cluster, world_.cluster("lon")) << "the only one with a prober";
  observer_.set_wishes(wishes);
  const auto orders = beat("lon", report);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].target, resolver);
  report.probes = {{orders[0].id, 14'000, fleet::ProbeFailure::kNone}};
  beat("lon", report);
  learn();
  cluster_for("198.51.100.53");
  for (const auto& each : explanation_.clusters) {
    if (each.id != "lon") { continue; }
    EXPECT_EQ(each.cost.rtt.source, measure::RttSource::kProbe);
    EXPECT_NEAR(each.cost.rtt.mean_ms, 14, 1);
  }
}

TEST_F(ObserverTest, AHandshakeTellsOfTheResolversPlace) {
  // Claimed to be in Australia; 2 ms from a server in Frankfurt.
  const Address resolver = Address::parse("198.51.96.9").value();
  for (int i = 0; i < 8; ++i) {
    observer_.lane(0).note({Sighting::Kind::kHandshake, resolver, 2'000});
  }
  observer_.collect(compiled(), world_.now());
  const auto samples = observer_.take();
  ASSERT_EQ(samples.size(), 8U);
  EXPECT_EQ(samples[0].sample.cluster, compiled().fleet->clusters().size());
  control::learn(*world_.epoch, samples, world_.now().wall);
  world_.plan();
  EXPECT_EQ(world_.snapshot->estimates->clusters(), compiled().fleet->clusters().size())
      << "the server's own site serves nobody";
  EXPECT_EQ(world_.epoch->estimator.figures().pairs, 1U);
  EXPECT_NE(world_.epoch->estimator.write().find(" @gslb p"), std::string::npos);
}

TEST_F(ObserverTest, AnotherConfigurationKeepsResolversAndDropsWhatWaits) {
  const Address resolver = Address::parse("198.51.100.53").value();
  for (int i = 0; i < 3; ++i) {
    observer_.lane(0).note({Sighting::Kind::kResolver, resolver, 0});
    observer_.collect(compiled(), world_.now());
    world_.advance(seconds(11));
  }
  observer_.lane(0).note({Sighting::Kind::kHandshake, resolver, 2'000});
  observer_.collect(compiled(), world_.now());
  observer_.adopt(compiled(), world_.now());
  EXPECT_TRUE(observer_.take().empty());
  const auto choices = observer_.probe_choices(compiled(), world_.now().mono);
  EXPECT_EQ(choices.units.size(), 1U);
}

TEST(SightingLane, DropsWhatComesWhenItIsFullAndABusyResolver) {
  control::SightingLane lane;
  const Address from = Address::v4(0xc6336435);
  for (std::uint32_t i = 0; i < 100; ++i) { lane.note_resolver(from, i); }
  std::size_t seen = 0;
  lane.take([&](const Sighting&) { ++seen; });
  EXPECT_EQ(seen, 1U);
  for (std::uint32_t i = 0; i < control::SightingLane::kRoom + 10; ++i) {
    lane.note({Sighting::Kind::kHandshake, from, i});
  }
  seen = 0;
  lane.take([&](const Sighting& sighting) { EXPECT_EQ(sighting.value, seen++); });
  EXPECT_EQ(seen, control::SightingLane::kRoom);
  lane.take([&](const Sighting&) { ADD_FAILURE() << "taken already"; });
}

}  // namespace
