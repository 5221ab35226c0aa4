#include "tests/edge/cache/disk_fixture.h"

namespace edge::cache {
namespace {

TEST_F(DiskTest, AFlippedBitCostsOneRecord) {
  open();
  std::vector<std::string> bodies;
  for (int i = 0; i < 20; ++i) {
    bodies.push_back(content(i, 20'000));
    put(std::to_string(i), object(bodies.back()));
  }
  drain();
  gslb::Random random(4);
  for (int round = 0; round < 20; ++round) {
    std::filesystem::copy(folder_ / "cache", folder_ / "kept",
                          std::filesystem::copy_options::recursive);
    const std::string path = segments().front();
    const auto size = std::filesystem::file_size(path);
    overwrite(path, 64 + random.below(size - 64), std::string(1, static_cast<char>(round * 13)));
    open();
    int lost = 0;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const std::string got = body(std::to_string(i));
      lost += got == "none" ? 1 : 0;
      EXPECT_TRUE(got == "none" || got == bodies[i]) << round << " " << i;
    }
    EXPECT_LE(lost, 1) << round;
    drain();
    std::filesystem::remove_all(folder_ / "cache");
    std::filesystem::rename(folder_ / "kept", folder_ / "cache");
  }
}

TEST_F(DiskTest, ADamagedBlockOfALargeBodyIsAFailureAndNotSentAgain) {
  open();
  put("k", object(content(9, 200'000)));
  drain();
  overwrite(segments().front(), 150'000, "damage");
  open();
  const Disk::Found found = find("k");
  ASSERT_TRUE(found.object);
  const std::string got = read(found.object->body);
  EXPECT_TRUE(got.ends_with("failed"));
  EXPECT_LE(got.size(), 131'072U + 6);  // nothing of the block
  EXPECT_EQ(body("k"), "none");
  EXPECT_EQ(disk_->stats().read_failures, 1U);
}

TEST_F(DiskTest, WithoutItsFooterASegmentIsSearched) {
  open();
  for (int i = 0; i < 10; ++i) { put(std::to_string(i), object(content(i, 30'000))); }
  disk_->put("k", object("old"));
  disk_->put("k", object("old"));
  disk_->remove("3");
  drain();
  const std::string path = segments().front();
  // As a kill leaves it: long, and nothing behind the records that is true.
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - kDiskUnit);
  std::filesystem::resize_file(path, kSegment);
  open();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(body(std::to_string(i)), i == 3 ? "none" : content(i, 30'000)) << i;
  }
  // It has been sealed: its unused room is given back.
  wait([&] { return std::filesystem::file_size(path) < kSegment / 2; });
}

TEST_F(DiskTest, WhatAnOriginSendsIsNeverTakenForARecord) {
  open();
  put("victim", object("true"));
  put("filler", object(content(1, 1000)));
  drain();
  // A body that holds a copy of a whole segment file, aligned as the records are.
  std::ifstream file(segments().front(), std::ios::binary);
  const std::string copy((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove_all(folder_ / "cache");
  open();
  put("evil", object(copy));
  drain();
  const std::string path = segments().front();
  overwrite(path, 64, std::string(64, 'x'));  // its own frame is gone: what follows is searched
  std::filesystem::resize_file(path, kSegment);
  open();
  EXPECT_EQ(body("victim"), "none");
  EXPECT_EQ(body("evil"), "none");
}

}  // namespace
}  // namespace edge::cache
