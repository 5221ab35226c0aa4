// Monitors beside heartbeats: who serves when they say what.
#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

config::Monitor monitor(const std::string& id) {
  config::Monitor made;
  made.id.text = id;
  made.kind = config::MonitorKind::kTcp;
  made.port = 443;
  made.up_thresh = 2;
  made.ok_thresh = 2;
  made.down_thresh = 2;
  return made;
}

// One cluster of two nodes with the monitor "web" each.
config::Config watched(const std::string& health, unsigned monitors = 1) {
  config::Config config = make_config({{"fra", {"n1", "n2"}}});
  config::Cluster& cluster = config.clusters[0];
  cluster.health = health;
  cluster.nodes[0].ipv4 = Address::parse("203.0.113.1");
  cluster.nodes[0].ipv6 = Address::parse("2001:db8::1");
  cluster.nodes[1].ipv4 = Address::parse("203.0.113.2");
  for (unsigned i = 0; i < monitors; ++i) {
    config::Monitor made = monitor("web" + std::to_string(i));
    made.port = static_cast<std::uint16_t>(443 + i);
    config.monitors.push_back(made);
    for (config::Node& node : cluster.nodes) { node.monitors.push_back(made.id); }
  }
  return config;
}

class Watched : public Fleet {
 public:
  explicit Watched(const config::Config& config) : Fleet(config) {}

  // The monitors of every target of `item`.
  void result(const std::string& item, Outcome outcome, unsigned times = 1) {
    for (const MonitorTarget& target : state().model().monitors()) {
      if (target.item != item) { continue; }
      for (unsigned i = 0; i < times; ++i) {
        state().apply_monitor(
            {target.key, outcome, outcome == Outcome::kGood ? "" : "refused", milliseconds(3)},
            now());
      }
    }
  }
  void all_good() {
    for (const char* item : {"203.0.113.1", "2001:db8::1", "203.0.113.2"}) {
      result(item, Outcome::kGood);
    }
  }
};

constexpr const char* kFirst = "203.0.113.1";
constexpr const char* kFirstV6 = "2001:db8::1";

TEST(FleetMonitors, MonitorsAloneDecideWithoutHeartbeats) {
  Watched fleet(watched("monitors"));
  EXPECT_EQ(fleet.serving("fra"), 0U);
  fleet.all_good();
  EXPECT_EQ(fleet.serving("fra"), 3U);
  fleet.result(kFirst, Outcome::kBad);
  EXPECT_EQ(fleet.serving("fra"), 3U) << "one failure of two";
  fleet.result(kFirst, Outcome::kBad);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  fleet.result(kFirst, Outcome::kGood, 2);
  EXPECT_EQ(fleet.serving("fra"), 3U);
  fleet.advance_and_tick(std::chrono::hours(1));
  EXPECT_EQ(fleet.serving("fra"), 3U) << "silence means nothing here";
}

TEST(FleetMonitors, EachAddressOfANodeMustWork) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.result(kFirstV6, Outcome::kBad, 2);
  EXPECT_EQ(fleet.serving("fra"), 2U);
}

TEST(FleetMonitors, TheFirstAddressAloneWhereTold) {
  config::Config config = watched("monitors");
  config.clusters[0].monitors_first_address = true;
  Watched fleet(config);
  EXPECT_EQ(fleet.state().model().monitors().size(), 2U);
  fleet.result(kFirst, Outcome::kGood);
  EXPECT_EQ(fleet.serving("fra"), 1U);
}

TEST(FleetMonitors, ANodesOwnWordIsHeardEvenWithMonitorsAlone) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.beat("fra/n1", NodeState::kDraining);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  fleet.beat("fra/n1");
  EXPECT_EQ(fleet.serving("fra"), 3U);
}

TEST(FleetMonitors, WithBothEitherTakesOut) {
  Watched fleet(watched("both"));
  fleet.beat_all();
  EXPECT_EQ(fleet.serving("fra"), 3U) << "a monitor without a result says nothing";
  fleet.all_good();
  fleet.beat("fra/n1", NodeState::kDown);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  fleet.beat("fra/n1");
  EXPECT_EQ(fleet.serving("fra"), 3U);
  fleet.result(kFirst, Outcome::kBad, 2);
  EXPECT_EQ(fleet.serving("fra"), 2U);
}

TEST(FleetMonitors, WithAnyOneGoodWordIsEnough) {
  Watched fleet(watched("any"));
  fleet.beat_all();
  fleet.all_good();
  fleet.result(kFirst, Outcome::kBad, 5);
  EXPECT_EQ(fleet.serving("fra"), 3U) << "its heartbeats say up";
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(fleet.serving("fra"), 2U) << "n1 is silent as well, n2's monitor sees it";
  fleet.beat("fra/n2", NodeState::kDown);
  EXPECT_EQ(fleet.serving("fra"), 0U) << "its own word";
}

TEST(FleetMonitors, ASilentNodeThatMonitorsSeeIsNotDead) {
  Watched fleet(watched("both"));
  fleet.beat_all();
  fleet.all_good();
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(fleet.health("fra/n1"), NodeHealth::kStale);
  EXPECT_EQ(fleet.serving("fra"), 3U);
  const auto urgent = fleet.state().take_urgent();
  EXPECT_EQ(urgent.size(), 3U) << "all its monitors are asked at once";
  EXPECT_TRUE(fleet.state().take_urgent().empty());
  EXPECT_TRUE(fleet.state().sight(0).blind);
  fleet.advance_and_tick(milliseconds(60'000));
  EXPECT_EQ(fleet.state().sight(0).share, 0.5);
  fleet.beat_all();
  EXPECT_FALSE(fleet.state().sight(0).blind);
}

TEST(FleetMonitors, ToASilentNodeOneFailureIsEnough) {
  Watched fleet(watched("both"));
  fleet.beat_all();
  fleet.all_good();
  fleet.advance_and_tick(milliseconds(3000));
  fleet.result(kFirst, Outcome::kBad);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  fleet.result(kFirst, Outcome::kGood);
  EXPECT_EQ(fleet.serving("fra"), 2U) << "one success is not";
  fleet.result(kFirst, Outcome::kGood);
  fleet.result(kFirstV6, Outcome::kGood, 2);
  EXPECT_EQ(fleet.serving("fra"), 3U) << "the failure is forgotten";
  fleet.result(kFirst, Outcome::kBad);
  EXPECT_EQ(fleet.serving("fra"), 2U);
  fleet.beat("fra/n1");
  EXPECT_EQ(fleet.serving("fra"), 3U) << "it is heard again";
}

TEST(FleetMonitors, ASilentNodeWithoutVerdictsIsDead) {
  Watched fleet(watched("both"));
  fleet.beat_all();
  fleet.advance_and_tick(milliseconds(3000));
  EXPECT_EQ(fleet.serving("fra"), 0U);
}

TEST(FleetMonitors, WhatCannotBeAskedTakesNothingAway) {
  Watched fleet(watched("monitors"));
  for (const char* item : {kFirst, kFirstV6, "203.0.113.2"}) {
    fleet.result(item, Outcome::kUnasked);
  }
  EXPECT_EQ(fleet.serving("fra"), 3U);
  const MonitorStatus status = fleet.state().monitor_status()[0];
  EXPECT_EQ(status.state, MonitorState::kUnknown);
  EXPECT_EQ(status.reason, "refused");
  EXPECT_EQ(status.unasked, 1U);
}

TEST(FleetMonitors, EqualQuestionsAreAskedOnce) {
  config::Config config = watched("monitors");
  config::Cluster other = config.clusters[0];
  other.id.text = "ams";
  other.monitors_first_address = true;
  config::Monitor twin = config.monitors[0];
  twin.id.text = "other-name";
  config.monitors.push_back(twin);
  for (config::Node& node : other.nodes) { node.monitors = {twin.id}; }
  config.clusters.push_back(other);
  Watched fleet(config);
  EXPECT_EQ(fleet.state().model().monitors().size(), 3U);
  fleet.all_good();
  EXPECT_EQ(fleet.serving("ams"), 3U);
  EXPECT_EQ(fleet.state().monitor_status()[0].nodes,
            (std::vector<std::string>{"fra/n1", "ams/n1"}));
  config.monitors[1].down_thresh = 7;
  EXPECT_EQ(FleetModel::compile(config)->monitors().size(), 5U) << "another option";
}

TEST(FleetMonitors, FirstRoundWaitsForEveryMonitorOrItsTime) {
  Watched fleet(watched("monitors"));
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  fleet.result(kFirst, Outcome::kGood);
  fleet.result(kFirstV6, Outcome::kUnasked);
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  fleet.result("203.0.113.2", Outcome::kBad);
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono));
  Watched patient(watched("monitors"));
  const auto deadline = patient.state().next_deadline();
  ASSERT_TRUE(deadline);
  EXPECT_GE(*deadline - patient.now().mono, milliseconds(5000)) << "the timeout";
  EXPECT_TRUE(patient.state().first_round_complete(*deadline));
}

TEST(FleetMonitors, StatesSurviveAReloadAndNewOptionsDoNotFlap) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.result(kFirst, Outcome::kBad, 2);
  config::Config changed = watched("monitors");
  changed.monitors[0].interval_ms = 3'000;
  FleetState next(FleetModel::compile(changed), fleet.now());
  next.adopt(fleet.state(), fleet.now());
  EXPECT_EQ(next.board()->serving_nodes(0), 2U);
  EXPECT_TRUE(next.first_round_complete(fleet.now().mono));
}

TEST(FleetMonitors, ANewMonitorTakesNothingAwayBeforeItsFirstResult) {
  Watched fleet(watched("both"));
  fleet.beat_all();
  FleetState next(FleetModel::compile(watched("monitors", 2)), fleet.now());
  next.adopt(fleet.state(), fleet.now());
  EXPECT_EQ(next.board()->serving_nodes(0), 3U);
}

TEST(FleetMonitors, StatesSurviveARestartOfTenMinutes) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.result(kFirst, Outcome::kBad, 2);
  const std::string saved = fleet.state().save_state(fleet.now().wall);
  EXPECT_EQ(saved.find("203.0.113.1"), std::string::npos) << "no options in the file";
  for (const auto& [age, expected] :
       {std::pair(milliseconds(0), 2U), std::pair(milliseconds(601'000), 0U)}) {
    Watched restarted(watched("monitors"));
    restarted.advance(age);
    Problems problems;
    restarted.state().restore_state(saved, restarted.now(), problems);
    EXPECT_TRUE(problems.list().empty());
    EXPECT_EQ(restarted.serving("fra"), expected);
    EXPECT_TRUE(restarted.state().first_round_complete(restarted.now().mono));
  }
}

TEST(FleetMonitors, TheOperatorBeatsThem) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.result(kFirst, Outcome::kBad, 2);
  fleet.state().set_admin("fra/n1", AdminState::kUp, "", std::nullopt, fleet.now());
  EXPECT_EQ(fleet.serving("fra"), 3U);
  fleet.state().set_admin("f*", AdminState::kDrain, "", milliseconds(1000), fleet.now());
  EXPECT_EQ(fleet.serving("fra"), 0U);
  fleet.advance_and_tick(milliseconds(1000));
  EXPECT_EQ(fleet.serving("fra"), 3U);
}

TEST(FleetMonitors, AChangeIsAnEventWithItsReason) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.result(kFirst, Outcome::kBad, 2);
  const auto& events = fleet.state().events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const Event& event) {
    return event.kind == EventKind::kMonitor && event.target == "web0 203.0.113.1" &&
           event.text == "up -> down: refused";
  }));
}

TEST(FleetMonitors, ResultsOfUnknownKeysAreIgnored) {
  Watched fleet(watched("monitors"));
  fleet.all_good();
  fleet.state().apply_monitor({"of an older configuration", Outcome::kBad, "", {}}, fleet.now());
  EXPECT_EQ(fleet.serving("fra"), 3U);
}

}  // namespace
}  // namespace gslb::fleet
