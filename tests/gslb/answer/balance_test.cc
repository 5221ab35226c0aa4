// No node of a cluster gets much more than its share: names and clients by Zipf's law, caches that
// keep answers for a TTL, loads as the nodes report them.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gslb/answer/nodes.h"
#include "gslb/base/hash.h"

#include "tests/gslb/fleet/fleet_fixture.h"

namespace gslb::answer {
namespace {

using std::chrono::minutes;

constexpr seconds kTtl{60};
constexpr seconds kStep{5};
constexpr int kPhases = kTtl / kStep;

struct Shape {
  std::size_t nodes = 4;
  std::size_t names = 20;
  std::size_t leaves = 400;
  double name_zipf = 1;
  unsigned seed = 1;
};

std::vector<double> zipf(std::size_t count, double exponent) {
  std::vector<double> shares(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    shares[i] = std::pow(static_cast<double>(i + 1), -exponent);
    sum += shares[i];
  }
  for (double& share : shares) { share /= sum; }
  return shares;
}

config::Config config_of(const Shape& shape, std::mt19937& random) {
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < shape.nodes; ++n) { ids.push_back("node-" + std::to_string(n)); }
  config::Config config = fleet::make_config({{"fra", ids}});
  for (config::Node& node : config.clusters[0].nodes) {
    node.ipv4 = *Address::parse("192.0.2.1");
    node.weight = std::uniform_real_distribution<double>(1, 4)(random);
  }
  return config;
}

// One cluster and all who ask for its names.
class Crowd {
 public:
  explicit Crowd(const Shape& shape)
      : random_(shape.seed),
        config_(config_of(shape, random_)),
        fleet_(config_),
        names_(zipf(shape.names, shape.name_zipf)),
        leaves_(zipf(shape.leaves, 0.5)),
        cached_(shape.names * shape.leaves) {
    fleet_.beat_all();
    for (std::size_t i = 0; i < cached_.size(); ++i) {
      phase_.push_back(static_cast<int>(random_() % kPhases));
      refresh(i);
    }
  }

  void run(seconds time) {
    for (seconds passed{0}; passed < time; passed += kStep) { step(); }
  }
  // Largest load over its share by weight, of the nodes that beat.
  double worst() const {
    const std::vector<double> loads = node_loads();
    double weights = 0;
    for (std::size_t n = 0; n < loads.size(); ++n) { weights += silent_ == n ? 0 : weight(n); }
    double most = 0;
    for (std::size_t n = 0; n < loads.size(); ++n) {
      if (silent_ != n) { most = std::max(most, loads[n] * weights / weight(n)); }
    }
    return most;
  }
  // Of the requests, those whose node is another than `before` said.
  double moved(const std::vector<std::uint8_t>& before) const {
    double sum = 0;
    for (std::size_t i = 0; i < cached_.size(); ++i) {
      sum += cached_[i] != before[i] ? part(i) : 0;
    }
    return sum;
  }
  // Of the names, those that more than one node is asked for by more than a hundredth of clients.
  double divided_names() const {
    std::size_t divided = 0;
    for (std::size_t name = 0; name < names_.size(); ++name) {
      std::vector<double> by_node(config_.clusters[0].nodes.size(), 0);
      for (std::size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
        by_node[cached_[name * leaves_.size() + leaf]] += leaves_[leaf];
      }
      divided += std::ranges::count_if(by_node, [](double part) { return part > 0.01; }) > 1;
    }
    return static_cast<double>(divided) / static_cast<double>(names_.size());
  }
  const std::vector<std::uint8_t>& answers() const { return cached_; }
  void silence(std::size_t node) { silent_ = node; }
  void wake() { silent_ = kNobody; }
  fleet::Fleet& fleet() { return fleet_; }

 private:
  static constexpr std::size_t kNobody = 64;

  double weight(std::size_t node) const { return config_.clusters[0].nodes[node].weight; }
  double part(std::size_t i) const {
    return names_[i / leaves_.size()] * leaves_[i % leaves_.size()];
  }
  std::vector<double> node_loads() const {
    std::vector<double> loads(config_.clusters[0].nodes.size(), 0);
    for (std::size_t i = 0; i < cached_.size(); ++i) { loads[cached_[i]] += part(i); }
    return loads;
  }
  void refresh(std::size_t i) {
    const auto& board = *fleet_.state().board();
    const NodeRequest request{.serving = board.serving_nodes(0),
                              .name_hash = mix64(i / leaves_.size() + 1),
                              .leaf_hash = mix64(1'000'000 + i % leaves_.size())};
    const NodeChoice choice =
        select_nodes(fleet_.state().model().cluster(0), request, board.yields(0));
    if (choice.count > 0) { cached_[i] = choice.nodes[0]; }
  }
  void step() {
    const std::vector<double> loads = node_loads();
    for (std::size_t n = 0; n < loads.size(); ++n) {
      if (n == silent_) { continue; }
      fleet::Report report = fleet_.report("fra/node-" + std::to_string(n));
      report.interval_ms = 5000;
      report.load = {{"requests_per_s", 1000 * loads[n], 0, 0}};
      ASSERT_EQ(fleet_.state().apply_heartbeat(report, fleet_.now()),
                fleet::HeartbeatVerdict::kAccepted);
    }
    if (steps_ % 3 == 0) { fleet_.state().balance(fleet_.now().mono, kTtl); }
    for (std::size_t i = 0; i < cached_.size(); ++i) {
      if (phase_[i] == steps_ % kPhases) { refresh(i); }
    }
    ++steps_;
    fleet_.advance_and_tick(kStep);
  }

  std::mt19937 random_;
  config::Config config_;
  fleet::Fleet fleet_;
  std::vector<double> names_;
  std::vector<double> leaves_;
  std::vector<std::uint8_t> cached_;  // by name, leaf: the node that is asked
  std::vector<int> phase_;
  std::size_t silent_ = kNobody;
  int steps_ = 0;
};

constexpr double kPromised = 1.25;

TEST(Balance, NoNodeGetsMoreThanItsPartWhateverTheNames) {
  for (const Shape& shape :
       {Shape{.nodes = 2, .names = 1}, Shape{.nodes = 3, .names = 5, .seed = 2},
        Shape{.nodes = 4, .names = 30, .seed = 3}, Shape{.nodes = 8, .names = 50, .seed = 4},
        Shape{.nodes = 16, .names = 1, .leaves = 3000, .seed = 5},
        Shape{.nodes = 5, .names = 12, .name_zipf = 0, .seed = 6},
        Shape{.nodes = 3, .names = 50, .name_zipf = 2, .seed = 7}}) {
    SCOPED_TRACE(std::to_string(shape.nodes) + " nodes, " + std::to_string(shape.names) +
                 " names, seed " + std::to_string(shape.seed));
    Crowd crowd(shape);
    crowd.run(minutes(45));
    EXPECT_LE(crowd.worst(), kPromised);
    // Found, it stays: nothing swings.
    const std::vector<std::uint8_t> before = crowd.answers();
    crowd.run(minutes(30));
    EXPECT_LE(crowd.worst(), kPromised);
    EXPECT_LE(crowd.moved(before), 0.01);
  }
}

TEST(Balance, FewNamesAreDividedForIt) {
  Crowd crowd({.nodes = 6, .names = 100, .leaves = 200, .name_zipf = 0.7, .seed = 11});
  const std::vector<std::uint8_t> before = crowd.answers();
  const double unbalanced = crowd.worst();
  crowd.run(minutes(45));
  ASSERT_GT(unbalanced, kPromised) << "nothing was to be done";
  EXPECT_LE(crowd.worst(), kPromised);
  EXPECT_LE(crowd.divided_names(), 0.4);
  EXPECT_LE(crowd.moved(before), 0.3);
}

TEST(Balance, ANodeThatDiesAndReturnsLeavesTheOthersBalanced) {
  Crowd crowd({.nodes = 4, .names = 20, .seed = 21});
  crowd.run(minutes(30));
  crowd.silence(0);
  crowd.run(minutes(45));
  EXPECT_LE(crowd.worst(), kPromised);
  crowd.wake();
  crowd.run(minutes(45));
  EXPECT_LE(crowd.worst(), kPromised);
}

// One name and one client, the whole load: no node can have less.
TEST(Balance, WhatCannotBeDividedDoesNotSwing) {
  Crowd crowd({.nodes = 3, .names = 1, .leaves = 1});
  crowd.run(minutes(30));
  const std::vector<std::uint8_t> before = crowd.answers();
  for (int i = 0; i < 60; ++i) {
    crowd.run(seconds(60));
    ASSERT_EQ(crowd.answers(), before);
  }
}

TEST(Balance, AYieldIsKeptByAReloadAndByARestart) {
  Crowd crowd({.nodes = 2, .names = 1});
  crowd.run(minutes(30));
  fleet::FleetState& state = crowd.fleet().state();
  const auto yields = [&](const fleet::FleetState& of) {
    std::vector<double> all;
    const auto clusters = of.status(crowd.fleet().now().mono);
    for (const auto& node : clusters[0].nodes) { all.push_back(node.yield); }
    return all;
  };
  ASSERT_GT(yields(state)[0] + yields(state)[1], 0.01);
  fleet::FleetState next(state.shared_model(), crowd.fleet().now());
  next.adopt(state, crowd.fleet().now());
  EXPECT_EQ(yields(next), yields(state));
  EXPECT_FALSE(next.board()->yields(0).none());
  fleet::FleetState restarted(state.shared_model(), crowd.fleet().now());
  Problems problems;
  restarted.restore_state(state.save_state(crowd.fleet().now().wall), crowd.fleet().now(),
                          problems);
  EXPECT_EQ(yields(restarted), yields(state));
  EXPECT_FALSE(restarted.board()->yields(0).none());
}

}  // namespace
}  // namespace gslb::answer
