#include "edge/cache/eviction.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "edge/cache/eviction_shards.h"
#include "gslb/base/hash.h"
#include "gslb/base/random.h"

namespace edge::cache {
namespace {

TEST(AgeStep, GrowsWithTheAgeAndStaysInTheTable) {
  EXPECT_EQ(age_step(0), 0U);
  EXPECT_EQ(age_step(15), 0U);
  EXPECT_EQ(age_step(16), 1U);
  EXPECT_EQ(age_step(23), 1U);
  EXPECT_EQ(age_step(24), 2U);
  EXPECT_EQ(age_step(32), 3U);
  EXPECT_EQ(age_step(0xffffffff), kAgeSteps - 1);
  std::size_t before = 0;
  for (Tick age = 1; age < 0x80000000; age += 1 + age / 16) {
    ASSERT_GE(age_step(age), before);
    before = age_step(age);
  }
}

TEST(CountClass, CoversEveryCount) {
  EXPECT_EQ(count_class(1), 0U);
  EXPECT_EQ(count_class(3), 2U);
  EXPECT_EQ(count_class(4), 3U);
  EXPECT_EQ(count_class(5), 3U);
  EXPECT_EQ(count_class(255), kCountClasses - 1);
  EXPECT_EQ(count_class(0xffffffff), kCountClasses - 1);
}

TEST(ReuseRates, FallWithAgeWhereNothingIsKnown) {
  const ReuseRates rates;
  for (std::size_t age = 1; age < kAgeSteps; ++age) {
    ASSERT_LE(rates.rate(0, age), rates.rate(0, age - 1)) << age;
    ASSERT_GT(rates.rate(0, age), 0);
  }
}

TEST(ReuseRates, AreRequestsOverTheTimeWaited) {
  ReuseRates rates;
  ReuseSurvey survey;
  // Of ten thousand that were asked for once half come again about 1,000 requests later; what was
  // asked for thrice comes twenty times as fast.
  survey.requests[0][age_step(1000)] = 5000;
  survey.lost[0][age_step(100'000)] = 5000;
  survey.requests[2][age_step(50)] = 5000;
  rates.learn(survey);
  EXPECT_GT(rates.rate(2, 0), 5 * rates.rate(0, 0));
  // Past the time they come at nothing is to be expected any more.
  EXPECT_GT(rates.rate(0, age_step(900)), 20 * rates.rate(0, age_step(10'000)));
  // Before that time they are worth the wait: no valley between two requests.
  EXPECT_GT(rates.rate(0, age_step(300)), rates.rate(0, age_step(10'000)));
}

TEST(ReuseRates, WhatWaitsCountsForTheTimeItHasWaited) {
  ReuseSurvey few;
  few.requests[0][age_step(1000)] = 100;
  ReuseSurvey many = few;
  many.waiting[0][age_step(5000)] = 10'000;
  ReuseRates a;
  ReuseRates b;
  a.learn(few);
  b.learn(many);
  EXPECT_GT(a.rate(0, age_step(500)), 5 * b.rate(0, age_step(500)));
}

TEST(Ghosts, RememberAndAreTakenOnce) {
  Ghosts ghosts;
  EXPECT_FALSE(ghosts.take(gslb::mix64(1)));
  EXPECT_FALSE(ghosts.put(gslb::mix64(1), 7, 3, 9));  // no room: nothing is kept, nothing lost
  EXPECT_FALSE(ghosts.take(gslb::mix64(1)));
  ghosts.make_room_for(16);
  EXPECT_FALSE(ghosts.put(gslb::mix64(1), 7, 3, 9));
  const auto ghost = ghosts.take(gslb::mix64(1));
  ASSERT_TRUE(ghost);
  EXPECT_EQ(ghost->last, 7U);
  EXPECT_EQ(ghost->count, 3);
  EXPECT_FALSE(ghosts.take(gslb::mix64(1)));
}

TEST(Ghosts, TheLongestAsleepGivesWayAndGrowthLosesNone) {
  Ghosts ghosts;
  ghosts.make_room_for(8);
  for (Tick i = 0; i < 8; ++i) { EXPECT_FALSE(ghosts.put(gslb::mix64(i), i + 100, 1, 200)); }
  const auto gone = ghosts.put(gslb::mix64(8), 150, 2, 200);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->last, 100U);
  ghosts.make_room_for(1000);
  for (Tick i = 1; i < 9; ++i) { EXPECT_TRUE(ghosts.take(gslb::mix64(i))) << i; }
}

class EvictionTest : public ::testing::Test {
 protected:
  ReuseRates rates_;
};

TEST_F(EvictionTest, TheLongestAsleepOfEqualsGoesFirst) {
  Eviction order(rates_, {});
  const auto a = order.insert(1, 1000, 100);
  const auto b = order.insert(2, 1000, 200);
  EXPECT_EQ(order.coldest(5000), a);
  order.touch(a, 300);
  EXPECT_EQ(order.coldest(5000), b);
}

TEST_F(EvictionTest, TheLargestOfEqualsGoesFirstUnlessForOctets) {
  for (const float exponent : {0.5F, 1.0F}) {
    Eviction order(rates_, {exponent});
    order.insert(1, 1000, 100);
    const auto large = order.insert(2, 100'000, 200);
    EXPECT_EQ(order.coldest(5000), large);
  }
  Eviction order(rates_, {0.0F});
  const auto small = order.insert(1, 1000, 100);
  order.insert(2, 100'000, 4000);
  EXPECT_EQ(order.coldest(5000), small);
}

TEST_F(EvictionTest, WhatComesBackHasItsPast) {
  ReuseSurvey survey;
  survey.requests[4][age_step(100)] = 1e5;
  survey.lost[0][age_step(100'000)] = 1e5;
  rates_.learn(survey);
  Eviction order(rates_, {});
  const auto first = order.insert(gslb::mix64(1), 1000, 100);
  for (Tick i = 0; i < 5; ++i) { order.touch(first, 110 + i); }
  order.evict(first, 200);
  order.insert(gslb::mix64(1), 1000, 300);
  const auto newcomer = order.insert(gslb::mix64(2), 1000, 310);
  EXPECT_EQ(order.coldest(400), newcomer);
}

// Random operations beside a plain map: every handle that was given and not taken back is
// offered for eviction exactly once, with the octets it was last given.
TEST_F(EvictionTest, LosesNothingAndInventsNothing) {
  Eviction order(rates_, {});
  gslb::Random random(11);
  std::map<Eviction::Handle, std::uint64_t> model;
  Tick now = 0;
  const auto any = [&] {
    return std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
  };
  for (int step = 0; step < 60'000; ++step) {
    now += static_cast<Tick>(random.below(50));
    const std::uint64_t what = model.empty() ? 0 : random.below(10);
    const std::uint64_t octets = random.below(std::uint64_t{1} << random.below(45));
    if (what < 3) {
      const auto handle = order.insert(random.below(500), octets, now);
      ASSERT_TRUE(model.emplace(handle, octets).second);
    } else if (what < 6) {
      order.touch(any()->first, now);
    } else if (what == 6) {
      const auto changed = any();
      changed->second = octets;
      order.resize(changed->first, octets);
    } else if (what == 7) {
      const auto gone = any();
      order.remove(gone->first);
      model.erase(gone);
    } else if (what == 8) {
      const auto coldest = order.coldest(now);
      ASSERT_TRUE(model.contains(coldest));
      ASSERT_EQ(order.octets_of(coldest), model[coldest]);
      order.evict(coldest, now);
      model.erase(coldest);
    } else if (random.below(100) == 0) {
      ReuseSurvey survey;
      order.survey(survey, now);
      rates_.learn(survey);
    }
    ASSERT_EQ(order.size(), model.size());
  }
  while (!model.empty()) {
    const auto coldest = order.coldest(now);
    ASSERT_EQ(model.erase(coldest), 1U);
    order.evict(coldest, now);
  }
  EXPECT_EQ(order.coldest(now), Eviction::kNone);
}

TEST_F(EvictionTest, ASurveyCountsEveryObjectWhereItIs) {
  Eviction order(rates_, {});
  for (std::uint64_t i = 0; i < 100; ++i) { order.insert(gslb::mix64(i), 1000, 1000); }
  for (std::uint64_t i = 0; i < 40; ++i) { order.evict(order.coldest(1100), 1100); }
  ReuseSurvey survey;
  order.survey(survey, 2000);
  EXPECT_EQ(survey.waiting[0][age_step(1000)], 100);  // evicted ones wait as well
  order.insert(gslb::mix64(0), 1000, 2000);           // a request of one that was evicted first
  ReuseSurvey later;
  order.survey(later, 2000);
  EXPECT_EQ(later.requests[0][age_step(1000)], 1);
}

TEST(EvictionShards, OneCallerLearnsAPeriod) {
  EvictionShards shards(4, {});
  for (int i = 0; i < 3000; ++i) { shards.tick(0); }
  EXPECT_FALSE(shards.is_learning_due());
  for (int i = 0; i < 3000; ++i) { shards.tick(1); }
  EXPECT_TRUE(shards.is_learning_due());
  EXPECT_FALSE(shards.is_learning_due());  // somebody is at it
  std::set<std::size_t> asked;
  shards.learn([&](std::size_t shard, const auto& survey) {
    asked.insert(shard);
    survey();
  });
  EXPECT_EQ(asked.size(), 4U);
  EXPECT_FALSE(shards.is_learning_due());
  for (int i = 0; i < 5000; ++i) { shards.tick(2); }
  EXPECT_TRUE(shards.is_learning_due());
}

}  // namespace
}  // namespace edge::cache
