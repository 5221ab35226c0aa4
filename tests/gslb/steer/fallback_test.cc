// One cluster dies, and nobody else is overfilled before the next plan.
#include "gslb/steer/fallback.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace {

using namespace gslb::steer;
using gslb::fleet::ClusterIndex;
using gslb::fleet::kNoCluster;

struct Made {
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
  std::vector<double> demand;
  std::vector<double> capacity;
  AssignProblem rows() const { return {candidates, offsets, demand, capacity}; }
};

// Clusters on a line, clients around them; `use` of all capacity.
Made line(unsigned seed, std::size_t clusters, double use) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> place(0, static_cast<double>(clusters));
  Made made;
  constexpr int kRows = 600;
  for (int row = 0; row < kRows; ++row) {
    const double x = place(random);
    std::vector<Candidate> to;
    for (std::size_t i = 0; i < clusters; ++i) {
      to.push_back({static_cast<ClusterIndex>(i),
                    static_cast<float>(10 * std::abs(x - static_cast<double>(i) - 0.5))});
    }
    std::stable_sort(to.begin(), to.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost_ms < b.cost_ms; });
    made.candidates.insert(made.candidates.end(), to.begin(), to.end());
    made.offsets.push_back(static_cast<std::uint32_t>(made.candidates.size()));
    made.demand.push_back(1);
  }
  made.capacity.assign(clusters, kRows / use / static_cast<double>(clusters));
  return made;
}

// Loads after `dead` is gone, by what workers do; `heirs` as planned, or everybody's next cheapest.
std::vector<double> after_death(const Made& made, const Assignment& plan,
                                const std::vector<Heirs>& heirs, ClusterIndex dead) {
  std::vector<double> load(made.capacity.size(), 0);
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    const Assigned& shared = plan.rows[row];
    ClusterIndex heir = kNoCluster;
    for (std::size_t i = 0; i < shared.count; ++i) {
      if (shared.shares[i].cluster != dead) { heir = std::min(heir, shared.shares[i].cluster); }
    }
    if (heir == kNoCluster) { heir = heirs[row][0]; }
    for (std::uint32_t at = made.offsets[row]; heir == kNoCluster; ++at) {
      if (made.candidates[at].cluster != dead) { heir = made.candidates[at].cluster; }
    }
    for (std::size_t i = 0; i < shared.count; ++i) {
      const Share& share = shared.shares[i];
      load[share.cluster == dead ? heir : share.cluster] += share.fraction;
    }
  }
  return load;
}

TEST(Fallbacks, TheDeathOfAnyOneClusterOverfillsNoOther) {
  int naive_overfills = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Made made = line(seed, 8, 0.7);
    const Assignment plan = assign(made.rows());
    const Fallbacks fallbacks = assign_fallbacks(made.rows(), plan);
    for (ClusterIndex dead = 0; dead < 8; ++dead) {
      EXPECT_EQ(fallbacks.scale_if_lost[dead], 1) << "70 % x 8 / 7 fits";
      const auto load = after_death(made, plan, fallbacks.heirs, dead);
      const auto naive = after_death(made, plan, std::vector(600, kNoHeirs), dead);
      EXPECT_EQ(load[dead], 0);
      for (std::size_t i = 0; i < 8; ++i) {
        // Rows that would have been split fall to one cluster whole: a row of 1 each.
        EXPECT_LE(load[i], made.capacity[i] + 8);
        naive_overfills += naive[i] > made.capacity[i] + 8 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(naive_overfills, 50) << "the next cheapest is the same for a whole region";
}

TEST(Fallbacks, SayWhichDeathWouldBeTooMuch) {
  Made made = line(1, 4, 0.9);
  const Assignment plan = assign(made.rows());
  const Fallbacks fallbacks = assign_fallbacks(made.rows(), plan);
  for (const double scale : fallbacks.scale_if_lost) {
    EXPECT_GE(scale, 1.1);  // 0.9 x 4 / 3 = 1.2
    EXPECT_LE(scale, 1.5);
  }
}

TEST(Fallbacks, ARowWithoutAnotherClusterHasNone) {
  Made made;
  made.candidates = {{0, 1}};
  made.offsets = {0, 1};
  made.demand = {1};
  made.capacity = {2, 2};
  EXPECT_EQ(assign_fallbacks(made.rows(), assign(made.rows())).heirs[0], kNoHeirs);
}

}  // namespace
