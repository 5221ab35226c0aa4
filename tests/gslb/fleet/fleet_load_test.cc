#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

void beat_with_load(Fleet& fleet, const std::string& full_id, std::vector<ResourceLoad> load,
                    NodeState state = NodeState::kUp) {
  Report report = fleet.report(full_id, state);
  report.load = std::move(load);
  ASSERT_EQ(fleet.state().apply_heartbeat(report, fleet.now()), HeartbeatVerdict::kAccepted);
}

TEST(FleetLoad, ConfiguredCapacityStandsWhereNodesGiveNone) {
  Fleet fleet;
  beat_with_load(fleet, "fra/node-1", {{"requests_per_s", 300, 0, 0}});
  beat_with_load(fleet, "fra/node-2", {{"requests_per_s", 500, 0, 0}});
  const auto load = fleet.state().load(0);
  ASSERT_EQ(load.size(), 1U);
  EXPECT_EQ(load[0].current, 800);
  EXPECT_EQ(load[0].target, 1000);
  EXPECT_EQ(load[0].max, 1200);
  EXPECT_DOUBLE_EQ(fleet.state().utilisation(0), 0.8);
  EXPECT_EQ(fleet.state().utilisation(1), 0);
}

TEST(FleetLoad, ReportedTargetsAreSummedWhenAllUpNodesGiveThem) {
  Fleet fleet;
  beat_with_load(fleet, "fra/node-1", {{"requests_per_s", 300, 400, 500}});
  beat_with_load(fleet, "fra/node-2", {{"requests_per_s", 300, 200, 0}});
  const auto load = fleet.state().load(0);
  EXPECT_EQ(load[0].target, 600);
  EXPECT_EQ(load[0].max, 1200);  // one gives none: the configured value
  EXPECT_DOUBLE_EQ(fleet.state().utilisation(0), 1.0);
}

TEST(FleetLoad, LeavingNodeKeepsItsTrafficButNotItsRoom) {
  Fleet fleet;
  beat_with_load(fleet, "fra/node-1", {{"requests_per_s", 300, 400, 500}});
  beat_with_load(fleet, "fra/node-2", {{"requests_per_s", 300, 400, 500}}, NodeState::kDraining);
  EXPECT_EQ(fleet.state().load(0)[0].current, 600);
  EXPECT_EQ(fleet.state().load(0)[0].target, 400);
}

TEST(FleetLoad, ExpiresWithTheHeartbeat) {
  Fleet fleet;
  beat_with_load(fleet, "fra/node-1", {{"requests_per_s", 900, 0, 0}});
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(fleet.state().load(0)[0].current, 0);
  EXPECT_EQ(fleet.state().utilisation(0), 0);
}

TEST(FleetLoad, UtilisationIsThatOfTheScarcestResource) {
  Fleet fleet;
  beat_with_load(fleet, "fra/node-1",
                 {{"requests_per_s", 100, 0, 0}, {"transcodes", 9, 10, 0}, {"sockets", 1e6, 0, 0}});
  EXPECT_DOUBLE_EQ(fleet.state().utilisation(0), 0.9);  // sockets have no target
  const auto status = fleet.state().status(fleet.now().mono);
  EXPECT_DOUBLE_EQ(status[0].utilisation, 0.9);
  ASSERT_EQ(status[0].load.size(), 3U);
  EXPECT_EQ(status[0].load[1].resource, "transcodes");
  EXPECT_EQ(status[0].nodes[0].load.size(), 3U);
}

TEST(FleetStatus, TellsAgeSequenceAndReason) {
  Fleet fleet;
  Report report = fleet.report("fra/node-1", NodeState::kDown);
  report.reason = "disk full";
  report.interval_ms = 500;
  fleet.state().apply_heartbeat(report, fleet.now());
  fleet.advance(milliseconds(120));
  const NodeStatus node = fleet.node("fra/node-1");
  EXPECT_EQ(node.heartbeat_age, milliseconds(120));
  EXPECT_EQ(node.since, fleet.now().wall - milliseconds(120));
  EXPECT_EQ(node.sequence, 1U);
  EXPECT_EQ(node.interval_ms, 500U);
  EXPECT_EQ(node.reason, "disk full");
  EXPECT_EQ(fleet.node("fra/node-2").heartbeat_age, std::nullopt);
}

TEST(FleetStatus, EveryVerdictHasALabelAndAStatus) {
  for (std::size_t v = 0; v < kHeartbeatVerdicts; ++v) {
    const auto verdict = static_cast<HeartbeatVerdict>(v);
    EXPECT_NE(to_string(verdict), "unknown");
    EXPECT_NE(http_status(verdict), 500);
  }
}

}  // namespace
}  // namespace gslb::fleet
