#include <map>

#include "tests/edge/cache/disk_fixture.h"

namespace edge::cache {
namespace {

TEST_F(DiskTest, WritesWhatComesTwice) {
  open();
  disk_->put("once", object("1"));
  put("twice", object("22"));
  disk_->put_hit("hit", object("333"));
  reopen();
  EXPECT_EQ(body("once"), "none");
  EXPECT_EQ(body("twice"), "22");
  EXPECT_EQ(body("hit"), "333");
  EXPECT_FALSE(disk_->may_have("once"));
  EXPECT_TRUE(disk_->may_have("hit"));
}

TEST_F(DiskTest, GivesBackHeadVariantAndAge) {
  open();
  ObjectRef made = object("de", language("de"), "Accept-Language");
  clock_.advance(std::chrono::seconds(5));
  put("k", made);
  put("k", object("fr", language("fr"), "Accept-Language"));
  reopen();
  clock_.advance(std::chrono::seconds(60));
  const Disk::Found german = find("k", language("de"));
  ASSERT_TRUE(german.object);
  EXPECT_TRUE(german.whole);
  EXPECT_EQ(*german.object->head.fields.find("ETag"), "\"2\"");
  EXPECT_EQ(age_of(*german.object, clock_.mono()), 65);
  EXPECT_EQ(read(german.object->body), "de");
  EXPECT_EQ(body("k", language("fr")), "fr");
  const Disk::Found other = find("k", language("en"));
  EXPECT_FALSE(other.object);
  EXPECT_TRUE(other.other_variant);
}

TEST_F(DiskTest, APartStaysOne) {
  open();
  auto made = std::make_shared<Object>(*object("middle"));
  made->part = Part{100, 1000};
  put("k", made);
  reopen();
  const Disk::Found found = find("k");
  ASSERT_TRUE(found.object && found.object->part);
  EXPECT_EQ(found.object->part->first, 100U);
  EXPECT_EQ(found.object->part->total, 1000U);
}

TEST_F(DiskTest, AClockThatWentBackMeansAsking) {
  open();
  put("k", object("x"));
  drain();
  clock_.advance(-std::chrono::hours(1));
  open();
  const Disk::Found found = find("k");
  ASSERT_TRUE(found.object);
  EXPECT_TRUE(found.object->freshness.always_validate);
  EXPECT_EQ(age_of(*found.object, clock_.mono()), 0);
}

TEST_F(DiskTest, ANewerOneReplacesForGood) {
  open();
  put("k", object("old"));
  reopen();
  disk_->put("k", object("new"));  // its key is here already: written at once
  EXPECT_EQ(body("k"), "new");     // also while it is only queued
  reopen();
  EXPECT_EQ(body("k"), "new");
}

TEST_F(DiskTest, AnotherVaryReplacesAllVariants) {
  open();
  put("k", object("any"));
  reopen();
  put("k", object("de", language("de"), "Accept-Language"));
  EXPECT_EQ(body("k", language("en")), "none");
  reopen();
  EXPECT_EQ(body("k", language("en")), "none");
  EXPECT_EQ(body("k", language("de")), "de");
}

TEST_F(DiskTest, WhatWasRemovedStaysRemoved) {
  open();
  put("a", object("a"));
  put("b", object("b"));
  disk_->remove("b");  // perhaps still queued
  reopen();
  disk_->remove("a");
  EXPECT_EQ(body("a"), "none");
  reopen();
  EXPECT_EQ(body("a"), "none");
  EXPECT_EQ(body("b"), "none");
  put("a", object("again"));
  reopen();
  EXPECT_EQ(body("a"), "again");
}

TEST_F(DiskTest, AQueuedWriteThatIsTakenBackStillEndsWhatItWasToReplace) {
  open();
  put("k", object("old"));
  reopen();
  for (int i = 0; i < 100; ++i) { put("fill" + std::to_string(i), object(content(1, 100'000))); }
  disk_->put("k", object("new"));
  disk_->remove("k");
  reopen();
  EXPECT_EQ(body("k"), "none");
}

TEST_F(DiskTest, LargeBodiesStayOnDiskAndAreReadFromAnywhere) {
  open();
  const std::string large = content(9, 200'001);
  put("k", object(large));
  reopen();
  const Disk::Found found = find("k");
  ASSERT_TRUE(found.object);
  EXPECT_FALSE(found.whole);
  EXPECT_FALSE(found.object->body->in_memory());
  EXPECT_LT(found.object->body->memory_octets(), 1000U);
  EXPECT_EQ(read(found.object->body), large);
  for (const std::uint64_t from : {1, 65'535, 65'536, 131'073, 200'000, 200'001}) {
    EXPECT_EQ(read(found.object->body, from), large.substr(from)) << from;
  }
}

TEST_F(DiskTest, AReaderKeepsAnEvictedSegmentAndNobodyElseDoes) {
  open(4 * kSegment);
  const std::string large = content(9, 200'000);
  put("k", object(large));
  wait([&] { return disk_->stats().written_octets > 200'000; });
  const Disk::Found found = find("k");
  ASSERT_TRUE(found.object);
  auto reader = std::make_unique<Body::Reader>(found.object->body, 0, [] {});
  for (int i = 0; disk_->stats().evicted_segments < 2; ++i) {
    put(std::to_string(i), object(content(2, 100'000)));
    wait([&] { return disk_->stats().queued_octets == 0; });
  }
  EXPECT_EQ(read(found.object->body), large);
  EXPECT_TRUE(found.object->body->can_be_read());
  reader.reset();
  EXPECT_FALSE(found.object->body->can_be_read());
  EXPECT_EQ(read(found.object->body), "failed");
}

TEST_F(DiskTest, KeepsItsBudgetAndSavesWhatWasHit) {
  open(6 * kSegment);
  put("hot", object(content(1, 10'000)));
  for (int i = 0; i < 300; ++i) {
    put("cold" + std::to_string(i), object(content(2, 100'000)));
    wait([&] { return disk_->stats().queued_octets == 0; });
    ASSERT_EQ(body("hot").size(), 10'000U) << i;
    ASSERT_LE(disk_->stats().octets, 6 * kSegment);
  }
  const Disk::Stats stats = disk_->stats();
  EXPECT_GT(stats.evicted_segments, 10U);
  EXPECT_GT(stats.reinserted, 3U);
  EXPECT_LT(stats.written_octets, 300U * 101'000 + stats.reinserted * 10'300 + 300'000);
  EXPECT_EQ(body("cold0"), "none");
  EXPECT_LT(stats.objects, 62U);
}

// The model knows the newest body of each key; the disk may have lost it, never another.
TEST_F(DiskTest, NeverGivesAnythingButTheNewest) {
  gslb::Random random(21);
  std::map<std::string, std::string> model;
  open(8 * kSegment);
  std::uint64_t found = 0;
  for (int step = 0; step < 3000; ++step) {
    const std::string key = "k" + std::to_string(random.below(60));
    switch (random.below(12)) {
      case 0:
        disk_->remove(key);
        model.erase(key);
        break;
      case 1:
        if (step % 10 == 0) {
          drain();
          open(8 * kSegment);
        }
        break;
      case 2:
      case 3:
      case 4: {
        const std::string made = content(random.next(), random.below(90'000));
        model[key] = made;
        disk_->put(key, object(made));
        break;
      }
      default: {
        const std::string got = body(key);
        const auto wanted = model.find(key);
        if (got == "none") { break; }
        ASSERT_NE(wanted, model.end()) << key << " step " << step;
        ASSERT_TRUE(got == wanted->second) << key << " step " << step;
        ++found;
      }
    }
  }
  EXPECT_GT(found, 300U);
  EXPECT_EQ(disk_->stats().read_failures, 0U);
}

TEST_F(DiskTest, ForeignFilesAndOtherCachesAreNoObstacle) {
  open();
  put("k", object("x"));
  drain();
  folder_.write("cache/0000ffff.segment", "something else");
  folder_.write("cache/notes", "keep");
  open();
  EXPECT_EQ(body("k"), "x");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/0000ffff.segment"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/notes"));
}

TEST_F(DiskTest, AFolderHasOneOwner) {
  open();
  DiskOptions options;
  options.log = {folder_ / "cache", 16 * kSegment, kSegment};
  std::string error;
  EXPECT_FALSE(Disk::open(options, clock_, &error));
  EXPECT_NE(error.find("another process"), std::string::npos) << error;
}

TEST_F(DiskTest, AFolderThatVanishesCostsWritesAndNothingElse) {
  open();
  std::filesystem::remove_all(folder_ / "cache");
  put("k", object("x"));
  wait([&] { return disk_->stats().write_failures > 0 && disk_->stats().dropped > 0; });
  EXPECT_FALSE(disk_->stats().writable);
  EXPECT_EQ(body("k"), "none");
  // It comes back by itself.
  std::filesystem::create_directory(folder_ / "cache");
  wait([&] {
    put("k", object("x"));
    return body("k") == "x" && disk_->stats().queued_octets == 0;
  });
}

}  // namespace
}  // namespace edge::cache
