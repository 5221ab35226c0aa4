#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

using std::chrono::nanoseconds;

TEST(FleetModel, KeepsTheOrderOfTheConfigurationAndStableHashes) {
  const auto model = FleetModel::compile(make_config({{"fra", {"a", "b"}}, {"ams", {"a"}}}));
  EXPECT_EQ(model->find_cluster("fra"), 0);
  EXPECT_EQ(model->find_cluster("ams"), 1);
  EXPECT_EQ(model->find_cluster("fr"), kNoCluster);
  EXPECT_EQ(model->cluster(0).find_node("b"), 1U);
  EXPECT_EQ(model->cluster(1).find_node("b"), std::nullopt);
  EXPECT_EQ(model->cluster(1).nodes[0].full_id, "ams/a");
  const auto turned = FleetModel::compile(make_config({{"ams", {"a"}}, {"fra", {"b", "a"}}}));
  EXPECT_EQ(turned->cluster(1).nodes[1].hash, model->cluster(0).nodes[0].hash);
  EXPECT_NE(model->cluster(0).nodes[0].hash, model->cluster(1).nodes[0].hash);
}

TEST(HealthRules, HoldANodeToItsOwnIntervalWithinBounds) {
  HealthRules rules;
  EXPECT_EQ(rules.silence_allowed(250), milliseconds(750));
  EXPECT_EQ(rules.silence_allowed(1000), milliseconds(3000));
  EXPECT_EQ(rules.silence_allowed(5000), milliseconds(15'000));
  EXPECT_EQ(rules.silence_allowed(1), milliseconds(300));
  EXPECT_EQ(rules.silence_allowed(3'600'000), milliseconds(30'000));  // 10 x what is expected
  rules.heartbeat_interval = milliseconds(30'000);
  EXPECT_EQ(rules.silence_allowed(3'600'000), milliseconds(180'000));
}

TEST(FleetState, NodesServeOnlyOnceHeardOf) {
  Fleet fleet;
  EXPECT_EQ(fleet.serving("fra"), 0U);
  EXPECT_EQ(fleet.health("fra/node-2"), NodeHealth::kUnknown);
  EXPECT_EQ(fleet.beat("fra/node-2"), HeartbeatVerdict::kAccepted);
  EXPECT_EQ(fleet.serving("fra"), 0b10U);
  EXPECT_EQ(fleet.health("fra/node-2"), NodeHealth::kUp);
  EXPECT_EQ(fleet.serving("nyc"), 0U);
}

TEST(FleetState, SilentNodeFlipsAtItsDeadlineAndNotBefore) {
  Fleet fleet;
  fleet.beat("fra/node-1", NodeState::kUp, 250);
  fleet.advance_and_tick(milliseconds(749));
  EXPECT_EQ(fleet.serving("fra"), 0b01U);
  ASSERT_EQ(fleet.state().next_deadline(), fleet.now().mono + milliseconds(1));
  fleet.state().tick({fleet.now().mono + milliseconds(1) - nanoseconds(1), fleet.now().wall});
  EXPECT_EQ(fleet.serving("fra"), 0b01U);
  fleet.advance_and_tick(milliseconds(1));
  EXPECT_EQ(fleet.serving("fra"), 0U);
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kStale);
  EXPECT_EQ(fleet.last_good("fra"), 0b01U);  // remembered for fallback = "last_good"
}

TEST(FleetState, EachHeartbeatMovesTheDeadline) {
  Fleet fleet;
  for (int i = 0; i < 10; ++i) {
    fleet.beat("fra/node-1");
    fleet.advance_and_tick(milliseconds(2999));
    EXPECT_EQ(fleet.serving("fra"), 0b01U);
  }
  // A faster promise counts from the heartbeat that makes it.
  fleet.beat("fra/node-1", NodeState::kUp, 100);
  fleet.advance_and_tick(milliseconds(300));
  EXPECT_EQ(fleet.serving("fra"), 0U);
}

TEST(FleetState, DrainingAndDownTakeEffectWithTheirHeartbeat) {
  Fleet fleet;
  fleet.beat_all();
  fleet.beat("fra/node-1", NodeState::kDraining);
  EXPECT_EQ(fleet.serving("fra"), 0b10U);
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kDraining);
  fleet.beat("fra/node-2", NodeState::kDown);
  EXPECT_EQ(fleet.serving("fra"), 0U);
  EXPECT_EQ(fleet.health("fra/node-2"), NodeHealth::kDown);
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.serving("fra"), 0b01U);
}

TEST(FleetState, RefusesReplaysRepeatsAndReordering) {
  Fleet fleet;
  Report first = fleet.report("fra/node-1");
  Report second = fleet.report("fra/node-1", NodeState::kDown);
  Report later = fleet.report("fra/node-1");
  later.sequence += 100;  // gaps are fine
  EXPECT_EQ(fleet.state().apply_heartbeat(first, fleet.now()), HeartbeatVerdict::kAccepted);
  EXPECT_EQ(fleet.state().apply_heartbeat(first, fleet.now()), HeartbeatVerdict::kStaleSequence);
  EXPECT_EQ(fleet.state().apply_heartbeat(later, fleet.now()), HeartbeatVerdict::kAccepted);
  EXPECT_EQ(fleet.state().apply_heartbeat(second, fleet.now()), HeartbeatVerdict::kStaleSequence);
  EXPECT_EQ(fleet.serving("fra"), 0b01U);  // the overtaken "down" changed nothing
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kAccepted), 2U);
  EXPECT_EQ(fleet.state().heartbeats(HeartbeatVerdict::kStaleSequence), 2U);
}

TEST(FleetState, RefusedHeartbeatsAreNoSignOfLife) {
  Fleet fleet;
  const Report only = fleet.report("fra/node-1");
  fleet.state().apply_heartbeat(only, fleet.now());
  fleet.advance(milliseconds(2999));
  fleet.state().apply_heartbeat(only, fleet.now());
  fleet.advance_and_tick(milliseconds(1));
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kStale);
}

TEST(FleetState, NewerIncarnationStartsTheSequenceAnewAndOldersAreRefused) {
  Fleet fleet;
  fleet.beat("fra/node-1");
  fleet.beat("fra/node-1");
  Report restarted = fleet.report("fra/node-1");
  restarted.incarnation = 2000;
  restarted.sequence = 0;
  EXPECT_EQ(fleet.state().apply_heartbeat(restarted, fleet.now()), HeartbeatVerdict::kAccepted);
  EXPECT_EQ(fleet.beat("fra/node-1"), HeartbeatVerdict::kOldIncarnation);
  EXPECT_EQ(fleet.node("fra/node-1").incarnation, 2000U);
  EXPECT_EQ(fleet.state().events().back().kind, EventKind::kNodeRestart);
}

TEST(FleetState, RefusesIncarnationsFromTheFuture) {
  Fleet fleet;
  const auto wall_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(fleet.now().wall.time_since_epoch()).count());
  Report report = fleet.report("fra/node-1");
  report.incarnation = wall_ms + 30'001;
  EXPECT_EQ(fleet.state().apply_heartbeat(report, fleet.now()),
            HeartbeatVerdict::kFutureIncarnation);
  report.incarnation = wall_ms + 30'000;
  EXPECT_EQ(fleet.state().apply_heartbeat(report, fleet.now()), HeartbeatVerdict::kAccepted);
}

TEST(FleetState, RefusesUnknownClustersAndNodes) {
  Fleet fleet;
  EXPECT_EQ(fleet.beat("lon/node-1"), HeartbeatVerdict::kUnknownCluster);
  EXPECT_EQ(fleet.beat("fra/node-9"), HeartbeatVerdict::kUnknownNode);
}

TEST(FleetState, FirstRoundNeedsOneHeartbeatLaterOnesUpThresh) {
  Fleet fleet(strict_health(3));
  fleet.beat_all();
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono));
  fleet.beat("fra/node-1", NodeState::kDown);
  fleet.beat("fra/node-1");
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.serving("fra"), 0b10U);
  EXPECT_EQ(fleet.node("fra/node-1").good_heartbeats, 2U);
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
}

TEST(FleetState, MissedDeadlineStartsTheCountAnew) {
  Fleet fleet(strict_health(2));
  fleet.beat_all();
  fleet.beat("fra/node-1", NodeState::kDown);
  fleet.beat("fra/node-1");
  fleet.advance(milliseconds(3000));  // no tick: the heartbeat itself must notice
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kDown);
  EXPECT_EQ(fleet.node("fra/node-1").good_heartbeats, 1U);
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.health("fra/node-1"), NodeHealth::kUp);
}

TEST(FleetState, RestartedNodeMustProveItselfAgain) {
  Fleet fleet(strict_health(2));
  fleet.beat_all();
  Report restarted = fleet.report("fra/node-1");
  restarted.incarnation = 2000;
  fleet.state().apply_heartbeat(restarted, fleet.now());
  EXPECT_EQ(fleet.serving("fra"), 0b10U);
  ++restarted.sequence;
  fleet.state().apply_heartbeat(restarted, fleet.now());
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
}

TEST(FleetState, DrainingNodeComesBackAtOnce) {
  Fleet fleet(strict_health(2));
  fleet.beat_all();
  fleet.beat_all();
  fleet.beat("fra/node-1", NodeState::kDraining);
  fleet.beat("fra/node-1");
  EXPECT_EQ(fleet.serving("fra"), 0b11U);
}

TEST(FleetState, ReadyWhenAllAreHeardOfOrTheFirstDeadlineHasPassed) {
  Fleet fleet;
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  EXPECT_EQ(fleet.state().next_deadline(), fleet.now().mono + milliseconds(3000));
  fleet.beat("fra/node-1");
  fleet.beat("fra/node-2", NodeState::kDown);
  fleet.beat("nyc/node-1");
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono + milliseconds(2999)));
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono + milliseconds(3000)));
  fleet.beat("nyc/node-2");
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono));
}

TEST(FleetState, ClustersWithoutHealthAlwaysServe) {
  Fleet fleet({}, {{"cloud", {"a", "b"}, "none"}});
  EXPECT_EQ(fleet.serving("cloud"), 0b11U);
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono));
  EXPECT_EQ(fleet.state().next_deadline(), std::nullopt);
  fleet.beat("cloud/a", NodeState::kDown);
  EXPECT_EQ(fleet.serving("cloud"), 0b11U);
  fleet.advance_and_tick(milliseconds(60'000));
  EXPECT_EQ(fleet.serving("cloud"), 0b11U);
  fleet.state().set_admin("cloud", AdminState::kDrain, "", std::nullopt, fleet.now());
  EXPECT_EQ(fleet.serving("cloud"), 0U);
}

TEST(FleetState, NextDeadlineIsAlwaysTheEarliest) {
  Fleet fleet;
  fleet.beat_all();  // ends the first round: all deadlines in 3 s
  const MonoTime start = fleet.now().mono;
  EXPECT_EQ(fleet.state().next_deadline(), start + milliseconds(3000));
  fleet.beat("nyc/node-2", NodeState::kUp, 200);
  EXPECT_EQ(fleet.state().next_deadline(), start + milliseconds(600));
  fleet.state().set_admin("nyc", AdminState::kDrain, "", milliseconds(50), fleet.now());
  EXPECT_EQ(fleet.state().next_deadline(), start + milliseconds(50));
  fleet.advance_and_tick(milliseconds(50));
  EXPECT_EQ(fleet.state().next_deadline(), start + milliseconds(600));
  fleet.advance_and_tick(milliseconds(550));
  EXPECT_EQ(fleet.state().next_deadline(), start + milliseconds(3000));
  fleet.advance_and_tick(milliseconds(2400));
  EXPECT_EQ(fleet.state().next_deadline(), std::nullopt);  // all dead: nothing left to expire
}

TEST(FleetState, EventsAreBoundedAndTellEachFlip) {
  Fleet fleet;
  fleet.beat_all();
  EXPECT_EQ(fleet.state().events().front().target, "fra/node-1");
  EXPECT_EQ(fleet.state().events().front().text, "unknown -> up");
  EXPECT_EQ(fleet.state().events()[1].kind, EventKind::kClusterServing);
  for (std::size_t i = 0; i < 2 * kMaxEvents; ++i) {
    fleet.beat("fra/node-1", i % 2 == 0 ? NodeState::kDown : NodeState::kUp);
  }
  EXPECT_EQ(fleet.state().events().size(), kMaxEvents);
  EXPECT_EQ(fleet.state().events().back().text, "down -> up");
}

}  // namespace
}  // namespace gslb::fleet
