#include "edge/cache/store.h"

#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "tests/edge/cache/objects.h"
#include "tests/support/count_allocations.h"

namespace edge::cache {
namespace {

// Random operations beside a map that forgets nothing: what the store has is what was stored last,
// what it lacks was removed or evicted, and the budget holds at every step.
TEST(Store, KeepsItsBudgetAndServesWhatWasStoredLast) {
  constexpr std::uint64_t kBudget = 512 * 1024;
  Store store(kBudget, 4);
  gslb::Random random(7);
  std::map<std::pair<std::string, std::string>, ObjectRef> model;
  std::vector<std::size_t> reserved;
  std::size_t found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "h /" + std::to_string(random.below(300));
    const std::string tongue = std::to_string(random.below(3));
    switch (random.below(8)) {
      case 0:
        store.remove(key);
        for (int t = 0; t < 3; ++t) { model.erase({key, std::to_string(t)}); }
        break;
      case 1: {
        const std::size_t octets = random.below(20'000);
        if (reserved.size() < 8 && store.reserve(octets)) { reserved.push_back(octets); }
        break;
      }
      case 2:
        if (!reserved.empty()) {
          store.release(reserved.back());
          reserved.pop_back();
        }
        break;
      case 3:
      case 4: {
        const std::size_t octets =
            random.below(10) == 0 ? random.below(300'000) : random.below(9000);
        const http::Fields request = language(tongue);
        const ObjectRef object = object_of(octets, request, "Accept-Language");
        store.insert(key, request, object);
        model[{key, tongue}] = object;
        break;
      }
      default: {
        const Store::Found has = store.find(key, language(tongue));
        const auto stored = model.find({key, tongue});
        if (!has.object) { break; }
        ++found;
        ASSERT_NE(stored, model.end());
        ASSERT_EQ(has.object, stored->second);
      }
    }
    ASSERT_LE(store.stats().octets, kBudget) << "step " << i;
  }
  EXPECT_GT(found, 300U);
  EXPECT_GT(store.stats().evictions, 0U);
  for (const std::size_t octets : reserved) { store.release(octets); }
  for (int i = 0; i < 300; ++i) { store.remove("h /" + std::to_string(i)); }
  EXPECT_EQ(store.stats().octets, 0U);
  EXPECT_EQ(store.stats().objects, 0U);
}

TEST(Store, EvictsTheUnvisitedBeforeTheVisited) {
  Store store(64 * 1024, 1);
  store.insert("hot", {}, object_of(10'000));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(store.find("hot", {}).object) << i;
    store.insert("scan " + std::to_string(i), {}, object_of(10'000));
  }
  EXPECT_TRUE(store.find("hot", {}).object);
  EXPECT_FALSE(store.find("scan 0", {}).object);
}

TEST(Store, LosesNothingWhileThereIsRoom) {
  Store store(64 << 20, 16);
  for (int i = 0; i < 5000; ++i) { store.insert("k" + std::to_string(i), {}, object_of(1000)); }
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(store.find("k" + std::to_string(i), {}).object) << i;
  }
  EXPECT_EQ(store.stats().evictions, 0U);
}

TEST(Store, StoresUpToItsWholeBudgetWhateverTheShards) {
  Store store(256 * 1024, 16);
  store.insert("small", {}, object_of(1000));
  store.insert("a", {}, object_of(240'000));
  EXPECT_TRUE(store.find("a", {}).object);
  store.insert("b", {}, object_of(300'000));
  EXPECT_FALSE(store.find("b", {}).object);
  EXPECT_TRUE(store.find("a", {}).object);  // what can't be stored pushes nothing out
  EXPECT_FALSE(store.reserve(300'000));
}

TEST(Store, WhatIsTooLargeNowEndsWhatItWouldReplace) {
  Store store(64 * 1024, 1);
  store.insert("a", {}, object_of(1000));
  store.insert("a", {}, object_of(100'000));
  EXPECT_FALSE(store.find("a", {}).object);
  EXPECT_EQ(store.stats().octets, 0U);
}

TEST(Store, ARareGiantDoesNotEmptyTheStore) {
  Store store(1 << 20, 1);
  for (int i = 0; i < 50; ++i) { store.insert("page " + std::to_string(i), {}, object_of(10'000)); }
  const auto ask = [&] {
    int found = 0;
    for (int i = 0; i < 50; ++i) {
      found += store.find("page " + std::to_string(i), {}).object ? 1 : 0;
    }
    return found;
  };
  for (int i = 0; i < 5; ++i) { ask(); }
  for (int i = 0; i < 20; ++i) {
    store.insert("giant " + std::to_string(i), {}, object_of(400'000));
    ask();
  }
  EXPECT_GT(ask(), 40);
}

TEST(Store, AReplacedObjectKeepsItsPopularity) {
  Store store(64 * 1024, 1);
  store.insert("hot", {}, object_of(10'000));
  for (int i = 0; i < 20; ++i) { store.find("hot", {}); }
  store.insert("hot", {}, object_of(10'001));
  for (int i = 0; i < 20; ++i) { store.insert("scan " + std::to_string(i), {}, object_of(10'000)); }
  EXPECT_TRUE(store.find("hot", {}).object);
}

TEST(Store, AHitAllocatesNothing) {
  if (!PROXIMA_OWN_MALLOC) { GTEST_SKIP() << "a sanitizer owns malloc"; }
  Store store(1 << 20, 4);
  store.insert("h /", {}, object_of(1000));
  const std::string key = "h /";
  const http::Fields request = language("en");
  const std::uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    if (!store.find(key, request).object) { break; }
  }
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(store.find(key, request).object);
}

TEST(Store, HoldsItsBudgetUnderManyThreads) {
  constexpr std::uint64_t kBudget = 1 << 20;
  Store store(kBudget, 8);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      gslb::Random random(t);
      for (int i = 0; i < 4000; ++i) {
        const std::string key = std::to_string(random.below(400));
        const std::size_t octets = random.below(20'000);
        if (store.find(key, {}).object) { continue; }
        if (random.below(50) == 0) { store.remove(key); }
        if (!store.reserve(octets)) { continue; }
        store.release(octets);
        store.insert(key, {}, object_of(octets));
        if (store.stats().octets > kBudget) { std::abort(); }
      }
    });
  }
  for (std::thread& thread : threads) { thread.join(); }
  for (int i = 0; i < 400; ++i) { store.remove(std::to_string(i)); }
  EXPECT_EQ(store.stats().octets, 0U);
  EXPECT_EQ(store.stats().objects, 0U);
}

TEST(Store, SelectsByVaryAndReplacesTheSameVariant) {
  Store store(1 << 20, 1);
  store.insert("k", language("en"), object_of(1, language("en"), "Accept-Language"));
  store.insert("k", language("de"), object_of(2, language("de"), "Accept-Language"));
  store.insert("k", language("de"), object_of(3, language("de"), "Accept-Language"));
  EXPECT_EQ(store.stats().objects, 2U);
  EXPECT_EQ(store.find("k", language("de")).object->body->size(), 3U);
  EXPECT_EQ(store.find("k", language("en")).object->body->size(), 1U);
  const Store::Found other = store.find("k", language("fr"));
  EXPECT_FALSE(other.object);
  EXPECT_TRUE(other.other_variant);
  store.remove("k");
  EXPECT_FALSE(store.find("k", language("de")).other_variant);
}

TEST(Store, BoundsVariantsOfOneKey) {
  Store store(1 << 20, 1);
  for (int i = 0; i < 100; ++i) {
    const http::Fields request = language(std::to_string(i));
    store.insert("k", request, object_of(1, request, "Accept-Language"));
  }
  EXPECT_EQ(store.stats().objects, kMaxVariants);
}

TEST(Store, TheNewestOfTheMatchingIsFoundAlsoAfterTheIndexGrew) {
  Store store(16 << 20, 1);
  store.insert("k", language("en"), object_of(1, language("en"), "Accept-Language"));
  http::Fields both = language("de");
  both.add("X", "1");
  store.insert("k", both, object_of(2, both, "X"));  // "en" with X: 1 selects either
  both = language("en");
  both.add("X", "1");
  EXPECT_EQ(store.find("k", both).object->body->size(), 2U);
  for (int i = 0; i < 500; ++i) { store.insert(std::to_string(i), {}, object_of(1)); }
  EXPECT_EQ(store.find("k", both).object->body->size(), 2U);
}

TEST(Store, ACodingOfABodyIsPaidFor) {
  Store store(1 << 20, 1);
  const ObjectRef object = object_of(1000);
  store.insert("k", {}, object);
  const std::uint64_t before = store.stats().octets;
  auto coded = std::make_shared<Body>(Body::Mode::kKeep);
  EXPECT_EQ(object->body->add_coded(config::Coding::kGzip, coded), coded);
  EXPECT_EQ(object->body->add_coded(config::Coding::kGzip, nullptr), coded);
  coded->append(std::string(50'000, 'z'));
  coded->finish();
  EXPECT_TRUE(store.recount("k", *object->body));
  EXPECT_GE(store.stats().octets, before + 50'000);
  EXPECT_TRUE(store.recount("another", *object->body));
  store.remove("k");
  EXPECT_EQ(store.stats().octets, 0);
}

TEST(Store, ACodingThatHasNoRoomIsRefused) {
  Store store(1 << 20, 1);
  const ObjectRef object = object_of(1000);
  store.insert("k", {}, object);
  ASSERT_TRUE(store.reserve(700'000));
  auto coded = std::make_shared<Body>(Body::Mode::kKeep);
  object->body->add_coded(config::Coding::kGzip, coded);
  coded->append(std::string(2 << 20, 'z'));
  EXPECT_FALSE(store.recount("k", *object->body));
  object->body->remove_coded(coded.get());
  EXPECT_FALSE(object->body->coded(config::Coding::kGzip));
}

TEST(Store, AnotherBudgetHoldsAtOnceAndWhatIsBeingReadStays) {
  Store store(1 << 20, 4);
  for (int i = 0; i < 200; ++i) {
    const http::Fields request = language("de");
    store.insert("h /" + std::to_string(i), request, object_of(4000, request, "Accept-Language"));
  }
  ASSERT_TRUE(store.reserve(50'000));
  const Store::Stats before = store.stats();
  ASSERT_GT(before.octets, 600'000U);
  store.resize(200'000);
  const Store::Stats after = store.stats();
  EXPECT_EQ(after.budget_octets, 200'000U);
  EXPECT_LE(after.octets, 200'000U);
  EXPECT_GT(after.objects, 10U);
  EXPECT_FALSE(store.reserve(200'000)) << "some of it is taken";
  store.resize(20'000);
  EXPECT_EQ(store.stats().octets, 50'000U) << "what is under way is not evicted";
  EXPECT_EQ(store.stats().objects, 0U);
  EXPECT_FALSE(store.reserve(1));
  store.release(50'000);
  store.resize(1 << 20);
  EXPECT_TRUE(store.reserve(500'000));
}

}  // namespace
}  // namespace edge::cache
