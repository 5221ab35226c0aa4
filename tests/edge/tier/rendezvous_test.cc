#include "edge/tier/rendezvous.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace edge::tier {
namespace {

constexpr int kKeys = 40'000;

std::size_t owner(const std::string& key, const std::vector<std::string>& names,
                  const std::vector<double>& weights) {
  std::size_t best = 0;
  double most = -1;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double score = rendezvous_score(key_hash(key), member_id(names[i]), weights[i]);
    if (score > most) {
      most = score;
      best = i;
    }
  }
  return best;
}

std::string key(int i) { return "https://www.example/" + std::to_string(i); }

TEST(Rendezvous, GivesSharesByWeight) {
  std::array<int, 3> owned{};
  for (int i = 0; i < kKeys; ++i) { ++owned[owner(key(i), {"a", "b", "c"}, {1, 1, 2})]; }
  EXPECT_NEAR(owned[0], kKeys / 4, kKeys / 100);
  EXPECT_NEAR(owned[1], kKeys / 4, kKeys / 100);
  EXPECT_NEAR(owned[2], kKeys / 2, kKeys / 100);
}

TEST(Rendezvous, MovesOnlyWhatTheOneThatComesGets) {
  int moved = 0;
  for (int i = 0; i < kKeys; ++i) {
    const std::size_t before = owner(key(i), {"a", "b", "c"}, {1, 1, 1});
    const std::size_t after = owner(key(i), {"a", "b", "c", "d"}, {1, 1, 1, 1});
    if (before == after) { continue; }
    EXPECT_EQ(after, 3U);
    ++moved;
  }
  EXPECT_NEAR(moved, kKeys / 4, kKeys / 100);
}

// Nodes of several versions stand side by side: they have to agree.
TEST(Rendezvous, IsTheSameForEver) {
  EXPECT_EQ(key_hash("https://www.example/"), key_hash("https://www.example/"));
  EXPECT_NE(key_hash("fra-a"), member_id("fra-a"));
  const std::vector<std::string> names = {"fra-a", "fra-b", "fra-c"};
  std::string owners;
  for (int i = 0; i < 16; ++i) { owners += names[owner(key(i), names, {1, 1, 1})].back(); }
  EXPECT_EQ(owners, "abaccbacbbaccaba");
}

}  // namespace
}  // namespace edge::tier
