// Nonces that resolvers asked for, and edges that tell of them.
#include "gslb/control/beacons.h"

#include <gtest/gtest.h>

namespace {

using namespace gslb;
using control::Beacons;

constexpr MonoTime kNow{std::chrono::hours(5)};
const Address kResolver = Address::parse("192.0.2.53").value();

class BeaconsTest : public testing::Test {
 protected:
  void ask(const std::string& nonce, MonoTime now = kNow, const Address& resolver = kResolver) {
    beacons_.asked(Beacons::hash_of(as_octets(nonce)), resolver, now);
  }
  bool joins(const std::string& nonce, const std::string& client, MonoTime now = kNow,
             fleet::ClusterIndex cluster = 0) {
    return beacons_.join(cluster, {nonce, Prefix::parse(client).value()}, now).has_value();
  }
  Beacons beacons_;
};

TEST_F(BeaconsTest, ANonceCountsOnceAndOnlyWhenItWasAskedForHere) {
  ask("k3xq90001");
  EXPECT_FALSE(joins("neverasked", "198.51.100.0/24"));
  EXPECT_EQ(beacons_.join(0, {"k3xq90001", Prefix::parse("198.51.100.0/24").value()}, kNow),
            kResolver);
  EXPECT_FALSE(joins("k3xq90001", "198.51.101.0/24")) << "played again";
  EXPECT_EQ(beacons_.figures().unknown, 2U);
  EXPECT_EQ(beacons_.figures().joined, 1U);
}

TEST_F(BeaconsTest, ANonceIsGoodForAMinuteAndTheFirstResolverCounts) {
  ask("k3xq90001");
  ask("k3xq90001", kNow, Address::parse("203.0.113.1").value());
  EXPECT_EQ(beacons_.join(0, {"k3xq90001", Prefix::parse("198.51.100.0/24").value()},
                          kNow + Beacons::kLife),
            kResolver);
  ask("k3xq90002");
  EXPECT_FALSE(joins("k3xq90002", "198.51.101.0/24", kNow + Beacons::kLife + milliseconds(1)));
}

TEST_F(BeaconsTest, OneNetworkCountsOnceInTwelveHoursHoweverOftenItAsks) {
  for (int i = 0; i < 100; ++i) {
    const std::string nonce = "nonce" + std::to_string(1000 + i);
    ask(nonce, kNow + seconds(i));
    EXPECT_EQ(joins(nonce, "198.51.100.0/24", kNow + seconds(i)), i == 0);
  }
  EXPECT_EQ(beacons_.figures().repeated, 99U);
  ask("another01", kNow, Address::parse("203.0.113.1").value());
  EXPECT_TRUE(joins("another01", "198.51.100.0/24")) << "by another resolver";
  const MonoTime later = kNow + Beacons::kPause;
  ask("tomorrow1", later);
  EXPECT_TRUE(joins("tomorrow1", "198.51.100.0/24", later));
}

TEST_F(BeaconsTest, ManyNetworksOfOneIpv6BlockAreOne) {
  ask("k3xq90001");
  ask("k3xq90002");
  ask("k3xq90003");
  EXPECT_TRUE(joins("k3xq90001", "2001:db8:1001::/48"));
  EXPECT_FALSE(joins("k3xq90002", "2001:db8:10ff::/48")) << "of the same /40";
  EXPECT_TRUE(joins("k3xq90003", "2001:db8:1101::/48"));
}

TEST_F(BeaconsTest, AnEdgeJoinsSoManyAMinuteAndNoMore) {
  unsigned joined = 0;
  for (unsigned i = 0; i < Beacons::kMostJoins + 100; ++i) {
    const std::string nonce = "nonce" + std::to_string(100'000 + i);
    ask(nonce);
    joined += joins(nonce, Address::v4(0x0a000000 + (i << 8)).to_string() + "/24") ? 1U : 0U;
  }
  // Some few share a cell with another and are none the worse for it.
  EXPECT_EQ(joined, Beacons::kMostJoins);
  EXPECT_EQ(beacons_.figures().limited, 100U);
  ask("another01");
  ask("another02");
  EXPECT_TRUE(joins("another01", "198.51.100.0/24", kNow, 1)) << "another cluster's";
  EXPECT_TRUE(joins("another02", "198.51.101.0/24", kNow + seconds(60)));
}

TEST_F(BeaconsTest, AFloodOfNoncesForgetsTheOldest) {
  ask("thefirst1");
  for (std::size_t i = 0; i < Beacons::kMost; ++i) { ask("nonce" + std::to_string(100'000 + i)); }
  EXPECT_FALSE(joins("thefirst1", "198.51.100.0/24"));
  EXPECT_TRUE(joins("nonce" + std::to_string(100'000 + Beacons::kMost - 1), "198.51.100.0/24"));
}

}  // namespace
