// When the deaths of many are rather our own blindness.
#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

const std::vector<ClusterSpec> kFive = {{"ams", {"n1", "n2"}},
                                        {"fra", {"n1", "n2"}},
                                        {"lon", {"n1", "n2"}},
                                        {"nyc", {"n1", "n2"}},
                                        {"sin", {"n1", "n2"}}};

// Beats all clusters not in `silent` each second for `seconds` seconds.
void live(Fleet& fleet, const std::vector<std::string>& silent, int seconds) {
  for (int i = 0; i < seconds; ++i) {
    fleet.advance_and_tick(milliseconds(1000));
    for (const ClusterModel& cluster : fleet.state().model().clusters()) {
      if (std::find(silent.begin(), silent.end(), cluster.id) != silent.end()) { continue; }
      for (const NodeModel& node : cluster.nodes) { fleet.beat(node.full_id); }
    }
  }
}

std::string serving(Fleet& fleet) {
  std::string ids;
  for (const ClusterModel& cluster : fleet.state().model().clusters()) {
    if (fleet.serving(cluster.id) != 0) { ids += (ids.empty() ? "" : " ") + cluster.id; }
  }
  return ids;
}

TEST(Suspicion, OneDeadSiteIsBelieved) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra"}, 4);
  EXPECT_EQ(serving(fleet), "ams lon nyc sin");
  EXPECT_FALSE(fleet.state().suspicion_status().active);
  EXPECT_NEAR(fleet.state().suspicion_status().share, 0.2, 1e-9);
}

TEST(Suspicion, TwoOfFiveAreNoMoreThanFortyPercent) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon"}, 4);
  EXPECT_EQ(serving(fleet), "ams nyc sin");
}

TEST(Suspicion, ThreeOfFiveAtOnceAreHeld) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 4);
  EXPECT_EQ(serving(fleet), "ams fra lon nyc sin");
  const SuspicionStatus status = fleet.state().suspicion_status();
  EXPECT_TRUE(status.active);
  EXPECT_EQ(status.held_nodes, 6U);
  EXPECT_EQ(status.times, 1U);
  EXPECT_NEAR(status.share, 0.6, 1e-9);
  EXPECT_TRUE(fleet.node("fra/n1").held);
  EXPECT_EQ(fleet.health("fra/n1"), NodeHealth::kStale);
  EXPECT_FALSE(fleet.node("ams/n1").held);
  const auto& events = fleet.state().events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const Event& event) {
    return event.kind == EventKind::kSuspicion && event.text.starts_with("50 %");
  }));
}

TEST(Suspicion, HoldsNoLongerThanToldAndThenBelieves) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 4);
  live(fleet, {"fra", "lon", "nyc"}, 298);
  EXPECT_EQ(serving(fleet), "ams fra lon nyc sin");
  live(fleet, {"fra", "lon", "nyc"}, 3);
  EXPECT_EQ(serving(fleet), "ams sin");
  EXPECT_FALSE(fleet.state().suspicion_status().active);
  live(fleet, {"fra", "lon", "nyc"}, 60);
  EXPECT_EQ(serving(fleet), "ams sin") << "what was believed once is not suspected again";
}

TEST(Suspicion, EndsWhenEnoughCameBack) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 40);
  EXPECT_TRUE(fleet.state().suspicion_status().active);
  live(fleet, {"fra", "lon"}, 1);
  EXPECT_FALSE(fleet.state().suspicion_status().active);
  EXPECT_EQ(serving(fleet), "ams nyc sin") << "those still silent are dead";
}

TEST(Suspicion, NodesThatSayTheyAreDownAreDown) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  for (const char* id : {"fra/n1", "fra/n2", "lon/n1", "lon/n2", "nyc/n1", "nyc/n2"}) {
    fleet.beat(id, NodeState::kDown);
  }
  EXPECT_EQ(serving(fleet), "ams sin");
  EXPECT_FALSE(fleet.state().suspicion_status().active);
}

TEST(Suspicion, AHeldNodeThatSaysItIsDownGoesAtOnce) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 4);
  fleet.beat("fra/n1", NodeState::kDown);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  EXPECT_TRUE(fleet.state().suspicion_status().active);
}

TEST(Suspicion, TheOperatorsWordBeatsTheHold) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc", "sin"}, 4);
  fleet.state().set_admin("fra", AdminState::kDrain, "", std::nullopt, fleet.now());
  EXPECT_EQ(serving(fleet), "ams lon nyc sin");
}

TEST(Suspicion, DeathsOfDifferentMinutesAreBelieved) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra"}, 40);
  live(fleet, {"fra", "lon"}, 40);
  live(fleet, {"fra", "lon", "nyc"}, 40);
  EXPECT_EQ(serving(fleet), "ams sin");
  EXPECT_EQ(fleet.state().suspicion_status().times, 0U);
}

TEST(Suspicion, AllAtOnceAreHeldInALargeFleet) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(serving(fleet), "ams fra lon nyc sin");
}

// With few sites the death of one or two is what failover is for.
TEST(Suspicion, IsOffWithFewerThanFourClusters) {
  for (std::size_t count = 1; count <= 3; ++count) {
    Fleet fleet({}, {kFive.begin(), kFive.begin() + static_cast<std::ptrdiff_t>(count)});
    fleet.beat_all();
    fleet.advance_and_tick(milliseconds(3000));
    EXPECT_EQ(serving(fleet), "") << count;
  }
}

TEST(Suspicion, OneLargeSiteIsNoEvidenceAgainstUs) {
  config::Config config = make_config(kFive);
  config.clusters[1].capacity[0] = {"requests_per_s", 100'000, 100'000};
  Fleet fleet(config);
  fleet.beat_all();
  live(fleet, {"fra"}, 4);
  EXPECT_EQ(serving(fleet), "ams lon nyc sin");
  EXPECT_GT(fleet.state().suspicion_status().share, 0.9);
  live(fleet, {"fra", "lon"}, 4);
  EXPECT_EQ(serving(fleet), "ams fra lon nyc sin") << "two whole sites are";
}

TEST(Suspicion, CanBeSwitchedOff) {
  config::Health health;
  health.suspect_share = 1;
  Fleet fleet(health, kFive);
  fleet.beat_all();
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(serving(fleet), "");
}

TEST(Suspicion, SurvivesAReload) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 4);
  const auto clusters = std::vector<ClusterSpec>(kFive.rbegin(), kFive.rend());
  FleetState next(FleetModel::compile(make_config(clusters)), fleet.now());
  next.adopt(fleet.state(), fleet.now());
  for (ClusterIndex i = 0; i < 5; ++i) { EXPECT_EQ(next.board()->serving_nodes(i), 3U) << i; }
  EXPECT_TRUE(next.suspicion_status().active);
  EXPECT_EQ(next.suspicion_status().held_nodes, 6U);
  EXPECT_EQ(next.next_deadline().has_value(), true);
}

// Restored as alive, then never heard of: it is the restart that can't see.
TEST(Suspicion, HoldsWhatARestartFoundAlive) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  const std::string saved = fleet.state().save_state(fleet.now().wall);
  Fleet restarted({}, kFive);
  Problems problems;
  restarted.state().restore_state(saved, restarted.now(), problems);
  restarted.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(serving(restarted), "ams fra lon nyc sin");
}

TEST(Suspicion, ASilentHeldClusterLosesHalfItsCapacityInTheEnd) {
  Fleet fleet({}, kFive);
  fleet.beat_all();
  live(fleet, {"fra", "lon", "nyc"}, 3);
  const auto sight = [&](ClusterIndex cluster) { return fleet.state().sight(cluster); };
  EXPECT_FALSE(sight(0).blind);
  EXPECT_EQ(sight(0).share, 1);
  EXPECT_TRUE(sight(1).blind);
  EXPECT_EQ(sight(1).share, 1);
  live(fleet, {"fra", "lon", "nyc"}, 1);
  EXPECT_NEAR(sight(1).share, 5.0 / 6, 1e-6);
  live(fleet, {"fra", "lon", "nyc"}, 10);
  EXPECT_EQ(sight(1).share, 0.5);
}

}  // namespace
}  // namespace gslb::fleet
