// No cluster and no group is planned over its max while there is a plan that keeps to all of them:
// beside an exact flow, over tiers, masks, priorities, groups, policies and what was before.
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "gslb/steer/planner.h"

#include "tests/gslb/steer/least_cost_flow.h"
#include "tests/support/world.h"

namespace {

using namespace gslb::steer;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kWorlds = 60;
constexpr int kDraws = 20;

tests::World make_world(std::mt19937& random) {
  std::string text = tests::text_of_zone("example.", "z");
  const std::size_t groups = random() % 3;
  for (std::size_t i = 0; i < groups; ++i) {
    text += "[group.g" + std::to_string(i) + "]\n";
    if (i + 1 < groups && random() % 2 == 0) {
      text += "group = 'g" + std::to_string(i + 1) + "'\n";
    }
  }
  // Four at most: a row is shared by no more, and then a flow tells all there is.
  const std::size_t clusters = 2 + random() % 3;
  const char* const tiers[] = {"['default']", "['premium']", "['default', 'premium']"};
  for (std::size_t i = 0; i < clusters; ++i) {
    std::string more = std::string("tiers = ") + tiers[i == 0 ? 2 : random() % 3];
    if (groups > 0 && random() % 3 != 0) {
      more += "\ngroup = 'g" + std::to_string(random() % groups) + "'";
    }
    if (random() % 4 == 0) { more += "\nonly_countries = ['DE', 'FR']"; }
    text += tests::text_of({.id = "c" + std::to_string(i),
                            .nodes = {"203.0.113." + std::to_string(i + 1)},
                            .place = "latitude = 50\nlongitude = " + std::to_string(random() % 90),
                            .more = more});
  }
  for (int i = 0; i < 3; ++i) {
    text += "[service.s" + std::to_string(i) + "]\npriority = " + std::to_string(random() % 3) +
            (random() % 2 == 0 ? "\nreserve = 0.2\n" : "\n") +
            (random() % 2 == 0 ? "tiers = ['premium', 'default']\n" : "");
  }
  const char* const countries[] = {"DE", "FR", "JP"};
  for (int i = 0; i < 3; ++i) {
    text += "[[override]]\nprefix = '10.0." + std::to_string(i) + ".0/24'\nlatitude = 50\n" +
            "longitude = " + std::to_string(30 * i) + "\nset_country = '" + countries[i] + "'\n";
  }
  return {text, {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}}};
}

// Whether the demand fits in `most`, each row where its masks let it.
bool fits(const tests::World& world, const std::vector<double>& demand,
          const std::vector<ClusterInput>& inputs, const std::vector<double>& most) {
  const auto& units = world.epoch->compiled->geo->units();
  const GroupTree& groups = world.epoch->planner.groups();
  const std::size_t sink = 1 + demand.size() + most.size();
  tests::LeastCostFlow flow(sink + 1);
  double wanted = 0;
  for (std::size_t row = 0; row < demand.size(); ++row) {
    flow.link(0, 1 + row, demand[row], 0);
    bool has_candidate = false;
    for (std::size_t i = 0; i < groups.clusters; ++i) {
      const Cost cost =
          world.epoch->costs.cost(static_cast<ServiceIndex>(row / units.size()),
                                  units[row % units.size()], static_cast<ClusterIndex>(i));
      if (cost.mask != Mask::kNone || !inputs[i].serving) { continue; }
      flow.link(1 + row, 1 + demand.size() + i, kInfinity, 0);
      has_candidate = true;
    }
    wanted += has_candidate ? demand[row] : 0;
  }
  for (std::size_t i = 0; i < most.size(); ++i) {
    const HolderIndex parent = groups.above(static_cast<HolderIndex>(i));
    flow.link(1 + demand.size() + i, parent == kNoHolder ? sink : 1 + demand.size() + parent,
              most[i], 0);
  }
  return flow.cost(wanted, sink) != kInfinity;
}

struct Counts {
  int kept = 0;      // there is a plan within all maxima
  int over = 0;      // there is none
  int crowded = 0;   // kept, but over some target
  int grouped = 0;   // crowded, and with groups
  int priority = 0;  // crowded, and some come before others
};

class Case {
 public:
  Case(tests::World& world, unsigned seed)
      : world_(world),
        random_(seed),
        planner_(world.epoch->costs, *world.epoch->compiled->services,
                 *world.epoch->compiled->geo) {
    for (std::size_t i = 0; i < planner_.groups().size(); ++i) {
      ClusterInput& input = inputs_.emplace_back();
      input.serving = i >= planner_.groups().clusters || random_() % 10 != 0;
      input.has_capacity = random_() % 10 != 0;
      if (random_() % 4 != 0) { input.most_utilisation = 1 + real() * real() * 2; }
      planner_.set_load_factor(static_cast<HolderIndex>(i), 1 / (20 + 180 * real()));
    }
    demand_.expected.assign(world.epoch->compiled->services->services.size() *
                                world.epoch->compiled->geo->units().size(),
                            0);
    demand_.recent.assign(demand_.expected.size(), 0);
  }

  // One plan after the other; the demand is another each time.
  void run(Counts& counts) {
    for (int plan = 0; plan < 3; ++plan) {
      const double each = 80 * real();
      for (double& row : demand_.expected) { row = each * real(); }
      demand_.at += std::chrono::seconds(15);
      const PlanSummary made = planner_.plan(demand_, inputs_).summary;
      ASSERT_TRUE(made.is_exact);
      std::vector<double> most = made.capacity;
      bool is_crowded = false;
      for (std::size_t i = 0; i < most.size(); ++i) {
        most[i] = most[i] > 0 ? most[i] * inputs_[i].most_utilisation : 0;
        is_crowded |= made.planned_load[i] > made.capacity[i] * 1.000001;
      }
      if (!fits(world_, demand_.expected, inputs_, most)) {
        ++counts.over;
        continue;
      }
      ++counts.kept;
      for (std::size_t i = 0; i < most.size(); ++i) {
        EXPECT_LE(made.planned_load[i], most[i] * 1.000001 + 1e-6)
            << "plan " << plan << ", holder " << i;
      }
      if (!is_crowded) { continue; }
      ++counts.crowded;
      counts.grouped += most.size() > planner_.groups().clusters ? 1 : 0;
      const auto& services = world_.epoch->compiled->services->services;
      counts.priority += services[0].priority != services[1].priority ? 1 : 0;
    }
  }

 private:
  double real() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  tests::World& world_;
  std::mt19937 random_;
  Planner planner_;
  std::vector<ClusterInput> inputs_;
  Demand demand_;
};

TEST(Max, IsKeptWhileThereIsAPlanThatKeepsIt) {
  Counts counts;
  for (unsigned i = 0; i < kWorlds; ++i) {
    std::mt19937 random(i);
    tests::World world = make_world(random);
    for (unsigned draw = 0; draw < kDraws; ++draw) {
      SCOPED_TRACE("world " + std::to_string(i) + ", draw " + std::to_string(draw));
      Case(world, i * kDraws + draw).run(counts);
    }
  }
  EXPECT_GT(counts.kept, 1000);
  EXPECT_GT(counts.over, 100);
  EXPECT_GT(counts.crowded, 100);
  EXPECT_GT(counts.grouped, 50);
  EXPECT_GT(counts.priority, 50);
  RecordProperty("kept", counts.kept);
  RecordProperty("over", counts.over);
  RecordProperty("crowded", counts.crowded);
}

}  // namespace
