// Services' own monitors: whom they take out, and for whom.
#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::fleet {
namespace {

using Names = std::vector<std::string>;

config::Monitor monitor(const std::string& id) {
  config::Monitor made;
  made.id.text = id;
  made.kind = config::MonitorKind::kHttp;
  made.port = 80;
  made.up_thresh = made.ok_thresh = made.down_thresh = 2;
  return made;
}

config::Service service(const std::string& id, const Names& monitors) {
  config::Service made;
  made.id.text = id;
  made.tiers = {"default"};
  for (const std::string& each : monitors) { made.monitors.push_back({each, {}}); }
  return made;
}

// `count` clusters c1, c2, … of two nodes, with the services "web", "shop" and "api"; the last two
// have monitors.
config::Config shops(int count = 2) {
  std::vector<ClusterSpec> specs;
  for (int c = 1; c <= count; ++c) {
    specs.push_back({"c" + std::to_string(c), {"n1", "n2"}, "none"});
  }
  config::Config config = make_config(specs);
  for (int c = 1; c <= count; ++c) {
    config::Cluster& cluster = config.clusters[static_cast<std::size_t>(c - 1)];
    cluster.tiers = {"default"};
    for (int n = 1; n <= 2; ++n) {
      cluster.nodes[static_cast<std::size_t>(n - 1)].ipv4 =
          Address::parse("203.0." + std::to_string(c) + "." + std::to_string(n));
    }
  }
  config.monitors = {monitor("page")};
  config.services = {service("web", {}), service("shop", {"page"}), service("api", {"page"})};
  return config;
}

class Shops : public Fleet {
 public:
  explicit Shops(const config::Config& config = shops()) : Fleet(config) {}

  void result(const std::string& name, const std::string& item, Outcome outcome,
              unsigned times = 2) {
    result(state(), name, item, outcome, times);
  }
  void result(FleetState& to, const std::string& name, const std::string& item, Outcome outcome,
              unsigned times = 2) {
    for (const MonitorTarget& target : to.model().monitors()) {
      if (target.name() != name || (!item.empty() && target.item != item)) { continue; }
      for (unsigned i = 0; i < times; ++i) {
        to.apply_monitor({target.key, outcome, "", milliseconds(1)}, now());
      }
    }
  }
  std::uint64_t serving_for(std::size_t service, ClusterIndex cluster = 0) {
    const FleetModel& model = state().model();
    return state().board()->serving_nodes(cluster, model.view_of(service));
  }
};

constexpr std::size_t kWeb = 0;
constexpr std::size_t kShop = 1;
constexpr std::size_t kApi = 2;

TEST(ServiceMonitors, OneThatManyShareIsAskedOnceForAll) {
  Shops fleet;
  EXPECT_EQ(fleet.state().model().monitors().size(), 4U) << "two clusters of two nodes";
  fleet.result("page", "203.0.1.1", Outcome::kBad);
  EXPECT_EQ(fleet.serving_for(kShop), 2U);
  EXPECT_EQ(fleet.serving_for(kApi), 2U);
  EXPECT_EQ(fleet.serving_for(kWeb), 3U) << "it has no monitors";
  EXPECT_EQ(fleet.serving_for(kShop, 1), 3U) << "nor has the other cluster's node failed";
  const MonitorStatus status = fleet.state().monitor_status()[0];
  EXPECT_EQ(status.nodes, Names{"c1/n1"});
  EXPECT_EQ(status.services, (Names{"shop", "api"}));
}

TEST(ServiceMonitors, OneThatNamesTheServiceIsAskedForEach) {
  config::Config config = shops();
  config.monitors[0].host = "%%SERVICE%%.example";
  config.monitors[0].path = "/%%SERVICE%%/up?%%SERVICE%%";
  Shops fleet(config);
  ASSERT_EQ(fleet.state().model().monitors().size(), 8U);
  const MonitorTarget& first = fleet.state().model().monitors()[0];
  EXPECT_EQ(first.monitor->host, "shop.example");
  EXPECT_EQ(first.monitor->path, "/shop/up?shop");
  EXPECT_EQ(first.label(), "page/shop 203.0.1.1");
  fleet.result("page/shop", "203.0.1.1", Outcome::kBad);
  EXPECT_EQ(fleet.serving_for(kShop), 2U);
  EXPECT_EQ(fleet.serving_for(kApi), 3U);
}

TEST(ServiceMonitors, OnlyClustersThatTheServiceMayUseAreAsked) {
  config::Config config = shops(4);
  config.clusters[3].tiers = {"premium"};
  config.pools.push_back({.id = {"pair", {}},
                          .policy = std::nullopt,
                          .obey_capacity = std::nullopt,
                          .clusters = {{"c2", {}}, {"c4", {}}},
                          .weights = {}});
  config.services[kShop].choosing.pools = {{"c1", {}}, {"pair", {}}};
  config.services[kApi].monitors.clear();
  Shops fleet(config);
  Names asked;
  for (const MonitorTarget& target : fleet.state().model().monitors()) {
    asked.push_back(target.item);
  }
  EXPECT_EQ(asked, (Names{"203.0.1.1", "203.0.1.2", "203.0.2.1", "203.0.2.2"}));
}

TEST(ServiceMonitors, WhatWasNotAskedYetSaysNothing) {
  Shops fleet;
  EXPECT_EQ(fleet.serving_for(kShop), 3U);
  EXPECT_FALSE(fleet.state().first_round_complete(fleet.now().mono));
  fleet.result("page", "", Outcome::kUnasked);
  EXPECT_EQ(fleet.serving_for(kShop), 3U);
  EXPECT_TRUE(fleet.state().first_round_complete(fleet.now().mono));
}

TEST(ServiceMonitors, WhoServesNobodyServesNoService) {
  Shops fleet;
  fleet.state().set_admin("c1/n2", AdminState::kDown, "", std::nullopt, fleet.now());
  EXPECT_EQ(fleet.serving_for(kShop), 1U);
  fleet.result("page", "203.0.1.1", Outcome::kBad);
  EXPECT_EQ(fleet.serving_for(kShop), 0U);
  EXPECT_EQ(fleet.serving_for(kWeb), 1U);
  fleet.state().clear_admin("c1/n2", fleet.now());
  EXPECT_EQ(fleet.serving_for(kShop), 2U);
}

// A certificate ran out, a page was renamed: that is not the death of all sites.
TEST(ServiceMonitors, ThatTakeMostOfAServiceAtOnceAreNotBelieved) {
  Shops fleet(shops(5));
  fleet.result("page", "", Outcome::kGood);
  fleet.advance_and_tick(seconds(60));
  fleet.result("page", "", Outcome::kBad);
  for (ClusterIndex c = 0; c < 5; ++c) {
    if (c >= 2) { EXPECT_EQ(fleet.serving_for(kShop, c), 3U) << "held: " << c; }
    EXPECT_EQ(fleet.serving_for(kWeb, c), 3U);
  }
  EXPECT_TRUE(fleet.state().service_status()[0].suspicion.active);
  EXPECT_FALSE(fleet.state().suspicion_status().active) << "of this service alone";
  const auto deadline = fleet.state().next_deadline();
  ASSERT_TRUE(deadline.has_value());
  fleet.advance_and_tick(seconds(301));
  for (ClusterIndex c = 0; c < 5; ++c) { EXPECT_EQ(fleet.serving_for(kShop, c), 0U) << c; }
  EXPECT_FALSE(fleet.state().service_status()[0].suspicion.active);
}

TEST(ServiceMonitors, AreKeptByAReloadAndByARestart) {
  Shops fleet;
  fleet.result("page", "", Outcome::kGood);
  fleet.result("page", "203.0.1.1", Outcome::kBad);
  config::Config changed = shops();
  std::swap(changed.services[kShop], changed.services[kWeb]);  // other positions
  std::swap(changed.clusters[0], changed.clusters[1]);
  const auto model = FleetModel::compile(changed);
  FleetState next(model, fleet.now());
  next.adopt(fleet.state(), fleet.now());
  EXPECT_EQ(next.board()->serving_nodes(1, model->view_of(0)), 2U);
  EXPECT_EQ(next.board()->serving_nodes(1, model->view_of(kShop)), 3U) << "web has none";
  EXPECT_EQ(next.board()->serving_nodes(0, model->view_of(0)), 3U);
  FleetState restarted(model, fleet.now());
  Problems problems;
  restarted.restore_state(fleet.state().save_state(fleet.now().wall), fleet.now(), problems);
  EXPECT_EQ(restarted.board()->serving_nodes(1, model->view_of(0)), 2U);
  EXPECT_TRUE(restarted.first_round_complete(fleet.now().mono));
}

TEST(ServiceMonitors, TheLastGoodNodesOfAServiceAreItsOwn) {
  Shops fleet;
  const std::size_t view = fleet.state().model().view_of(kShop);
  fleet.result("page", "203.0.1.1", Outcome::kBad);
  fleet.result("page", "203.0.1.2", Outcome::kBad);
  EXPECT_EQ(fleet.serving_for(kShop), 0U);
  EXPECT_EQ(fleet.state().board()->last_good_nodes(0, view), 2U);
  EXPECT_EQ(fleet.state().board()->last_good_nodes(0), 3U);
  FleetState next(fleet.state().shared_model(), fleet.now());
  next.adopt(fleet.state(), fleet.now());
  EXPECT_EQ(next.board()->last_good_nodes(0, view), 2U);
  const ServiceStatus status = fleet.state().service_status()[0];
  EXPECT_EQ(status.clusters[0].failing_nodes, 3U);
  EXPECT_EQ(status.clusters[0].serving_nodes, 0U);
}

}  // namespace
}  // namespace gslb::fleet
