// From a heartbeat's RTT samples to other answers: inbox, estimator, planner, explain, restart.
#include "gslb/control/learning.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "gslb/answer/explain.h"

#include "tests/support/folder.h"
#include "tests/support/world.h"

namespace {

using namespace gslb;

class Learning : public testing::Test {
 protected:
  static fleet::Report report(const std::string& cluster, std::uint32_t rtt_us,
                              const std::string& client = "198.51.100.0/24") {
    fleet::Report report;
    report.cluster = cluster;
    report.rtt = {{Prefix::parse(client).value(), rtt_us, 50}};
    return report;
  }
  void learn_all(control::SampleInbox& inbox) {
    control::learn(*world_.epoch, inbox.take(), world_.now().wall);
    world_.plan();
  }
  answer::Explanation explain(const std::string& client) {
    answer::ExplainRequest request;
    request.name = dns::Name::parse("www.cdn.example").value();
    request.client = Address::parse(client).value();
    return answer::explain(*world_.snapshot, world_.epoch->costs, world_.summary.price_ms, request);
  }
  static const answer::ExplainedCluster& of(const answer::Explanation& explanation,
                                            const std::string& id) {
    for (const auto& each : explanation.clusters) {
      if (each.id == id) { return each; }
    }
    throw std::runtime_error(id);
  }
  tests::World world_ = tests::make_world();
  control::SampleInbox inbox_;
};

TEST_F(Learning, AnswersFollowWhatWasMeasured) {
  const auto before = explain("198.51.100.9");
  ASSERT_FALSE(before.clusters.empty());
  ASSERT_EQ(before.cluster, "fra");
  EXPECT_EQ(of(before, "fra").cost.rtt.source, measure::RttSource::kDistance);
  EXPECT_EQ(of(before, "fra").cost.caution_ms, 0);
  inbox_.add(*world_.epoch->compiled, report("fra", 95'000), world_.now().wall);
  inbox_.add(*world_.epoch->compiled, report("lon", 14'000), world_.now().wall);
  learn_all(inbox_);
  const auto after = explain("198.51.100.9");
  EXPECT_EQ(after.cluster, "lon");
  EXPECT_EQ(of(after, "fra").cost.rtt.source, measure::RttSource::kMeasured);
  EXPECT_NEAR(of(after, "fra").cost.rtt.mean_ms, 95, 5);
  EXPECT_EQ(of(after, "nyc").cost.rtt.source, measure::RttSource::kUnit);
  EXPECT_GT(of(after, "nyc").cost.caution_ms, 0);
  EXPECT_LT(of(after, "nyc").cost.tier_ms + 1, 25'000) << "no RTT makes up for a tier";
}

TEST_F(Learning, WithoutSamplesNothingChanges) {
  learn_all(inbox_);
  EXPECT_EQ(world_.snapshot->estimates, nullptr);
  EXPECT_EQ(world_.epoch->planner.estimates(), nullptr);
}

TEST_F(Learning, SamplesOfUnknownClustersAndFloodsAreLostAndCounted) {
  inbox_.add(*world_.epoch->compiled, report("nowhere", 5'000), world_.now().wall);
  EXPECT_EQ(inbox_.lost(), 1U);
  for (std::size_t i = 0; i < control::SampleInbox::kMost + 5; ++i) {
    inbox_.add(*world_.epoch->compiled, report("fra", 5'000), world_.now().wall);
  }
  EXPECT_EQ(inbox_.lost(), 6U);
  EXPECT_EQ(inbox_.take().size(), control::SampleInbox::kMost);
  EXPECT_TRUE(inbox_.take().empty());
}

TEST_F(Learning, ANewEpochInheritsWhatTheOldOneLearnt) {
  inbox_.add(*world_.epoch->compiled, report("fra", 95'000), world_.now().wall);
  learn_all(inbox_);
  control::Epoch next(world_.epoch->compiled, 1, world_.now().mono);
  next.inherit(*world_.epoch);
  EXPECT_EQ(next.estimator.write(), world_.epoch->estimator.write());
  EXPECT_EQ(next.estimator.figures().taken, 1U);
}

TEST_F(Learning, ARestartKeepsIt) {
  inbox_.add(*world_.epoch->compiled, report("fra", 95'000), world_.now().wall);
  learn_all(inbox_);
  const tests::Folder folder;
  const std::string path = folder / "learnt.rtt";
  control::save_rtt(*world_.epoch, path);
  control::Epoch next(world_.epoch->compiled, 1, world_.now().mono);
  control::restore_rtt(next, path);
  std::filesystem::remove(path);
  EXPECT_EQ(next.estimator.write(), world_.epoch->estimator.write());
  control::restore_rtt(next, path);  // a first start: no file, no harm
}

TEST_F(Learning, ClientsToWhomAClusterLosesMuchGoElsewhereAndOnlyThey) {
  ASSERT_EQ(explain("198.51.100.9").cluster, "fra");
  const std::string other = explain("192.0.2.9").cluster;
  fleet::Report broken = report("fra", 9'000);
  broken.rtt[0].sent = 1000;
  broken.rtt[0].retransmitted = 400;
  broken.rtt.push_back(
      {.client = Prefix::parse("192.0.2.0/24").value(), .rtt_us = 90'000, .count = 9});
  broken.rtt[1].sent = 1000;
  inbox_.add(*world_.epoch->compiled, broken, world_.now().wall);
  learn_all(inbox_);
  const auto after = explain("198.51.100.9");
  EXPECT_NE(after.cluster, "fra");
  EXPECT_EQ(of(after, "fra").cost.trouble_ms, measure::kTroubleMs);
  EXPECT_EQ(of(after, "lon").cost.trouble_ms, 0);
  EXPECT_EQ(explain("192.0.2.9").cluster, other);
  for (int i = 0; i < 20; ++i) {
    world_.advance(std::chrono::minutes(1));
    learn_all(inbox_);
  }
  EXPECT_EQ(explain("198.51.100.9").cluster, "fra") << "it is tried again";
}

TEST_F(Learning, WhatCachesDoCountsOnceAPlan) {
  fleet::Report said = report("fra", 9'000);
  said.cache = {400, 300};
  inbox_.add(*world_.epoch->compiled, said, world_.now().wall);
  said.cache = {600, 100};
  inbox_.add(*world_.epoch->compiled, said, world_.now().wall);
  learn_all(inbox_);
  EXPECT_EQ(of(explain("198.51.100.9"), "fra").cost.hit_ratio, 0.4);
  EXPECT_FALSE(of(explain("198.51.100.9"), "lon").cost.is_hit_ratio_measured);
}

// A node that says 0.1 ms for everybody must not attract the world.
TEST_F(Learning, ALyingNodeMovesNobody) {
  for (const char* client :
       {"198.51.100.0/24", "192.0.2.0/24", "198.51.104.0/24", "2001:db8:e000::/48"}) {
    inbox_.add(*world_.epoch->compiled, report("syd", 100, client), world_.now().wall);
  }
  learn_all(inbox_);
  EXPECT_TRUE(world_.snapshot->estimates->facts().distrusted[world_.cluster("syd")]);
  EXPECT_EQ(explain("198.51.100.9").cluster, "fra");
}

}  // namespace
