#include "edge/cache/disk_index.h"

#include <map>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::cache {
namespace {

using Slot = DiskIndex::Slot;

Slot slot(std::uint64_t key, std::uint32_t sequence, std::uint32_t at, std::uint16_t values = 0) {
  Slot made;
  made.key = key;
  made.sequence = sequence;
  made.at = at;
  made.units = 1;
  made.values = values;
  return made;
}

// Few distinct keys, scaled so that they crowd together and probes run long.
std::uint64_t crowded(gslb::Random& random) { return random.below(200) << 48; }

TEST(DiskIndex, AgreesWithAMapWhateverIsDone) {
  gslb::Random random(11);
  DiskIndex index;
  std::map<std::pair<std::uint64_t, std::uint16_t>, Slot> model;
  std::uint32_t oldest = 1;
  std::uint32_t newest = 1;
  for (std::uint32_t step = 1; step < 20'000; ++step) {
    const std::uint64_t key = crowded(random);
    const auto values = static_cast<std::uint16_t>(random.below(3));
    switch (random.below(10)) {
      case 0:
        EXPECT_EQ(index.erase_key(key), std::erase_if(model, [&](const auto& entry) {
                    return entry.first.first == key && entry.second.sequence >= oldest;
                  }));
        break;
      case 1:
        index.erase(RecordName{key, 0, values});
        model.erase({key, values});
        break;
      case 2:
        if (step % 50 == 0) { index.drop_segments_before(oldest = newest++); }
        break;
      default:
        index.erase(RecordName{key, 0, values});
        model[{key, values}] = slot(key, newest, step, values);
        index.insert(model[{key, values}]);
    }
    std::erase_if(model, [&](const auto& entry) { return entry.second.sequence < oldest; });
    std::vector<Slot> found;
    const std::uint64_t asked = crowded(random);
    index.find(asked, found);
    std::vector<Slot> wanted;
    for (const auto& [name, entry] : model) {
      if (name.first == asked) { wanted.push_back(entry); }
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const Slot& a, const Slot& b) { return a.at > b.at; });
    ASSERT_EQ(found, wanted) << "step " << step;
    ASSERT_EQ(index.has(asked), !wanted.empty());
  }
}

TEST(DiskIndex, CostsAtMostFortyFiveOctetsAnObjectAndForgetsSegmentsThatAreGone) {
  gslb::Random random(5);
  DiskIndex index;
  double worst = 0;
  for (std::uint32_t i = 1; i <= 300'000; ++i) {
    index.insert(slot(random.next(), 1 + i / 10'000, i));
    if (i > 1000) { worst = std::max(worst, static_cast<double>(index.memory_octets()) / i); }
  }
  EXPECT_LE(worst, 45.1);
  const std::size_t before = index.memory_octets();
  for (std::uint32_t i = 300'001; i <= 1'000'000; ++i) {
    if (i % 10'000 == 0) { index.drop_segments_before(1 + i / 10'000 - 30); }
    index.insert(slot(random.next(), 1 + i / 10'000, i));
  }
  EXPECT_LE(index.memory_octets(), 4 * before);
}

TEST(DiskIndex, BoundsTheVariantsOfAKeyByTheOldest) {
  DiskIndex index;
  for (std::uint32_t i = 1; i <= 100; ++i) {
    index.insert(slot(7, 1, i, static_cast<std::uint16_t>(i)));
  }
  std::vector<Slot> found;
  index.find(7, found);
  ASSERT_EQ(found.size(), DiskIndex::kMaxVariants);
  EXPECT_EQ(found.front().at, 100U);
  index.insert(slot(7, 1, 1, 1));  // older than all, as a rebuild finds it
  index.find(7, found);
  EXPECT_EQ(found.back().at, 85U);
}

TEST(DiskIndex, HitsSaturate) {
  DiskIndex index;
  index.insert(slot(7, 1, 1));
  for (int i = 0; i < 10; ++i) { index.count_hit(slot(7, 1, 1)); }
  EXPECT_EQ(index.at(7, 1, 1)->hits, 3U);
  EXPECT_FALSE(index.at(7, 1, 2));
}

}  // namespace
}  // namespace edge::cache
