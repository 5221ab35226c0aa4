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
