// A small planet in the suite: the order of the contenders, not their figures.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "bench/steering/report.h"
#include "tests/support/folder.h"

namespace {

using namespace bench::steering;

const PhaseFigures& in(const RunResult& run, Phase phase) {
  return run.phases[static_cast<std::size_t>(phase)];
}

class SmallPlanet : public testing::Test {
 protected:
  static RunResult run(const std::string& id, std::uint64_t seed) {
    SceneOptions options;
    options.seed = seed;
    options.clusters = 12;
    options.use = 0.6;
    options.operators = 1;
    const Scene scene = make_scene(make_planet(60, seed), options);
    RunOptions short_run;
    short_run.pace = 2;
    for (const Contender& contender : contenders()) {
      if (contender.id == id) { return bench::steering::run(scene, contender, short_run); }
    }
    throw std::runtime_error(id);
  }
};

TEST_F(SmallPlanet, ProximaKeepsWithinCapacityWhereNearestDoesNot) {
  for (const std::uint64_t seed : {1, 2}) {
    SCOPED_TRACE(seed);
    const RunResult nearest = run("distance", seed);
    const RunResult latency = run("latency", seed);
    const RunResult ours = run("proxima", seed);
    for (const Phase phase : {Phase::kQuiet, Phase::kFlash, Phase::kDeath, Phase::kReturn}) {
      SCOPED_TRACE(to_string(phase));
      EXPECT_LE(in(ours, phase).over_share, 0.02);
      EXPECT_LE(in(ours, phase).over_share, in(nearest, phase).over_share + 0.001);
      EXPECT_LE(in(ours, phase).over_share, in(latency, phase).over_share + 0.001);
    }
    EXPECT_LE(in(ours, Phase::kQuiet).moved_per_min, 0.1);
    EXPECT_EQ(ours.named_dead_after_detection_s, 0);
  }
}

TEST_F(SmallPlanet, ARunIsRepeatedBitByBit) {
  const RunResult a = run("proxima", 3);
  const RunResult b = run("proxima", 3);
  for (std::size_t i = 0; i < kPhases; ++i) {
    EXPECT_EQ(a.phases[i].penalty_ms, b.phases[i].penalty_ms);
    EXPECT_EQ(a.phases[i].over_share, b.phases[i].over_share);
    EXPECT_EQ(a.phases[i].moved_per_min, b.phases[i].moved_per_min);
  }
}

TEST(ResolverCaches, DrainAsTheMixOfLivesSays) {
  ResolverCaches caches({1, 0}, 60, true);
  const Shares elsewhere = {0, 1};
  const auto after = [&](int steps) {
    for (int i = 0; i < steps; ++i) { caches.step(elsewhere); }
    return static_cast<double>(caches.traffic()[0]);
  };
  // 48 % forget over 60 s, 40 % over 90 s, 10 % over 300 s, 2 % over 1800 s.
  EXPECT_NEAR(after(6), 0.48 * 0.5 + 0.4 * 2 / 3 + 0.1 * 0.9 + 0.02 * 59 / 60, 1e-5);
  EXPECT_NEAR(after(12), 0.1 * 0.7 + 0.02 * 0.95, 1e-5);
  EXPECT_NEAR(after(342), 0, 1e-5);
}

class MatrixFiles : public testing::Test {
 protected:
  RttMatrix read(const std::string& places, const std::string& pairs) {
    std::ofstream(folder_ / "places.csv") << places;
    std::ofstream(folder_ / "pairs.csv") << pairs;
    return read_matrix(folder_ / "places.csv", folder_ / "pairs.csv");
  }
  const tests::Folder folder_;
};

TEST_F(MatrixFiles, MissingPairsAreFilledFromWhatIsThere) {
  const RttMatrix matrix =
      read("id,name,latitude,longitude,weight\na,\"A, the first\",50,8,2\nb,B,,,\nc,C,40,-74,\n",
           "from,to,rtt_ms\na,b,10\nb,c,20.5\n");
  EXPECT_EQ(matrix.sites[0].name, "A, the first");
  EXPECT_FALSE(matrix.sites[1].has_place);
  EXPECT_EQ(matrix.sites[2].weight, 1);
  EXPECT_EQ(matrix.rtt(1, 0), 10) << "the way back";
  EXPECT_EQ(matrix.rtt(0, 2), 30.5) << "through another";
  EXPECT_EQ(matrix.rtt(2, 2), 1);
}

TEST_F(MatrixFiles, FaultsNameFileAndLine) {
  const auto fault = [&](const std::string& places, const std::string& pairs) -> std::string {
    try {
      read(places, pairs);
    } catch (const std::runtime_error& error) { return error.what(); }
    return "";
  };
  EXPECT_NE(fault("id\na\n", "from,to,rtt_ms\na,x,1\n").find("pairs.csv:2: a place"),
            std::string::npos);
  EXPECT_NE(fault("id,latitude\na,north\n", "from,to,rtt_ms\n").find("places.csv:2:"),
            std::string::npos);
  EXPECT_NE(fault("id\na\na\n", "").find("places.csv:3: a second a"), std::string::npos);
}

}  // namespace
