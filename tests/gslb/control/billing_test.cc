// What heartbeats say of traffic becomes what more of it costs.
#include "gslb/control/billing.h"

#include <gtest/gtest.h>

#include "gslb/control/epoch.h"

#include "tests/support/world.h"

namespace {

using namespace gslb;
using control::Billing;

std::string cluster(const std::string& id, const std::string& more) {
  return "[cluster." + id + "]\nlatitude = 50\nlongitude = 8\nkey = '0123456789abcdef'\n" + more +
         "[[cluster." + id + ".node]]\nid = 'n'\nipv4 = '203.0.113." +
         std::to_string(id.back() - '0') + "'\n";
}

class Paid : public testing::Test {
 protected:
  // Everybody sends `mbps` for so many samples of five minutes.
  void run(int slots, double mbps) {
    for (const char* node : {"c1/n", "c2/n", "c3/n"}) {
      world_.beat(node, fleet::NodeState::kUp, {{"egress_bits_per_s", mbps * 1e6}});
    }
    for (int i = 0; i < slots; ++i) {
      billing_.count(*world_.fleet, now_);
      now_ += std::chrono::minutes(5);
    }
  }
  std::vector<double> surcharges(const Billing& billing) const {
    std::vector<steer::ClusterInput> inputs = control::cluster_inputs(*world_.fleet);
    billing.charge(world_.fleet->model(), inputs);
    std::vector<double> per_gb;
    for (const steer::ClusterInput& each : inputs) { per_gb.push_back(each.surcharge_per_gb); }
    return per_gb;
  }

  const std::string terms_ = "commit_mbps = 1000\ncost_per_mbps = 32.87\n";  // 10 cents a GB
  tests::World world_{tests::text_of_zone("example.", "z") + "[group.metro]\n" + terms_ +
                          cluster("c1", terms_ + "group = 'metro'\n") +
                          cluster("c2", "group = 'metro'\n") + cluster("c3", "") + "[service.s]\n",
                      {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}}};
  Billing billing_;
  WallTime now_{std::chrono::seconds(1'780'272'000)};
};

TEST_F(Paid, AGroupIsPaidForWhatItsClustersSendTogether) {
  billing_.configure(world_.epoch->compiled->config);
  run(60, 700);
  const auto found = surcharges(billing_);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_NEAR(found[0], 0.1, 1e-3) << "its own 700 are free, the group's 1400 are not";
  EXPECT_NEAR(found[1], 0.1, 1e-3);
  EXPECT_EQ(found[2], 0);
  EXPECT_EQ(found[3], 0) << "clusters pay";
  run(60, 2000);
  EXPECT_NEAR(surcharges(billing_)[0], 0.2, 1e-3) << "both";
}

TEST_F(Paid, SurvivesAReloadAndARestart) {
  billing_.configure(world_.epoch->compiled->config);
  run(60, 700);
  const auto before = surcharges(billing_);
  const std::string text = billing_.write();
  billing_.configure(world_.epoch->compiled->config);
  EXPECT_EQ(billing_.write(), text);
  Billing restarted;
  restarted.configure(world_.epoch->compiled->config);
  EXPECT_EQ(surcharges(restarted)[0], 0);
  restarted.read("something else\n" + text);
  EXPECT_EQ(surcharges(restarted)[0], 0) << "no such file";
  restarted.read(text + "nobody 5 5\nmetro x\n");
  EXPECT_EQ(surcharges(restarted), before);
  config::Config none = world_.epoch->compiled->config;
  none.groups[0].commit = {};
  billing_.configure(none);
  EXPECT_EQ(surcharges(billing_)[1], 0) << "paid for no more";
}

TEST_F(Paid, TheSurchargeIsACostInMilliseconds) {
  const auto& costs = world_.epoch->costs;
  const steer::Cost cost = costs.cost(0, world_.epoch->compiled->geo->units()[0], 0);
  EXPECT_NEAR(costs.surcharge_ms(0, cost, 0.1), 1, 1e-9) << "10 ms a unit of money";
  EXPECT_EQ(costs.surcharge_ms(0, cost, 1e9), 10'000) << "never above a tier";
  std::vector<steer::ClusterInput> inputs = control::cluster_inputs(*world_.fleet);
  for (std::size_t i = 0; i < 3; ++i) { inputs[i].serving = true; }
  inputs[0].surcharge_per_gb = 1;
  steer::Planner planner(costs, *world_.epoch->compiled->services, *world_.epoch->compiled->geo);
  const std::size_t units = world_.epoch->compiled->geo->units().size();
  const steer::Demand demand{.expected = std::vector<double>(units, 100),
                             .recent = std::vector<float>(units, 100)};
  const steer::PlanSummary made = planner.plan(demand, inputs).summary;
  EXPECT_EQ(made.planned_load[0], 0) << "all three are as near";
  EXPECT_EQ(made.surcharge_per_gb, (std::vector<double>{1, 0, 0}));
}

}  // namespace
