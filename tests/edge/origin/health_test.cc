#include "edge/origin/health.h"

#include <gtest/gtest.h>

namespace edge::origin {
namespace {

using State = ServerHealth::State;
using gslb::milliseconds;

constexpr gslb::MonoTime kStart{std::chrono::hours(1)};
const EjectionRules kRules{2, milliseconds(100), milliseconds(350)};

TEST(ServerHealth, IsEjectedByFailuresInARowOnly) {
  ServerHealth health;
  health.fail(kStart, kRules);
  health.succeed();
  health.fail(kStart, kRules);
  EXPECT_EQ(health.state(kStart), State::kUp);
  health.fail(kStart, kRules);
  EXPECT_EQ(health.state(kStart), State::kEjected);
  EXPECT_EQ(health.state(kStart + milliseconds(99)), State::kEjected);
}

TEST(ServerHealth, IsTriedByOneRequestAtATime) {
  ServerHealth health;
  for (int i = 0; i < 2; ++i) { health.fail(kStart, kRules); }
  const auto later = kStart + milliseconds(100);
  EXPECT_EQ(health.state(later), State::kTrial);
  health.ask(later);
  EXPECT_EQ(health.state(later), State::kEjected) << "the next one goes elsewhere";
  health.succeed();
  EXPECT_EQ(health.state(later), State::kUp);
}

TEST(ServerHealth, IsLeftAloneTwiceAsLongEachTimeUpToABound) {
  ServerHealth health;
  for (int i = 0; i < 2; ++i) { health.fail(kStart, kRules); }
  auto now = kStart + milliseconds(100);
  for (const int length : {200, 350, 350}) {
    health.ask(now);
    health.fail(now, kRules);
    EXPECT_EQ(health.state(now + milliseconds(length - 1)), State::kEjected) << length;
    EXPECT_EQ(health.state(now + milliseconds(length)), State::kTrial) << length;
    now += milliseconds(length);
  }
  health.ask(now);
  health.succeed();
  for (int i = 0; i < 2; ++i) { health.fail(now, kRules); }
  EXPECT_EQ(health.state(now + milliseconds(100)), State::kTrial) << "from the beginning again";
}

TEST(ServerHealth, WhatWasUnderWayWhenItWasEjectedDoesNotProlongIt) {
  ServerHealth health;
  for (int i = 0; i < 20; ++i) { health.fail(kStart + milliseconds(i), kRules); }
  EXPECT_EQ(health.state(kStart + milliseconds(101)), State::kTrial);
}

TEST(ServerHealth, ATrialThatNeverEndsIsFollowedByAnother) {
  ServerHealth health;
  for (int i = 0; i < 2; ++i) { health.fail(kStart, kRules); }
  health.ask(kStart + milliseconds(100));
  EXPECT_EQ(health.state(kStart + std::chrono::minutes(1)), State::kTrial);
}

TEST(ServerHealth, NeverEjectsWhereTheRulesSayNever) {
  ServerHealth health;
  for (int i = 0; i < 100; ++i) { health.fail(kStart, {0, milliseconds(1), milliseconds(1)}); }
  EXPECT_EQ(health.state(kStart), State::kUp);
}

TEST(ServerHealth, ChecksTakeItAwayAndBringItBackByTheirThresholds) {
  ServerHealth health;
  const CheckRules rules{2, 3};
  EXPECT_FALSE(health.check(false, rules));
  EXPECT_FALSE(health.check(false, rules));
  EXPECT_FALSE(health.check(true, rules)) << "the row begins anew";
  for (int i = 0; i < 2; ++i) { EXPECT_FALSE(health.check(false, rules)); }
  EXPECT_TRUE(health.check(false, rules));
  EXPECT_EQ(health.state(kStart), State::kDown);
  health.succeed();
  EXPECT_EQ(health.state(kStart), State::kDown) << "a request that was tried anyway is no check";
  EXPECT_FALSE(health.check(true, rules));
  EXPECT_TRUE(health.check(true, rules));
  EXPECT_EQ(health.state(kStart), State::kUp);
}

}  // namespace
}  // namespace edge::origin
