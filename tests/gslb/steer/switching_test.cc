// Moving has a price: what that changes, and what it must not change.
#include "gslb/steer/switching.h"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/gslb/steer/made_problem.h"

namespace {

using namespace gslb::steer;

struct Made : tests::MadeProblem {
  std::vector<Assigned> last;
  std::vector<float> switch_ms;

  void row(double amount, std::vector<Candidate> to) {
    MadeProblem::row(amount, std::move(to));
    switch_ms.push_back(0);
  }
  Assignment solve() const { return assign_switching({problem(), last, switch_ms}); }
  // Network cost, and what moving away from `last` costs.
  double cost(const std::vector<Assigned>& made) const {
    double sum = 0;
    for (std::size_t row = 0; row < made.size(); ++row) {
      for (std::size_t i = 0; i < made[row].count; ++i) {
        const Share& share = made[row].shares[i];
        for (std::uint32_t at = offsets[row]; at < offsets[row + 1]; ++at) {
          if (candidates[at].cluster != share.cluster) { continue; }
          sum += demand[row] * share.fraction * static_cast<double>(candidates[at].cost_ms);
        }
      }
      sum +=
          demand[row] * static_cast<double>(switch_ms[row]) * moved_fraction(last[row], made[row]);
    }
    return sum;
  }
};

Assigned at(gslb::fleet::ClusterIndex cluster) {
  Assigned result;
  result.shares[0] = {cluster, 1};
  result.count = 1;
  return result;
}

Made random_problem(unsigned seed) {
  std::mt19937 random(seed);
  Made made;
  const std::size_t clusters = 3 + random() % 4;
  double total = 0;
  for (std::size_t row = 0; row < 25; ++row) {
    std::vector<Candidate> to;
    for (std::size_t i = 0; i < clusters; ++i) {
      to.push_back({static_cast<gslb::fleet::ClusterIndex>(i), static_cast<float>(random() % 40)});
    }
    made.row(1 + static_cast<double>(random() % 9), to);
    total += made.demand.back();
  }
  for (std::size_t i = 0; i < clusters; ++i) {
    const double fair = total / static_cast<double>(clusters);
    made.capacity.push_back(fair * (1 + static_cast<double>(random() % 100) / 100));
  }
  return made;
}

TEST(Switching, WithoutAFormerPlanItIsTheCheapest) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Made made = random_problem(seed);
    const Assignment plain = assign(made.problem());
    const Assignment got = made.solve();
    EXPECT_EQ(got.load, plain.load);
    EXPECT_EQ(got.price_ms, plain.price_ms);
  }
}

TEST(Switching, NoPlanIsCheaperWhenMovingIsCounted) {
  int moved = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Made made = random_problem(seed);
    made.last = made.solve().rows;
    std::mt19937 random(seed + 1000);
    for (double& each : made.demand) { each *= 0.8 + static_cast<double>(random() % 40) / 100; }
    for (float& each : made.switch_ms) { each = static_cast<float>(random() % 15); }
    const Assignment got = made.solve();
    if (!got.feasible) { continue; }
    for (std::size_t i = 0; i < got.load.size(); ++i) {
      EXPECT_LE(got.load[i], made.capacity[i] * (1 + 1e-9));
    }
    const double ours = made.cost(got.rows);
    EXPECT_LE(ours, made.cost(assign(made.problem()).rows) + 1e-6) << "than forgetting the past";
    std::vector<double> stayed(made.capacity.size(), 0);
    for (std::size_t row = 0; row < made.last.size(); ++row) {
      for (std::size_t i = 0; i < made.last[row].count; ++i) {
        const Share& share = made.last[row].shares[i];
        stayed[share.cluster] += share.fraction * made.demand[row];
      }
      moved += moved_fraction(made.last[row], got.rows[row]) > 0 ? 1 : 0;
    }
    bool fits = true;
    for (std::size_t i = 0; i < stayed.size(); ++i) { fits &= stayed[i] <= made.capacity[i]; }
    if (fits) { EXPECT_LE(ours, made.cost(made.last) + 1e-6) << "than staying"; }
  }
  EXPECT_GT(moved, 100);
}

TEST(Switching, AGainBelowItsCostMovesNobody) {
  Made made;
  made.capacity = {100, 100};
  made.row(5, {{0, 10}, {1, 15}});
  made.last = {at(1)};
  made.switch_ms[0] = 6;
  EXPECT_EQ(made.solve().rows[0].shares[0].cluster, 1);
  made.switch_ms[0] = 4;
  EXPECT_EQ(made.solve().rows[0].shares[0].cluster, 0);
}

TEST(Switching, OnlyTheExcessLeavesAndNobodyStaysAtAClusterThatIsGone) {
  Made made;
  made.capacity = {4, 100};
  made.row(5, {{0, 10}, {1, 11}});
  made.last = {at(0)};
  made.switch_ms[0] = 1000;
  const Assignment squeezed = made.solve();
  EXPECT_NEAR(squeezed.load[0], 4, 1e-9);
  EXPECT_NEAR(squeezed.load[1], 1, 1e-9);
  made.last = {at(7)};
  EXPECT_EQ(made.solve().rows[0].count, 2U);
}

TEST(Switching, ABlendMovesItsShareAndKeepsWithinCapacity) {
  int blended = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Made made = random_problem(seed);
    std::mt19937 random(seed + 1000);
    for (std::size_t row = 0; row < made.demand.size(); ++row) {
      made.last.push_back(at(static_cast<gslb::fleet::ClusterIndex>(random() % 3)));
    }
    const Assignment eager = assign(made.problem());
    for (float& each : made.switch_ms) { each = 12; }
    const Assignment calm = made.solve();
    const Assignment half =
        blend(calm, eager, 0.5, made.demand,
              GroupTree{.parent = {}, .clusters = made.capacity.size(), .fails_together = {}});
    for (std::size_t row = 0; row < half.rows.size(); ++row) {
      const double whole = moved_fraction(calm.rows[row], eager.rows[row]);
      if (half.rows[row].count == kMaxShares) { continue; }
      EXPECT_NEAR(moved_fraction(calm.rows[row], half.rows[row]), whole / 2, 1e-9);
      blended += whole > 0 ? 1 : 0;
    }
    for (std::size_t i = 0; i < half.load.size(); ++i) {
      EXPECT_LE(half.load[i], made.capacity[i] * (1 + 1e-6));
    }
  }
  EXPECT_GT(blended, 50);
}

TEST(Switching, MovedIsWhatChangesHands) {
  Assigned half;
  half.count = 2;
  half.shares[0] = {0, 0.5};
  half.shares[1] = {1, 0.5};
  EXPECT_DOUBLE_EQ(moved_fraction(at(0), half), 0.5);
  EXPECT_DOUBLE_EQ(moved_fraction(half, at(2)), 1);
  EXPECT_DOUBLE_EQ(moved_fraction(half, half), 0);
  EXPECT_DOUBLE_EQ(moved_fraction({}, half), 0) << "nobody was anywhere";
}

}  // namespace
