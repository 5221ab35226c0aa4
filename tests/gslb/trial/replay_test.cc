// A recording's plans made again: in this process and, in tests/e2e/try_test.py, in another.
#include "gslb/trial/replay.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gslb/base/file.h"
#include "gslb/base/hash.h"
#include "gslb/control/learnt.h"
#include "gslb/control/recorder.h"

#include "tests/support/folder.h"
#include "tests/support/world.h"

namespace {

using namespace gslb;
using testing::HasSubstr;

constexpr const char* kTables = R"(
[record]
folder = "recordings"
files = 2
[admin]
token = "operators-only-0123456789"
[[route]]
name = "*.probe.example."
service = "web"
beacon = true
[[key]]
name = "transfer."
secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
[[key]]
secret_file = "tsig.key"
[[remote]]
id = "ns2"
address = "192.0.2.53"
key = "named-in-its-file."
[group.europe]
[group.north]
group = "europe"
)";

// The configuration of the worlds, with some clusters in groups.
std::string grouped_world() {
  std::string text = tests::kWorldConfig;
  for (const auto& [id, group] : {std::pair("fra", "north"), {"lon", "north"}, {"isp", "europe"}}) {
    const std::string head = std::string("[cluster.") + id + "]\n";
    text.insert(text.find(head) + head.size(), std::string("group = '") + group + "'\n");
  }
  return text;
}

// The configuration of the worlds, on disk, with plans of made-up demand, RTT and health.
class Recorded : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "proxima.toml") << grouped_world() << kTables;
    std::ofstream(folder_ / "tsig.key") << "key \"named-in-its-file.\" { algorithm hmac-sha256; "
                                           "secret \"b3RoZXItc2VjcmV0LW90aGVy\"; };\n";
    std::ofstream(folder_ / "example.zone") << tests::kWorldZone;
    std::ofstream(folder_ / "other.zone") << tests::kOtherZone;
    begin();
  }

  void begin() {
    Problems problems;
    compiled_ = control::compile(folder_ / "proxima.toml", problems);
    ASSERT_NE(compiled_, nullptr) << problems.to_string();
    epoch_ = std::make_unique<control::Epoch>(compiled_, 3, clock_.mono());
    recorder_.begin(*epoch_, clock_.wall());
  }
  void begin_anew() {
    auto next = std::make_unique<control::Epoch>(compiled_, 3, clock_.mono());
    next->inherit(*epoch_);
    epoch_ = std::move(next);
    recorder_.begin(*epoch_, clock_.wall());
  }
  std::uint64_t random(std::uint64_t below) { return mix64(++seed_) % below; }

  // Now and then what breaks a way.
  measure::PathCount some_path() {
    return {.sent = 500,
            .retransmitted = static_cast<double>(random(10) == 0 ? 400 : random(9)),
            .bits_per_s = static_cast<double>(random(2) * 1'000'001)};
  }

  void step() {
    clock_.advance(seconds(1 + random(20)));
    const std::size_t units = compiled_->geo->units().size();
    const std::size_t clusters = compiled_->fleet->clusters().size();
    control::PlanInputs inputs{.mono = clock_.mono(),
                               .wall = clock_.wall(),
                               .learns = random(5) > 0,
                               .samples = {},
                               .joins = {},
                               .clusters = {}};
    for (std::size_t i = 0; i < 40; ++i) {
      epoch_->demand->count(static_cast<unsigned>(random(3)), 0,
                            static_cast<geo::UnitIndex>(random(units + 4)),  // some resolvers'
                            static_cast<std::uint32_t>(random(500)));
      inputs.joins.push_back(
          {.resolver = {Address::v4(0xc0000200 + (static_cast<std::uint32_t>(random(6)) << 8)), 24},
           .home = static_cast<geo::UnitIndex>(random(units)),
           .client = static_cast<geo::UnitIndex>(random(units)),
           .at = clock_.wall()});
      inputs.samples.push_back({{.unit = static_cast<geo::UnitIndex>(random(units)),
                                 .cluster = static_cast<fleet::ClusterIndex>(random(clusters)),
                                 .rtt_ms = 10 + static_cast<double>(random(100'000)) / 1e3,
                                 .count = static_cast<std::uint32_t>(1 + random(9)),
                                 .path = some_path(),
                                 .requests = {30, static_cast<float>(random(12))}},
                                clock_.wall()});
    }
    if (random(3) > 0) {
      inputs.use = {{{0, 50 + static_cast<double>(random(1000)) / 7, 1e6 / 3}},
                    static_cast<double>(random(1000)) / 1e3};
    }
    inputs.samples.push_back(
        {.sample = {.cluster = 1}, .at = clock_.wall(), .cache = {{300, 100}}});
    for (std::size_t i = 0; i < epoch_->compiled->fleet->holder_count(); ++i) {
      inputs.clusters.push_back({.serving = random(8) > 0,
                                 .utilisation = static_cast<double>(random(1300)) / 1e3,
                                 .has_capacity = true});
    }
    recorder_.add(*epoch_, inputs, control::plan_step(*epoch_, inputs));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "recordings")) {
      found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string newest() const { return read_file(files().back()).value(); }
  static trial::Replay again(const std::string& text) {
    Problems problems;
    const trial::Replay done = trial::replay(text, "file", problems);
    EXPECT_FALSE(problems.has_errors()) << problems.to_string();
    return done;
  }

  // Tests run side by side.
  const tests::Folder folder_;
  FakeClock clock_;
  std::uint64_t seed_ = 7;
  std::shared_ptr<const control::Compiled> compiled_;
  std::unique_ptr<control::Epoch> epoch_;
  control::Recorder recorder_;
};

TEST_F(Recorded, PlansMadeAgainAreTheSame) {
  for (int i = 0; i < 30; ++i) { step(); }
  const trial::Replay done = again(newest());
  EXPECT_EQ(done.difference, "");
  EXPECT_EQ(done.plans, 30U);
  EXPECT_FALSE(done.is_cut_off);
}

// What was learnt before (a restart, a reload) stands in the recording, to the last bit.
TEST_F(Recorded, ARecordingThatBeginsLateIsWhole) {
  for (int i = 0; i < 12; ++i) { step(); }
  begin_anew();
  for (int i = 0; i < 12; ++i) { step(); }
  const trial::Replay done = again(newest());
  EXPECT_EQ(done.difference, "");
  EXPECT_EQ(done.plans, 12U);
}

TEST_F(Recorded, TheFirstDifferenceIsNamed) {
  for (int i = 0; i < 3; ++i) { step(); }
  const std::string text = newest();
  const auto changed = [&](const char* line, std::size_t from, std::size_t digit) {
    std::string other = text;
    char& at = other[other.find('\n' + std::string(line) + ' ', from) + digit];
    at = at == '0' ? '1' : '0';
    return again(other).difference;
  };
  const std::size_t second = text.find("\nplan 2 ");
  EXPECT_EQ(changed("made", second, 6), "plan 2: the demand differs");
  EXPECT_EQ(changed("made", second, 23), "plan 2: the estimates of round-trip times differ");
  EXPECT_EQ(changed("made", second, 40), "plan 2: the prices of clusters differ");
  EXPECT_EQ(changed("made", second, 57), "plan 2: the planned loads of clusters differ");
  EXPECT_EQ(changed("map", second, 5), "plan 2: the answer map of service 'web' differs");
  EXPECT_EQ(changed("asked", 0, 9), "plan 1: the demand differs");
}

TEST_F(Recorded, SecretsAreBlankedAndNotNeeded) {
  step();
  const std::string text = newest();
  std::filesystem::remove(folder_ / "tsig.key");
  EXPECT_EQ(text.find("operators-only"), std::string::npos);
  EXPECT_EQ(text.find("c2VjcmV0"), std::string::npos);
  EXPECT_EQ(again(text).plans, 1U);
}

TEST_F(Recorded, FilesAreBoundedInNumberAndSize) {
  for (int i = 0; i < 4; ++i) { begin(); }
  EXPECT_EQ(files().size(), 2U);
  std::ofstream(folder_ / "proxima.toml", std::ios::app) << "[record]\n";
  Problems problems;
  EXPECT_EQ(control::compile(folder_ / "proxima.toml", problems), nullptr) << "twice is an error";
  const std::string small =
      std::string(kTables).replace(std::string(kTables).find("files = 2"), 9, "max_size = '1MiB'");
  std::ofstream(folder_ / "proxima.toml") << tests::kWorldConfig << small;
  begin();
  for (int i = 0; i < 1200 && !recorder_.is_full(); ++i) { step(); }
  ASSERT_TRUE(recorder_.is_full());
  const std::string first = newest();
  EXPECT_LE(first.size(), std::size_t{1} << 20);
  const trial::Replay done = again(first);
  EXPECT_EQ(done.difference, "");
  EXPECT_FALSE(done.is_cut_off) << "what doesn't fit is not begun";
  EXPECT_LT(done.plans, 1200U);
  const std::size_t count = files().size();
  step();
  EXPECT_EQ(newest(), first) << "nothing more until it begins anew";

  // As the supervisor does.  The file on disk may be another by now.
  std::ofstream(folder_ / "proxima.toml") << "being edited";
  begin_anew();
  for (int i = 0; i < 20; ++i) { step(); }
  EXPECT_EQ(files().size(), count + 1);
  EXPECT_EQ(again(newest()).difference, "");
  EXPECT_EQ(again(newest()).plans, 20U);
}

TEST_F(Recorded, PlansOfAnEpochThatWasReplacedAreLeftOut) {
  step();
  auto old = std::move(epoch_);
  begin();
  const control::PlanInputs inputs{
      .mono = clock_.mono(),
      .wall = clock_.wall(),
      .learns = true,
      .samples = {},
      .joins = {},
      .clusters = std::vector<steer::ClusterInput>(compiled_->fleet->holder_count())};
  recorder_.add(*old, inputs, control::plan_step(*old, inputs));
  step();
  EXPECT_EQ(again(newest()).plans, 1U);
}

TEST_F(Recorded, DamagedFilesAreRefusedWithoutHarm) {
  for (int i = 0; i < 2; ++i) { step(); }
  const std::string text = newest();
  Problems problems;
  EXPECT_EQ(trial::replay("", "empty", problems).plans, 0U);
  EXPECT_THAT(problems.to_string(), HasSubstr("empty:1: error: this is no recording"));
  for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / 300) {
    trial::replay(std::string_view(text).substr(0, size), "cut", problems);
  }
  EXPECT_TRUE(again(text.substr(0, text.size() - 10)).is_cut_off);
  for (int i = 0; i < 300; ++i) {
    std::string other = text;
    other[random(other.size())] = static_cast<char>(random(256));
    trial::replay(other, "changed", problems);
  }
}

TEST(Learnt, TextReadsBackTheSame) {
  tests::World world = tests::make_world();
  for (int i = 0; i < 9; ++i) { world.epoch->demand->count(0, 0, 2, 7); }
  world.advance(seconds(40));
  world.epoch->planner.set_load_factor(1, 0.1 + 0.2);
  control::Learnt learnt = learnt_of(*world.epoch, control::fleet_view(*world.fleet));
  learnt.rtt = world.epoch->estimator.write();
  const std::string text = write_learnt(learnt);
  const control::Learnt read = control::parse_learnt(text);
  EXPECT_EQ(read.useless_lines, 0U);
  EXPECT_EQ(read.clusters.size(), 5U);
  ASSERT_EQ(read.demand.size(), 1U);
  EXPECT_EQ(write_learnt(read), text);
  control::Epoch next(world.epoch->compiled, 1, world.now().mono);
  apply_learnt(read, next);
  EXPECT_EQ(next.ledger.queries_per_s(0, 2), world.epoch->ledger.queries_per_s(0, 2));
  EXPECT_EQ(next.planner.load_factor(1), 0.1 + 0.2);
}

TEST(Learnt, WhatIsOfNoUseIsCountedAndLeftOut) {
  EXPECT_EQ(control::parse_learnt("something").useless_lines, 1U);
  const control::Learnt read = control::parse_learnt(
      "proxima-learnt 1\ncluster fra up nan target 1 1\ncluster fra up 1 target 1\n"
      "cluster syd down 0 none 0 1.5\ndemand web zz 1\ndemand web 0f -1\ndemand web 0f 2\nwhat\n");
  EXPECT_EQ(read.useless_lines, 5U);
  ASSERT_EQ(read.clusters.size(), 1U);
  EXPECT_FALSE(read.clusters[0].input.serving);
  EXPECT_EQ(read.clusters[0].max_per_target, 1.5);
  ASSERT_EQ(read.demand.size(), 1U);
  EXPECT_EQ(read.demand[0].unit_id, 15U);
}

}  // namespace
