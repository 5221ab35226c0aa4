// The transportation solver against an independent one, and against hostile problems.
#include "gslb/steer/assign.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/gslb/steer/least_cost_flow.h"
#include "tests/gslb/steer/made_problem.h"

namespace {

using namespace gslb::steer;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Made : tests::MadeProblem {
  Assignment solve() const { return assign(problem()); }
  double cost_of(std::size_t row, gslb::fleet::ClusterIndex cluster) const {
    for (std::uint32_t at = offsets[row]; at < offsets[row + 1]; ++at) {
      if (candidates[at].cluster == cluster) { return candidates[at].cost_ms; }
    }
    ADD_FAILURE() << "row " << row << " went to a cluster that is no candidate";
    return kInfinity;
  }
  double cost(const Assignment& made) const {
    double sum = 0;
    for (std::size_t row = 0; row < made.rows.size(); ++row) {
      for (std::size_t i = 0; i < made.rows[row].count; ++i) {
        const Share& share = made.rows[row].shares[i];
        sum += demand[row] * share.fraction * cost_of(row, share.cluster);
      }
    }
    return sum;
  }
};

Made random_problem(unsigned seed) {
  std::mt19937 random(seed);
  Made made;
  const std::size_t clusters = 2 + random() % 5;
  const std::size_t rows = 1 + random() % 12;
  double total = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<Candidate> to;
    for (std::size_t i = 0; i < clusters; ++i) {
      // Few distinct costs: ties are where solvers go wrong.
      if (random() % 4 != 0) {
        to.push_back(
            {static_cast<gslb::fleet::ClusterIndex>(i), static_cast<float>(random() % 20) / 4 - 1});
      }
    }
    made.row(static_cast<double>(random() % 8), to);
    total += made.demand.back();
  }
  for (std::size_t i = 0; i < clusters; ++i) {
    const double fair = total / static_cast<double>(clusters);
    const auto most = static_cast<unsigned>(fair * 2.5) + 2;
    made.capacity.push_back(random() % 10 == 0 ? kInfinity : static_cast<double>(random() % most));
  }
  return made;
}

bool row_was_cut(const Assignment& made) {
  return std::any_of(made.rows.begin(), made.rows.end(),
                     [](const Assigned& row) { return row.count == kMaxShares; });
}

TEST(Assign, IsExactWithinCapacityOrSaysItIsNot) {
  int feasible = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    const Made made = random_problem(seed);
    const double best = tests::least_cost(made.problem());
    const Assignment got = made.solve();
    std::vector<double> load(made.capacity.size(), 0);
    for (std::size_t row = 0; row < got.rows.size(); ++row) {
      double whole = 0;
      for (std::size_t i = 0; i < got.rows[row].count; ++i) {
        const Share& share = got.rows[row].shares[i];
        whole += share.fraction;
        load[share.cluster] += share.fraction * made.demand[row];
        if (i > 0) { EXPECT_LE(share.fraction, got.rows[row].shares[i - 1].fraction); }
      }
      const bool has_candidates = made.offsets[row] != made.offsets[row + 1];
      EXPECT_NEAR(whole, has_candidates ? 1 : 0, 1e-9);
    }
    for (std::size_t i = 0; i < load.size(); ++i) {
      EXPECT_NEAR(load[i], got.load[i], 1e-6);
      EXPECT_GE(got.price_ms[i], 0);
      if (load[i] + 1e-6 < made.capacity[i]) { EXPECT_EQ(got.price_ms[i], 0) << "room is free"; }
      if (got.feasible) { EXPECT_LE(load[i], made.capacity[i] + 1e-6); }
    }
    if (row_was_cut(got)) { continue; }  // four shares may be dearer than five
    EXPECT_EQ(got.feasible, best != kInfinity);
    if (best == kInfinity) { continue; }
    ++feasible;
    EXPECT_NEAR(made.cost(got), best, 1e-6);
  }
  EXPECT_GT(feasible, 300);
}

TEST(Assign, APriceIsWhatOneUnitLessOfCapacityCosts) {
  int priced = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Made made = random_problem(seed);
    const Assignment before = made.solve();
    if (!before.feasible || row_was_cut(before)) { continue; }
    for (std::size_t i = 0; i < made.capacity.size(); ++i) {
      constexpr double kLess = 1.0 / 1024;
      if (made.capacity[i] < 1 || made.capacity[i] == kInfinity) { continue; }
      Made less = made;
      less.capacity[i] -= kLess;
      const Assignment after = less.solve();
      if (!after.feasible || row_was_cut(after)) { continue; }
      EXPECT_NEAR((less.cost(after) - made.cost(before)) / kLess, before.price_ms[i], 1e-4);
      priced += before.price_ms[i] > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(priced, 50);
}

TEST(Assign, IsDeterministic) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Made made = random_problem(seed);
    const Assignment a = made.solve();
    const Assignment b = made.solve();
    EXPECT_EQ(a.load, b.load);
    EXPECT_EQ(a.price_ms, b.price_ms);
  }
}

TEST(Assign, TakesDegenerateProblems) {
  EXPECT_TRUE(Made{}.solve().feasible);

  Made nobody;
  nobody.capacity = {1, 1};
  nobody.row(5, {});
  EXPECT_EQ(nobody.solve().rows[0].count, 0U);
  EXPECT_TRUE(nobody.solve().feasible);

  Made zero;
  zero.capacity = {0, 0};
  zero.row(1, {{0, 1}, {1, 2}});
  zero.row(0, {{0, 1}});
  const Assignment full = zero.solve();
  EXPECT_FALSE(full.feasible);
  EXPECT_EQ(full.rows[0].count, 1U) << "somebody answers all the same";

  Made ties;
  ties.capacity = {50, 50, 50, 50};
  for (int i = 0; i < 200; ++i) { ties.row(1, {{0, 7}, {1, 7}, {2, 7}, {3, 7}}); }
  const Assignment even = ties.solve();
  EXPECT_TRUE(even.feasible);
  for (const double load : even.load) { EXPECT_NEAR(load, 50, 1e-9); }

  Made giant;
  giant.capacity = {1, 2, 3, kInfinity};
  giant.row(1e6, {{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  const Assignment split = giant.solve();
  EXPECT_TRUE(split.feasible);
  EXPECT_EQ(split.rows[0].count, 4U);
  EXPECT_EQ(split.rows[0].shares[0].cluster, 3);
}

TEST(Assign, ARowOverMoreThanFourClustersIsNotCalledFeasible) {
  Made made;
  made.capacity = {1, 1, 1, 1, 1};
  made.row(5, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}});
  const Assignment got = made.solve();
  EXPECT_FALSE(got.feasible);
  double sum = 0;
  for (const double load : got.load) { sum += load; }
  EXPECT_NEAR(sum, 5, 1e-9);
  EXPECT_NEAR(got.load[0], 1.25, 1e-9);
}

// Costs as far apart as preferences and tiers make them, and amounts that round: must end.
TEST(Assign, EndsWhateverTheMagnitudes) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> real(0, 1);
    Made made;
    for (int i = 0; i < 12; ++i) { made.capacity.push_back(std::pow(10, 6 * real(random) - 3)); }
    for (int row = 0; row < 300; ++row) {
      std::vector<Candidate> to;
      for (std::uint16_t i = 0; i < 12; ++i) {
        const double far = random() % 5 == 0 ? -1e7 : (random() % 3 == 0 ? 25'000 : 0);
        to.push_back({i, static_cast<float>(far + 300 * real(random))});
      }
      made.row(std::pow(10, 8 * real(random) - 6), to);
    }
    const Assignment got = made.solve();
    double load = 0;
    double demand = 0;
    for (const double each : got.load) { load += each; }
    for (const double each : made.demand) { demand += each; }
    EXPECT_NEAR(load, demand, demand * 1e-9);
  }
}

}  // namespace
