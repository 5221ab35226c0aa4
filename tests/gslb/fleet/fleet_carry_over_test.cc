// What survives a reload (adopt) and a restart (save, restore).
#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

std::shared_ptr<const FleetModel> model_of(const std::vector<ClusterSpec>& clusters,
                                           const config::Health& health = {}) {
  return FleetModel::compile(make_config(clusters, health));
}

// A state of another configuration that has taken over from `fleet`.
FleetState adopted(Fleet& fleet, const std::vector<ClusterSpec>& clusters) {
  FleetState next(model_of(clusters), fleet.now());
  next.adopt(fleet.state(), fleet.now());
  return next;
}

TEST(FleetAdopt, NodesKeepTheirStateUnderNewIndexes) {
  Fleet fleet;
  fleet.beat_all();
  fleet.beat("fra/node-2", NodeState::kDraining);
  const std::size_t events = fleet.state().events().size();
  FleetState next = adopted(fleet, {{"nyc", {"node-2"}}, {"fra", {"node-0", "node-2", "node-1"}}});
  EXPECT_EQ(next.board()->serving_nodes(0), 0b1U);
  EXPECT_EQ(next.board()->serving_nodes(1), 0b100U);
  const auto status = next.status(fleet.now().mono);
  EXPECT_EQ(status[1].nodes[0].health, NodeHealth::kUnknown);
  EXPECT_EQ(status[1].nodes[1].health, NodeHealth::kDraining);
  EXPECT_EQ(next.events().size(), events);
  EXPECT_TRUE(next.first_round_complete(fleet.now().mono));  // a reload doesn't make us unready
  EXPECT_EQ(next.heartbeats(HeartbeatVerdict::kAccepted), 5U);
}

TEST(FleetAdopt, DeadlinesAndSequencesGoOn) {
  Fleet fleet;
  const Report first = fleet.report("fra/node-1");
  fleet.state().apply_heartbeat(first, fleet.now());
  fleet.advance(milliseconds(2000));
  FleetState next = adopted(fleet, {{"fra", {"node-1"}}});
  EXPECT_EQ(next.apply_heartbeat(first, fleet.now()), HeartbeatVerdict::kStaleSequence);
  EXPECT_EQ(next.next_deadline(), fleet.now().mono + milliseconds(1000));
  fleet.advance(milliseconds(1000));
  next.tick(fleet.now());
  EXPECT_EQ(next.board()->serving_nodes(0), 0U);
}

TEST(FleetAdopt, LastGoodNodesAreRememberedById) {
  Fleet fleet;
  fleet.beat("fra/node-1");
  fleet.advance_and_tick(milliseconds(3000));
  ASSERT_EQ(fleet.serving("fra"), 0U);
  FleetState next = adopted(fleet, {{"fra", {"node-2", "node-1"}}});
  EXPECT_EQ(next.board()->serving_nodes(0), 0U);
  EXPECT_EQ(next.board()->last_good_nodes(0), 0b10U);
  const auto before = fleet.state().status(fleet.now().mono)[0].since;
  EXPECT_EQ(next.status(fleet.now().mono)[0].since, before);
}

TEST(FleetAdopt, OperatorsStateOutlivesARemovedCluster) {
  Fleet fleet;
  fleet.beat_all();
  fleet.state().set_admin("fra", AdminState::kDrain, "", std::nullopt, fleet.now());
  FleetState without = adopted(fleet, {{"nyc", {"node-1"}}});
  EXPECT_EQ(without.admin().count("fra"), 1U);
  FleetState back(model_of({{"fra", {"node-1"}, "none"}}), fleet.now());
  back.adopt(without, fleet.now());
  EXPECT_EQ(back.board()->serving_nodes(0), 0U);
  EXPECT_EQ(back.clear_admin("fr?", fleet.now()), 1U);
  EXPECT_EQ(back.board()->serving_nodes(0), 1U);
}

TEST(FleetAdopt, DuringTheFirstRoundOnlyTheUnheardAreWaitedFor) {
  Fleet fleet;
  fleet.beat("fra/node-1");
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  FleetState all_known = adopted(fleet, {{"fra", {"node-1"}}});
  EXPECT_TRUE(all_known.first_round_complete(fleet.now().mono));
  FleetState one_unknown = adopted(fleet, {{"fra", {"node-1", "node-2"}}});
  EXPECT_FALSE(one_unknown.first_round_complete(fleet.now().mono));
}

const std::vector<ClusterSpec> kSame = {{"fra", {"node-1", "node-2"}},
                                        {"nyc", {"node-1", "node-2"}}};

TEST(FleetRestore, SaveAndRestoreKeepWhatCounts) {
  Fleet fleet;
  fleet.beat_all();
  fleet.beat("fra/node-2", NodeState::kDown, 250);
  fleet.state().set_admin("nyc", AdminState::kDrain, "lüfter \"3\"", milliseconds(60'000),
                          fleet.now());
  const std::string text = fleet.state().save_state(fleet.now().wall);
  EXPECT_EQ(text, fleet.state().save_state(fleet.now().wall));

  const Report replayed = fleet.report("fra/node-1");
  fleet.advance(milliseconds(10'000));
  FleetState next(model_of(kSame), fleet.now());
  Problems problems;
  next.restore_state(text, fleet.now(), problems);
  EXPECT_TRUE(problems.list().empty()) << problems.to_string();
  EXPECT_EQ(next.board()->serving_nodes(0), 0b01U);
  EXPECT_EQ(next.board()->serving_nodes(1), 0U);
  EXPECT_EQ(next.admin().at("nyc").reason, "lüfter \"3\"");
  EXPECT_EQ(next.admin().at("nyc").expires->mono, fleet.now().mono + milliseconds(50'000));
  EXPECT_TRUE(next.first_round_complete(fleet.now().mono));  // persisted state is knowledge

  Report old = replayed;
  old.sequence = 1;
  EXPECT_EQ(next.apply_heartbeat(old, fleet.now()), HeartbeatVerdict::kStaleSequence);
  EXPECT_EQ(next.apply_heartbeat(replayed, fleet.now()), HeartbeatVerdict::kAccepted);
}

TEST(FleetRestore, RestoredNodesMustBeHeardOfBeforeTheirDeadline) {
  Fleet fleet;
  fleet.beat("fra/node-1", NodeState::kUp, 250);
  const std::string text = fleet.state().save_state(fleet.now().wall);
  FleetState next(model_of(kSame), fleet.now());
  Problems problems;
  next.restore_state(text, fleet.now(), problems);
  EXPECT_EQ(next.next_deadline(), fleet.now().mono + milliseconds(750));
  fleet.advance(milliseconds(750));
  next.tick(fleet.now());
  EXPECT_EQ(next.board()->serving_nodes(0), 0U);
}

TEST(FleetRestore, OldFilesGiveSequencesButNoHealth) {
  Fleet fleet;
  fleet.beat_all();
  const std::string text = fleet.state().save_state(fleet.now().wall);
  for (const milliseconds later : {milliseconds(kRestoredHealthAge) + milliseconds(1),
                                   milliseconds(-1)}) {  // also from the future
    const Moment now{fleet.now().mono, fleet.now().wall + later};
    FleetState next(model_of(kSame), now);
    Problems problems;
    next.restore_state(text, now, problems);
    EXPECT_EQ(next.board()->serving_nodes(0), 0U);
    EXPECT_FALSE(next.first_round_complete(now.mono));
    Report replayed = fleet.report("fra/node-1");
    replayed.sequence = 1;
    EXPECT_EQ(next.apply_heartbeat(replayed, now), HeartbeatVerdict::kStaleSequence);
  }
}

TEST(FleetRestore, ExpiredOperatorsStatesStayGone) {
  Fleet fleet;
  fleet.state().set_admin("fra", AdminState::kUp, "", milliseconds(1000), fleet.now());
  const std::string text = fleet.state().save_state(fleet.now().wall);
  fleet.advance(milliseconds(1000));
  FleetState next(model_of(kSame), fleet.now());
  Problems problems;
  next.restore_state(text, fleet.now(), problems);
  EXPECT_TRUE(next.admin().empty());
}

TEST(FleetRestore, DamagedFileIsAWarningNotAFailure) {
  Fleet fleet;
  fleet.beat_all();
  fleet.state().set_admin("fra", AdminState::kUp, "\xff", std::nullopt, fleet.now());
  const std::string good = fleet.state().save_state(fleet.now().wall);
  for (std::size_t length = 0; length + 2 < good.size(); ++length) {
    FleetState next(model_of(kSame), fleet.now());
    Problems problems;
    next.restore_state(good.substr(0, length), fleet.now(), problems);
    EXPECT_FALSE(problems.has_errors());
    EXPECT_EQ(problems.list().size(), 1U);
    EXPECT_EQ(next.board()->serving_nodes(0), 0U);
  }
  FleetState next(model_of(kSame), fleet.now());
  Problems problems;
  next.restore_state(good, fleet.now(), problems);
  EXPECT_TRUE(problems.list().empty());
  EXPECT_EQ(next.admin().at("fra").reason, "\xff");
}

TEST(FleetRestore, BadEntriesAreLeftOutOneByOne) {
  const std::string text = R"({"version":1,"saved_ms":1576800000000,"admin":[
    {"target":"fra","state":"drain","set_ms":1},
    {"target":"nyc","state":"asleep","set_ms":1},
    {"target":"nyc","state":"drain","set_ms":1,"expires_ms":"never"},
    {"target":"nyc","state":"none","set_ms":1}, 7],
    "nodes":[
    {"id":"fra/node-1","health":"up","incarnation":5,"sequence":7,"interval_ms":1000},
    {"id":"fra/node-2","health":"up","incarnation":-5,"sequence":7,"interval_ms":1000},
    {"id":"lon/node-2","health":"up","incarnation":5,"sequence":7,"interval_ms":1000},
    {"id":"","health":"up","incarnation":5,"sequence":7,"interval_ms":1000},
    {"id":"fra","health":"up","incarnation":5,"sequence":7,"interval_ms":1000}, null]})";
  Fleet fleet;
  Problems problems;
  fleet.state().restore_state(text, fleet.now(), problems);
  EXPECT_FALSE(problems.has_errors());
  EXPECT_EQ(problems.list().size(), 6U) << problems.to_string();
  EXPECT_EQ(fleet.state().admin().size(), 1U);
  EXPECT_EQ(fleet.node("fra/node-1").sequence, 7U);
  EXPECT_EQ(fleet.node("fra/node-2").sequence, 0U);
}

TEST(FleetRestore, ForeignFilesAreRefusedWhole) {
  for (const char* text : {"", "[]", "7", R"({"version":2,"saved_ms":1,"admin":[],"nodes":[]})",
                           R"({"version":1,"admin":[],"nodes":[]})",
                           R"({"version":1,"saved_ms":9007199254740991,"admin":[],"nodes":[]})"}) {
    Fleet fleet;
    Problems problems;
    fleet.state().restore_state(text, fleet.now(), problems);
    EXPECT_EQ(problems.list().size(), 1U) << text;
  }
}

}  // namespace
}  // namespace gslb::fleet
