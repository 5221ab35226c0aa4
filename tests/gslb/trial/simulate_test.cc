// What would move, and whether a death would cascade: by the shipped loader and planner.
#include "gslb/trial/simulate.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/trial/n_minus_1.h"

#include "tests/support/folder.h"

namespace {

using namespace gslb;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using trial::Trial;

struct Site {
  std::string id;
  double latitude;
  double longitude;
  double target = 100;
  double max = 120;
  std::string group{};
};
const std::vector<Site> kSites = {
    {"fra", 50.1, 8.7}, {"lon", 51.5, -0.1}, {"nyc", 40.7, -74}, {"syd", -33.9, 151.2}};
const WallTime kNow{std::chrono::hours(24 * 365 * 50)};

class Simulated : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "example.zone")
        << "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.1\nalias CNAME www.cdn\n";
  }

  std::shared_ptr<const control::Compiled> compile(const std::vector<Site>& sites,
                                                   const std::string& more = "") {
    std::ofstream file(folder_ / "proxima.toml");
    file << "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";
    for (const Site& each : sites) {
      file << "[cluster." << each.id << "]\n"
           << (each.group.empty() ? "" : "group = '" + each.group + "'\n")
           << "latitude = " << each.latitude << "\nlongitude = " << each.longitude
           << "\nhealth = 'none'\n[[cluster." << each.id
           << ".node]]\nid = 'n1'\nipv4 = '192.0.2.9'\n";
      if (each.target > 0) {
        file << "[cluster." << each.id << ".capacity.requests_per_s]\ntarget = " << each.target
             << "\nmax = " << each.max << "\n";
      }
    }
    file << "[service.web]\nttl = 30\n[[route]]\nname = '*.cdn.example.'\nservice = 'web'\n";
    for (const Site& each : kSites) {
      file << "[[override]]\nprefix = '" << prefix_of(each.id) << "'\nlatitude = " << each.latitude
           << "\nlongitude = " << each.longitude << "\n";
    }
    file << more;
    file.close();
    Problems problems;
    auto compiled = control::compile(folder_ / "proxima.toml", problems);
    EXPECT_NE(compiled, nullptr) << problems.to_string();
    return compiled;
  }
  static std::string prefix_of(const std::string& site) {
    for (std::size_t i = 0; i < kSites.size(); ++i) {
      if (kSites[i].id == site) { return "198.51." + std::to_string(100 + i) + ".0/24"; }
    }
    return "";
  }
  // From the places of the sites: each so many queries a second.
  static std::vector<trial::AskedQuery> queries(const std::map<std::string, double>& by_site) {
    std::string text = "# a list\n";
    for (const auto& [site, count] : by_site) {
      text += "www.cdn.example A " + prefix_of(site) + " " + std::to_string(count) + "\n";
    }
    Problems problems;
    auto read = trial::read_queries(text, "list", problems);
    EXPECT_FALSE(problems.has_errors());
    return read;
  }
  // Every query takes one request of 100.
  static Trial make(std::shared_ptr<const control::Compiled> compiled,
                    const std::map<std::string, double>& by_site) {
    Trial made(std::move(compiled));
    made.take({}, nullptr, kNow);
    EXPECT_EQ(made.ask(queries(by_site), 0), 0);
    made.assume_loads(1);
    return made;
  }
  static const trial::SimulatedCluster& of(const trial::Simulation& simulation,
                                           const std::string& id) {
    for (const auto& each : simulation.clusters) {
      if (each.id == id) { return each; }
    }
    throw std::runtime_error(id);
  }

  const tests::Folder folder_;
  Problems problems_;
};

TEST_F(Simulated, NothingChangedMovesNobody) {
  Trial before = make(compile(kSites), {{"fra", 50}, {"lon", 20}, {"nyc", 60}});
  const auto result = simulate(before, nullptr, {}, {}, problems_);
  EXPECT_EQ(result.moved, 0);
  EXPECT_EQ(result.compared, 1);
  EXPECT_FALSE(result.at_once);
  EXPECT_NEAR(*of(result, "fra").after_per_s, 50, 1e-6);
  EXPECT_NEAR(*of(result, "fra").after_use, 0.5, 1e-6);
  EXPECT_EQ(of(result, "fra").max_per_target, 1.2);
  EXPECT_NEAR(result.after.total_per_s, 130, 1e-6);
  EXPECT_NEAR(result.after.rtt_p50_ms, 5, 0.5) << "everybody is beside a cluster";
  EXPECT_TRUE(result.passed_limits.empty());
}

TEST_F(Simulated, AnOutageGoesToTheNeighboursWithRoom) {
  Trial before = make(compile(kSites), {{"fra", 90}, {"lon", 40}, {"nyc", 60}});
  const auto result =
      simulate(before, nullptr, {.outages = {"fr*"}}, {.utilisation = 1, .moved = 0.4}, problems_);
  ASSERT_FALSE(problems_.has_errors()) << problems_.to_string();
  EXPECT_EQ(*of(result, "fra").after_per_s, 0);
  EXPECT_FALSE(of(result, "fra").is_serving);
  // 60 fit beside London's own 40; the rest goes over the ocean.
  EXPECT_NEAR(*of(result, "lon").after_use, 1, 0.03);
  EXPECT_NEAR(*of(result, "nyc").after_per_s, 90, 3);
  EXPECT_NEAR(result.moved, 90.0 / 190, 0.02);
  EXPECT_GT(result.after.rtt_p95_ms, result.before.rtt_p95_ms + 50);
  ASSERT_TRUE(result.at_once);
  EXPECT_NEAR(result.at_once->total_per_s, result.before.total_per_s, 1e-6);
  EXPECT_EQ(result.at_once->unserved_per_s, 0);
  EXPECT_THAT(result.passed_limits.back(), HasSubstr("% of the clients move, over 40 %"));
  EXPECT_THAT(to_text(result), HasSubstr("limit passed: "));
  EXPECT_THAT(to_json(result), HasSubstr("\"passed_limits\":[\""));
}

TEST_F(Simulated, EverybodyOutLeavesRowsWithoutCluster) {
  Trial before = make(compile(kSites), {{"fra", 10}, {"syd", 30}});
  const auto result = simulate(before, nullptr, {.drains = {"*"}}, {}, problems_);
  EXPECT_NEAR(result.after.unserved_per_s, 40, 1e-6);
  EXPECT_EQ(result.after.unserved_rows, 2U);
  EXPECT_EQ(result.moved, 1);
}

TEST_F(Simulated, LessCapacityPushesOut) {
  Trial before = make(compile(kSites), {{"fra", 80}, {"lon", 10}});
  const auto result =
      simulate(before, nullptr, {.capacity = {{"fra", 0.5}}}, {.utilisation = 1.05}, problems_);
  EXPECT_NEAR(*of(result, "fra").at_once_use, 1.6, 0.01);
  EXPECT_NEAR(*of(result, "fra").after_per_s, 50, 2);
  EXPECT_NEAR(*of(result, "lon").after_per_s, 40, 2);
  EXPECT_THAT(result.passed_limits, ElementsAre(HasSubstr("fra is at 160 % of its target")));
}

TEST_F(Simulated, ANewConfigurationIsComparedById) {
  Trial before = make(compile(kSites), {{"fra", 80}, {"syd", 40}});
  std::vector<Site> next = {{"par", 48.9, 2.3}, {"syd", -33.9, 151.2}, {"lon", 51.5, -0.1}};
  Trial after = make(compile(next), {{"fra", 80}, {"syd", 40}});
  const auto result = simulate(before, &after, {}, {.rtt_p95_increase_ms = 2}, problems_);
  EXPECT_FALSE(result.at_once);
  EXPECT_EQ(of(result, "par").before_per_s, std::nullopt);
  EXPECT_NEAR(*of(result, "par").after_per_s, 80, 1e-6);
  EXPECT_EQ(of(result, "fra").after_per_s, std::nullopt);
  EXPECT_NEAR(result.moved, 80.0 / 120, 1e-6);
  EXPECT_EQ(result.passed_limits.size(), 1U) << "Paris is farther";
  EXPECT_THAT(to_text(result), HasSubstr("new"));
  EXPECT_THAT(to_text(result), HasSubstr("gone"));
}

TEST_F(Simulated, WhatIsLearntCountsAndUnknownClustersAreLikeTheOthers) {
  const auto compiled = compile({{"fra", 50.1, 8.7}, {"lon", 51.5, -0.1, 200, 200}});
  control::Learnt learnt = control::parse_learnt(
      "proxima-learnt 1\ncluster fra up 0.5 target 0.02 1.5\ncluster old up 0 none 1 0\n");
  Trial trial(compiled);
  trial.take(learnt, nullptr, kNow);
  EXPECT_TRUE(trial.knows_loads());
  EXPECT_EQ(trial.assume_loads(trial.estimate_use({})), 1U);
  EXPECT_EQ(trial.load_factor(0), 0.02);
  EXPECT_EQ(trial.load_factor(1), 0.01) << "twice the target";
  EXPECT_EQ(trial.max_per_target(0), 1.5);
  // Where the target is now half of what it was when that was learnt, a query fills twice as much.
  Trial smaller(compile({{"fra", 50.1, 8.7, 50, 60}}));
  smaller.take(learnt, compiled.get(), kNow);
  EXPECT_EQ(smaller.load_factor(0), 0.04);
}

TEST_F(Simulated, PatternsThatNameNobodyAreProblems) {
  Trial before = make(compile(kSites), {{"fra", 80}});
  simulate(before, nullptr, {.outages = {"frq"}}, {}, problems_);
  EXPECT_THAT(problems_.to_string(), HasSubstr("no cluster is called 'frq' (did you mean 'fra'?)"));
}

TEST_F(Simulated, QueriesFollowAliasesAndOthersAreCounted) {
  Problems problems;
  const auto read = trial::read_queries(
      "alias.example A 198.51.100.7 3\nns.example A 198.51.100.7\nelse.where A 198.51.100.7 2\n\n"
      "; done\n",
      "list", problems);
  ASSERT_EQ(read.size(), 3U) << problems.to_string();
  Trial trial(compile(kSites));
  EXPECT_EQ(trial.ask(read, 0), 3);
  EXPECT_NEAR(std::accumulate(trial.demand().begin(), trial.demand().end(), 0.0), 3, 1e-9);
  trial.ask(read, 50);
  EXPECT_NEAR(std::accumulate(trial.demand().begin(), trial.demand().end(), 0.0), 50, 1e-9);
}

TEST_F(Simulated, WrongLinesOfAListAreNamed) {
  Problems problems;
  trial::read_queries(
      "www.example A\n# fine\na..b A 192.0.2.1\nwww A 192.0.2.1 0\nwww A x\n"
      "www NOTYPE 192.0.2.1\nwww A 192.0.2.1 nan\nwww A 192.0.2.1 1 2\n",
      "list", problems);
  EXPECT_EQ(problems.error_count(), 7U) << problems.to_string();
  EXPECT_THAT(problems.list()[0].to_string(), HasSubstr("list:1:1: error: a line is NAME TYPE"));
  EXPECT_THAT(problems.list()[1].to_string(), HasSubstr("list:3:1: error: 'a..b'"));
  Problems many;
  std::string text;
  for (int i = 0; i < 1000; ++i) { text += "x\n"; }
  trial::read_queries(text, "list", many);
  EXPECT_EQ(many.error_count(), 20U);
}

TEST_F(Simulated, ADeathThatOverfillsANeighbourIsFound) {
  // Two clusters at 70 % of their targets can't do without one of them.
  const auto compiled = compile({{"fra", 50.1, 8.7}, {"lon", 51.5, -0.1}});
  Problems warned;
  const std::string line = trial::prove_n_minus_1(
      compiled, {.mode = trial::NMinusOne::kWarn, .state_dir = {}, .assumption = {0.7}}, kNow,
      warned);
  EXPECT_THAT(line, HasSubstr("N-1: 0 of 2 clusters can be lost"));
  EXPECT_THAT(line, HasSubstr("were 70 % of all targets in use"));
  EXPECT_FALSE(warned.has_errors());
  ASSERT_EQ(warned.list().size(), 2U) << warned.to_string();
  EXPECT_THAT(warned.to_string(),
              testing::ContainsRegex(
                  "proxima.toml:4:10: warning: if 'fra' dies, 'lon' is at 1(39|40)[.0-9]* "
                  "% of its target, over its max of 120 %"));
  Problems strict;
  trial::prove_n_minus_1(compiled,
                         {.mode = trial::NMinusOne::kStrict, .state_dir = {}, .assumption = {0.7}},
                         kNow, strict);
  EXPECT_EQ(strict.error_count(), 2U);
}

TEST_F(Simulated, RoomForADeathIsProven) {
  const auto compiled =
      compile({{"fra", 50.1, 8.7}, {"lon", 51.5, -0.1}, {"par", 48.9, 2.3}, {"ams", 52.4, 4.9}});
  Problems problems;
  const std::string line = trial::prove_n_minus_1(
      compiled, {.mode = trial::NMinusOne::kStrict, .state_dir = {}, .assumption = {0.2}}, kNow,
      problems);
  EXPECT_EQ(problems.to_string(), "");
  EXPECT_THAT(line, HasSubstr("N-1: 4 of 4 clusters can be lost"));
}

// Two clusters in one building, a near one that can stand for either but not for both.
const std::vector<Site> kMetro = {{"fra", 50.1, 8.7, 100, 120, "metro"},
                                  {"ffm", 50.2, 8.6, 100, 120, "metro"},
                                  {"lon", 51.5, -0.1, 150, 160},
                                  {"syd", -33.9, 151.2, 150, 160}};
const char* const kMetroGroup =
    "[group.metro]\ncapacity.requests_per_s = { target = 120, max = 130 }\n";

TEST_F(Simulated, AGroupsLimitHoldsAndItsOutageIsThatOfItsClusters) {
  Trial before = make(compile(kMetro, kMetroGroup), {{"fra", 180}, {"lon", 20}});
  const auto result = simulate(before, nullptr, {.outages = {"metro"}}, {}, problems_);
  ASSERT_FALSE(problems_.has_errors()) << problems_.to_string();
  EXPECT_NEAR(*of(result, "metro").before_use, 1, 0.02);
  EXPECT_TRUE(of(result, "metro").is_group);
  EXPECT_LT(*of(result, "fra").before_use + *of(result, "ffm").before_use, 1.3) << "of 100 each";
  EXPECT_NEAR(*of(result, "lon").before_per_s, 80, 3) << "what the building has no room for";
  EXPECT_EQ(*of(result, "metro").after_per_s, 0);
  EXPECT_EQ(*of(result, "ffm").after_per_s, 0);
  EXPECT_NEAR(*of(result, "lon").after_use, 1, 0.03);
  EXPECT_NEAR(*of(result, "syd").after_per_s, 50, 5);
  EXPECT_THAT(trial::to_json(result), HasSubstr(R"("id":"metro","kind":"group")"));
}

TEST_F(Simulated, ADeathOfAGroupIsProvenToo) {
  Problems problems;
  const std::string line = trial::prove_n_minus_1(
      compile(kMetro, kMetroGroup),
      {.mode = trial::NMinusOne::kStrict, .state_dir = {}, .assumption = {0.15}}, kNow, problems);
  EXPECT_THAT(line, HasSubstr("N-1: 4 of 4 clusters can be lost, 1 of 1 groups"));
  EXPECT_EQ(problems.to_string(), "");
  Problems full;
  EXPECT_THAT(
      trial::prove_n_minus_1(
          compile(kMetro, kMetroGroup),
          {.mode = trial::NMinusOne::kStrict, .state_dir = {}, .assumption = {0.9}}, kNow, full),
      HasSubstr("0 of 1 groups"));
  EXPECT_THAT(full.to_string(), HasSubstr("if 'metro' dies, '"));
}

TEST_F(Simulated, AHeavyServiceTakesMoreRoom) {
  const char* const heavy =
      "[service.video]\nload = 4\n[[route]]\nname = 'video.cdn.example.'\n"
      "service = 'video'\n";
  Trial before = make(compile(kSites, heavy), {{"fra", 50}});
  std::string text = "video.cdn.example A " + prefix_of("fra") + " 20\nwww.cdn.example A " +
                     prefix_of("fra") + " 40\n";
  before.ask(trial::read_queries(text, "list", problems_), 60);
  const auto result = simulate(before, nullptr, {}, {}, problems_);
  EXPECT_NEAR(*of(result, "fra").before_use, 1, 0.02) << "of 4 x 20 + 40";
  EXPECT_NEAR(*of(result, "lon").before_use, 0.2, 0.02);
  EXPECT_NEAR(result.before.total_per_s, 60, 1e-6) << "queries are queries";
}

TEST_F(Simulated, WithoutLoadsNothingIsClaimed) {
  const auto compiled = compile({{"fra", 50.1, 8.7, 0}, {"lon", 51.5, -0.1, 0}});
  Problems problems;
  EXPECT_EQ(trial::prove_n_minus_1(compiled, {}, kNow, problems), "");
  EXPECT_TRUE(problems.list().empty());
  trial::prove_n_minus_1(compiled,
                         {.mode = trial::NMinusOne::kStrict, .state_dir = {}, .assumption = {}},
                         kNow, problems);
  EXPECT_EQ(problems.error_count(), 1U) << "strict is no promise that can't be kept";
}

TEST_F(Simulated, OneClusterAloneStrandsItsClients) {
  const auto compiled = compile({{"fra", 50.1, 8.7}, {"lon", 51.5, -0.1}},
                                "[[override]]\ncountry = 'DE'\nban = ['lon']\n[[override]]\n"
                                "prefix = '203.0.113.0/24'\nset_country = 'DE'\n");
  Problems problems;
  trial::prove_n_minus_1(compiled,
                         {.mode = trial::NMinusOne::kWarn, .state_dir = {}, .assumption = {0.1}},
                         kNow, problems);
  EXPECT_THAT(problems.to_string(), HasSubstr("if 'fra' dies, nobody takes "));
  EXPECT_THAT(problems.to_string(), Not(HasSubstr("if 'lon' dies")));
}

}  // namespace
