// What keeps a plan from doing harm: slow growth, refusal, and a bound on how long it is thought
// about.
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "gslb/steer/planner.h"
#include "gslb/steer/stable.h"

#include "tests/gslb/steer/made_problem.h"
#include "tests/support/world.h"

namespace {

using namespace gslb::steer;

class Growth : public testing::Test {
 protected:
  Growth() : planner_(world_.epoch->costs, *compiled().services, *compiled().geo) {
    unit_ = compiled().geo->find(*gslb::Address::parse("198.51.100.1")).unit;
    planner_.set_load_factor(fra_, 1.0 / 200);
    demand_.expected.assign(compiled().services->services.size() * units(), 0);
    demand_.recent.assign(demand_.expected.size(), 0);
    demand_.expected[unit_] = 100;
  }
  const gslb::control::Compiled& compiled() const { return *world_.epoch->compiled; }
  std::size_t units() const { return compiled().geo->units().size(); }

  void measure_fra(double rtt_ms) {
    for (int i = 0; i < 50; ++i) {
      world_.epoch->estimator.add({.unit = unit_, .cluster = fra_, .rtt_ms = rtt_ms},
                                  world_.now().wall);
    }
    planner_.set_estimates(world_.epoch->estimator.refresh(world_.now().wall));
  }
  double load_of_fra() {
    demand_.at += std::chrono::seconds(5);
    planner_.set_load_factor(fra_, 1.0 / 200);  // an idle cluster's would fade
    return planner_.plan(demand_, inputs_).summary.planned_load[fra_];
  }

  tests::World world_ = tests::make_world();
  Planner planner_;
  gslb::fleet::ClusterIndex fra_ = world_.cluster("fra");
  gslb::geo::UnitIndex unit_ = 0;
  Demand demand_;
  std::vector<ClusterInput> inputs_ =
      std::vector<ClusterInput>(5, {.serving = true, .utilisation = 0.5, .has_capacity = true});
};

TEST_F(Growth, NoClusterGainsMoreThanATenthOfItsCapacityInATtl) {
  measure_fra(500);
  ASSERT_EQ(load_of_fra(), 0);
  measure_fra(1);
  // The longest TTL is 60 s, plans are 5 s apart.
  double last = 0;
  for (int plan = 0; plan < 60; ++plan) {
    const double now = load_of_fra();
    EXPECT_LE(now - last, 0.1 * 200 / 0.9 * 5 / 60 + 1e-6) << plan;
    last = now;
  }
  EXPECT_GT(last, 20) << "but it grows";
}

TEST_F(Growth, ADeathIsExempt) {
  measure_fra(500);
  ASSERT_EQ(load_of_fra(), 0);
  for (std::size_t i = 0; i < inputs_.size(); ++i) { inputs_[i].serving = i == fra_; }
  EXPECT_NEAR(load_of_fra(), 100, 1e-6);
}

TEST(Refusal, WhoHadAClusterIsNotLeftWithNone) {
  tests::World world(
      R"(
[[zone]]
name = "example."
file = "example.zone"
[cluster.fra]
latitude = 50.11
longitude = 8.68
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.1" }]
[cluster.isp]
latitude = 50.11
longitude = 8.68
operators = [64500]
on_net_only = true
health = "none"
node = [{ id = "a", ipv4 = "203.0.113.2" }]
[service.web]
[[service.web.scheduled]]
from = "01:00"
to = "02:00"
pools = ["isp"]
)",
      {{"example.zone", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}});
  const Row before = world.snapshot->map->row(0, 0);
  ASSERT_FALSE(before.choices.empty());
  world.advance(std::chrono::minutes(61));
  EXPECT_EQ(world.summary.refusal, Refusal::kEmptyRow);
  EXPECT_EQ(to_string(world.summary.refusal), "empty row");
  EXPECT_EQ(world.snapshot->map->row(0, 0), before) << "the last one holds on";
  EXPECT_EQ(world.snapshot->map->mode(0).variant, 0);
  world.advance(std::chrono::minutes(60));
  EXPECT_EQ(world.summary.refusal, Refusal::kNone);
}

TEST(Refusal, KnowsWhatIsOverMax) {
  PlanSummary summary;
  summary.capacity = {100, 100};
  const std::vector<ClusterInput> clusters = {{.serving = true, .most_utilisation = 1.25},
                                              {.serving = true}};
  EXPECT_FALSE(passes_max(summary, {125, 0}, clusters));
  EXPECT_TRUE(passes_max(summary, {126, 0}, clusters));
  EXPECT_FALSE(passes_max(summary, {0, 1e9}, clusters)) << "no max is known";
}

struct Problem : tests::MadeProblem {
  AssignProblem problem(std::uint64_t budget) const {
    return {candidates, offsets, demand, capacity, budget};
  }
};

// Every row may go everywhere, so whatever the total is there is room for it or not.
Problem random_problem(unsigned seed, double use) {
  std::mt19937 random(seed);
  Problem made;
  const std::size_t clusters = 2 + random() % 6;
  double total = 0;
  for (std::size_t row = 0; row < 40; ++row) {
    const double amount = random() % 10;
    total += amount;
    std::vector<Candidate> to;
    for (std::size_t i = 0; i < clusters; ++i) {
      to.push_back({static_cast<gslb::fleet::ClusterIndex>(i), static_cast<float>(random() % 100)});
    }
    made.row(amount, std::move(to));
  }
  made.capacity.assign(clusters, total / use / static_cast<double>(clusters));
  return made;
}

double cost(const Problem& made, const Assignment& got) {
  double sum = 0;
  for (std::size_t row = 0; row < got.rows.size(); ++row) {
    for (std::size_t i = 0; i < got.rows[row].count; ++i) {
      for (std::uint32_t at = made.offsets[row]; at < made.offsets[row + 1]; ++at) {
        if (made.candidates[at].cluster != got.rows[row].shares[i].cluster) { continue; }
        sum += made.demand[row] * got.rows[row].shares[i].fraction *
               static_cast<double>(made.candidates[at].cost_ms);
      }
    }
  }
  return sum;
}

TEST(Hurry, OverItsBudgetOfStepsTheSolverSharesOutByStableAllocation) {
  double exact_cost = 0;
  double stable_cost = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Problem made = random_problem(seed, 0.9);
    const Assignment exact = assign(made.problem(1'000'000));
    const Assignment hurried = assign(made.problem(0));
    ASSERT_TRUE(exact.is_exact);
    ASSERT_TRUE(hurried.feasible) << seed;
    for (std::size_t i = 0; i < made.capacity.size(); ++i) {
      ASSERT_LE(hurried.load[i], made.capacity[i] * (1 + 1e-9)) << seed;
    }
    double shares = 0;
    for (const Assigned& row : hurried.rows) {
      for (std::size_t i = 0; i < row.count; ++i) { shares += row.shares[i].fraction; }
    }
    ASSERT_NEAR(shares, static_cast<double>(made.demand.size()), 1e-9);
    exact_cost += cost(made, exact);
    stable_cost += cost(made, hurried);
    ASSERT_LE(cost(made, exact), cost(made, hurried) + 1e-6);
    const Assignment again = assign(made.problem(0));
    for (std::size_t row = 0; row < made.demand.size(); ++row) {
      ASSERT_EQ(moved_fraction(hurried.rows[row], again.rows[row]), 0) << "deterministic";
    }
  }
  EXPECT_LT(stable_cost, exact_cost * 1.3) << "worse, but not by much";
}

TEST(Hurry, WhatHasNoRoomStaysAtTheCheapestAndSaysSo) {
  const Problem made = random_problem(1, 1.2);
  const Assignment got = stable_allocation(made.problem(0));
  EXPECT_FALSE(got.feasible);
  double total = 0;
  for (const double load : got.load) { total += load; }
  EXPECT_NEAR(total, std::accumulate(made.demand.begin(), made.demand.end(), 0.0), 1e-6);
}

TEST(Hurry, HostileProblemsAreAnswered) {
  const std::vector<std::uint32_t> offsets = {0, 0, 2};
  const std::vector<Candidate> candidates = {{0, 1}, {1, 2}};
  const std::vector<double> demand = {5, 7};
  for (const double room : {0.0, 3.0, std::numeric_limits<double>::infinity()}) {
    const std::vector<double> capacity = {room, room};
    const Assignment got = stable_allocation({candidates, offsets, demand, capacity});
    EXPECT_EQ(got.rows[0].count, 0U) << "nobody may take it";
    EXPECT_EQ(got.feasible, room > 3);
    EXPECT_NEAR(got.load[0] + got.load[1], 7, 1e-9);
  }
}

}  // namespace
