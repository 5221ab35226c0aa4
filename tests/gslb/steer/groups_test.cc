// Limits that clusters share: exact against a flow on the plain graph, prices, deaths of groups.
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "gslb/steer/fallback.h"
#include "gslb/steer/stable.h"
#include "gslb/steer/switching.h"

#include "tests/gslb/steer/least_cost_flow.h"
#include "tests/gslb/steer/made_problem.h"

namespace {

using namespace gslb::steer;
using gslb::fleet::ClusterIndex;
using gslb::fleet::kNoCluster;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Amounts are whole, as the flow needs it.
struct Made : tests::MadeProblem {
  GroupTree groups;
  AssignProblem problem() const {
    return {candidates, offsets, demand, capacity, 1'000'000'000, &groups};
  }
};

Made random_problem(unsigned seed) {
  std::mt19937 random(seed);
  Made made;
  const std::size_t clusters = 2 + random() % 5;
  const std::size_t groups = 1 + random() % 4;
  made.groups.clusters = clusters;
  for (std::size_t i = 0; i < clusters + groups; ++i) {
    // Groups are within later ones only.
    const std::size_t first = std::max(clusters, i + 1);
    const std::size_t choices = clusters + groups - first + 1;
    const std::size_t at = first + random() % choices;
    made.groups.parent.push_back(at == clusters + groups ? kNoHolder
                                                         : static_cast<HolderIndex>(at));
  }
  made.groups.fails_together.assign(groups, true);
  double total = 0;
  for (std::size_t row = 1 + random() % 12; row > 0; --row) {
    std::vector<Candidate> to;
    for (std::size_t i = 0; i < clusters; ++i) {
      if (random() % 4 == 0) { continue; }
      to.push_back({static_cast<ClusterIndex>(i), static_cast<float>(random() % 20) / 4 - 1});
    }
    made.row(static_cast<double>(random() % 8), to);
    total += made.demand.back();
  }
  for (std::size_t i = 0; i < clusters + groups; ++i) {
    const double fair = total / static_cast<double>(i < clusters ? clusters : groups);
    const auto most = static_cast<unsigned>(fair * 2.5) + 2;
    made.capacity.push_back(random() % 8 == 0 ? kInfinity : static_cast<double>(random() % most));
  }
  return made;
}

double cost(const Made& made, const Assignment& got) {
  double sum = 0;
  for (std::size_t row = 0; row < got.rows.size(); ++row) {
    for (std::size_t i = 0; i < got.rows[row].count; ++i) {
      const Share& share = got.rows[row].shares[i];
      for (std::uint32_t at = made.offsets[row]; at < made.offsets[row + 1]; ++at) {
        if (made.candidates[at].cluster != share.cluster) { continue; }
        sum += made.demand[row] * share.fraction * static_cast<double>(made.candidates[at].cost_ms);
      }
    }
  }
  return sum;
}

bool row_was_cut(const Assignment& made) {
  return std::any_of(made.rows.begin(), made.rows.end(),
                     [](const Assigned& row) { return row.count == kMaxShares; });
}

std::vector<double> load_of(const Made& made, const Assignment& got) {
  std::vector<double> load(made.capacity.size(), 0);
  for (std::size_t row = 0; row < got.rows.size(); ++row) {
    add_load(got.rows[row], made.demand[row], load);
  }
  made.groups.add_up(load);
  return load;
}

TEST(Groups, AssignmentIsExactWithinAllLimitsOrSaysItIsNot) {
  int feasible = 0;
  int bound = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const Made made = random_problem(seed);
    const double best = tests::least_cost(made.problem());
    const Assignment got = assign(made.problem());
    const std::vector<double> load = load_of(made, got);
    for (std::size_t i = 0; i < load.size(); ++i) {
      EXPECT_NEAR(load[i], got.load[i], 1e-6);
      EXPECT_GE(got.price_ms[i], 0);
      if (got.feasible) { EXPECT_LE(load[i], made.capacity[i] + 1e-6); }
    }
    if (row_was_cut(got)) { continue; }
    ASSERT_EQ(got.feasible, best != kInfinity);
    if (best == kInfinity) { continue; }
    ++feasible;
    ASSERT_NEAR(cost(made, got), best, 1e-6);
    for (std::size_t i = made.groups.clusters; i < load.size(); ++i) {
      bound += got.price_ms[i] > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(feasible, 500);
  EXPECT_GT(bound, 200) << "groups have something to say";
}

TEST(Groups, APriceIsWhatOneUnitLessOfCapacityCostsHereAndInTheGroups) {
  int priced = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    Made made = random_problem(seed);
    const Assignment before = assign(made.problem());
    if (!before.feasible || row_was_cut(before)) { continue; }
    for (std::size_t i = 0; i < made.capacity.size(); ++i) {
      constexpr double kLess = 1.0 / 1024;
      if (made.capacity[i] < 1 || made.capacity[i] == kInfinity || before.load[i] < 1) { continue; }
      Made less = made;
      for (HolderIndex at = static_cast<HolderIndex>(i); at != kNoHolder;
           at = made.groups.parent[at]) {
        less.capacity[at] -= kLess;
      }
      const Assignment after = assign(less.problem());
      if (!after.feasible || row_was_cut(after)) { continue; }
      EXPECT_NEAR((cost(less, after) - cost(made, before)) / kLess, before.price_ms[i], 1e-4) << i;
      priced += before.price_ms[i] > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(priced, 100);
}

TEST(Groups, InAHurryLimitsHoldAllTheSame) {
  int feasible = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const Made made = random_problem(seed);
    const Assignment got = stable_allocation(made.problem());
    const std::vector<double> load = load_of(made, got);
    for (std::size_t i = 0; i < load.size(); ++i) {
      EXPECT_NEAR(load[i], got.load[i], 1e-6);
      if (got.feasible) { EXPECT_LE(load[i], made.capacity[i] + 1e-6); }
    }
    feasible += got.feasible ? 1 : 0;
  }
  EXPECT_GT(feasible, 80);
}

TEST(Groups, WithoutLimitsChangeNothing) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Made made = random_problem(seed);
    for (std::size_t i = made.groups.clusters; i < made.capacity.size(); ++i) {
      made.capacity[i] = kInfinity;
    }
    const Assignment with = assign(made.problem());
    AssignProblem bare = made.problem();
    bare.groups = nullptr;
    bare.capacity = bare.capacity.first(made.groups.clusters);
    const Assignment without = assign(bare);
    for (std::size_t i = 0; i < made.groups.clusters; ++i) {
      EXPECT_EQ(with.load[i], without.load[i]);
      EXPECT_EQ(with.price_ms[i], without.price_ms[i]);
    }
  }
}

// Two clusters at a site, a third elsewhere near, a fourth far.
struct Site : Made {
  Site() {
    groups.clusters = 4;
    groups.parent = {4, 4, kNoHolder, kNoHolder, kNoHolder};
    groups.fails_together = {true};
    for (int i = 0; i < 40; ++i) { row(1, {{0, 1}, {1, 2}, {2, 10}, {3, 90}}); }
  }
  // Loads by what workers do when these are dead.
  std::vector<double> after_death(const Assignment& plan, const Fallbacks& fallbacks,
                                  const std::vector<bool>& dead) const {
    std::vector<double> load(4, 0);
    for (std::size_t row = 0; row < plan.rows.size(); ++row) {
      std::vector<ClusterIndex> order;
      for (std::size_t i = 0; i < plan.rows[row].count; ++i) {
        order.push_back(plan.rows[row].shares[i].cluster);
      }
      std::sort(order.begin(), order.end());
      const ClusterIndex planned = plan.rows[row].shares[0].cluster;
      for (const ClusterIndex next : fallbacks.heirs[row]) {
        if (next != kNoCluster) { order.push_back(next); }
      }
      for (ClusterIndex i = 0; i < 4; ++i) { order.push_back(i); }
      ClusterIndex heir = planned;
      for (auto at = order.begin(); dead[heir]; ++at) { heir = *at; }
      load[heir] += demand[row];
    }
    return load;
  }
};

TEST(Groups, ADeadClustersSiteIsNotOverfilledByItsClients) {
  Site site;
  // 20 at each of the two; the site has room for 20 more, but of each cluster for 35 only.
  site.capacity = {35, 35, 15, 100, 40};
  site.capacity[0] = 20;
  const Assignment plan = assign(site.problem());
  EXPECT_NEAR(plan.load[4], 40, 1e-9);
  const Fallbacks fallbacks = assign_fallbacks(site.problem(), plan);
  const auto first = site.after_death(plan, fallbacks, {true, false, false, false});
  EXPECT_LE(first[1], 35 + 1);
  EXPECT_LE(first[2], 15 + 1);
  const auto both = site.after_death(plan, fallbacks, {true, true, false, false});
  EXPECT_LE(both[2], 15 + 1) << "the near one is not overfilled by a whole site";
  EXPECT_GE(both[3], 24);
  EXPECT_EQ(fallbacks.scale_if_lost[4], 1);
}

TEST(Groups, WhatDoesNotFailTogetherIsNotProvenToSurviveIt) {
  Site site;
  site.capacity = {20, 35, 1, 1, 40};
  const Assignment plan = assign(site.problem());
  EXPECT_GT(assign_fallbacks(site.problem(), plan).scale_if_lost[4], 1);
  site.groups.fails_together = {false};
  EXPECT_EQ(assign_fallbacks(site.problem(), plan).scale_if_lost[4], 1);
}

}  // namespace
