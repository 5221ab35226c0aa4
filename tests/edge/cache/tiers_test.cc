#include "edge/cache/tiers.h"

#include "tests/edge/cache/disk_fixture.h"

namespace edge::cache {
namespace {

class TiersTest : public DiskTest {
 protected:
  void SetUp() override { open(); }
  Tiers tiers() { return {memory_, disk_.get()}; }
  static Store::Found find_on_disk(Tiers& tiers, const std::string& key) {
    std::promise<Store::Found> promise;
    auto future = promise.get_future();
    tiers.find_on_disk(key, {}, [&](Store::Found found) { promise.set_value(std::move(found)); });
    return future.get();
  }
  void drain_writes() {
    wait([&] { return disk_->stats().queued_octets == 0; });
  }

  Store memory_{4 << 20, 1};
};

TEST_F(TiersTest, AFirstHitInMemoryIsOfferedToTheDisk) {
  Tiers both = tiers();
  both.insert("k", {}, object("body"));
  EXPECT_FALSE(both.may_be_on_disk("k"));
  EXPECT_TRUE(both.find("k", {}).object);
  EXPECT_TRUE(both.may_be_on_disk("k"));
  reopen();
  EXPECT_EQ(body("k"), "body");
}

TEST_F(TiersTest, WhatIsFoundOnDiskComesIntoMemory) {
  put("k", object("body"));
  Tiers both = tiers();
  EXPECT_FALSE(both.find("k", {}).object);
  ASSERT_TRUE(both.may_be_on_disk("k"));
  const Store::Found found = find_on_disk(both, "k");
  ASSERT_TRUE(found.object);
  EXPECT_EQ(both.find("k", {}).object, found.object);
}

TEST_F(TiersTest, RemovalEmptiesBothForGood) {
  put("k", object("body"));
  reopen();
  Tiers both = tiers();
  find_on_disk(both, "k");
  both.remove("k");
  EXPECT_FALSE(both.find("k", {}).object);
  EXPECT_FALSE(both.may_be_on_disk("k"));
  reopen();
  EXPECT_EQ(body("k"), "none");
}

// A lookup that is on its way when its key changes must bring nothing into memory.
TEST_F(TiersTest, AChangeMeanwhileMakesALookupVain) {
  for (int round = 0; round < 200; ++round) {
    const std::string key = "k" + std::to_string(round);
    put(key, object("old"));
    Tiers both = tiers();
    std::promise<Store::Found> promise;
    auto future = promise.get_future();
    both.find_on_disk(key, {}, [&](Store::Found found) { promise.set_value(std::move(found)); });
    both.remove(key);
    future.get();
    EXPECT_FALSE(both.find(key, {}).object) << round;
  }
}

TEST_F(TiersTest, AnEvictedLargeBodyIsAMissAndNotATornAnswer) {
  open(4 * kSegment);
  put("large", object(content(3, 200'000)));
  drain_writes();
  wait([&] { return disk_->stats().written_octets > 200'000; });
  Tiers both = tiers();
  ASSERT_TRUE(find_on_disk(both, "large").object);
  EXPECT_TRUE(both.find("large", {}).object);
  for (int i = 0; disk_->stats().evicted_segments < 2; ++i) {
    put(std::to_string(i), object(content(2, 100'000)));
    drain_writes();
  }
  EXPECT_FALSE(both.find("large", {}).object);
}

TEST_F(TiersTest, AShortRenewalIsNotWrittenWhenTheDisksCopyMustBeValidatedAnyway) {
  put("k", object("body"));
  drain_writes();
  wait([&] { return disk_->stats().written_octets > 0; });
  Tiers both = tiers();
  const ObjectRef stale = find_on_disk(both, "k").object;
  clock_.advance(std::chrono::seconds(2000));
  const std::uint64_t written = disk_->stats().written_octets;
  for (const std::int64_t lifetime : {30, 300}) {
    auto renewed = std::make_shared<Object>(*stale);
    renewed->freshness.lifetime_s = lifetime;
    renewed->received = clock_.mono();
    both.update("k", {}, renewed, *stale);
    EXPECT_EQ(both.find("k", {}).object, renewed);
    drain_writes();
  }
  wait([&] { return disk_->stats().written_octets > written; });
  disk_->stop();
  EXPECT_LT(disk_->stats().written_octets, written + 1000);  // once
}

}  // namespace
}  // namespace edge::cache
