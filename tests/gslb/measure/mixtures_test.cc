// Whose clients a resolver asks for.
#include "gslb/measure/mixtures.h"

#include <gtest/gtest.h>

namespace {

using namespace gslb;
using namespace gslb::measure;

constexpr WallTime kNow{std::chrono::hours(24 * 365 * 50)};
const Prefix kFirst = Prefix::parse("192.0.2.0/24").value();
const Prefix kSecond = Prefix::parse("2001:db8:53::/48").value();
const Prefix kThird = Prefix::parse("198.51.100.0/24").value();

std::vector<geo::Unit> units(std::size_t count) {
  std::vector<geo::Unit> made(count);
  for (std::size_t i = 0; i < count; ++i) { made[i].id = 0xabc0 + i; }
  return made;
}

void join(Mixtures& mixtures, const Prefix& resolver, geo::UnitIndex client, unsigned count,
          WallTime now = kNow) {
  for (unsigned i = 0; i < count; ++i) { mixtures.add({resolver, 1, client, now}); }
}

const Mixture* mixture(Mixtures& mixtures, const Prefix& resolver, WallTime now = kNow) {
  static std::shared_ptr<const ResolverRows> rows;
  rows = mixtures.rows(now);
  const auto slot = rows->find(resolver.last());
  return slot ? rows->at(*slot) : nullptr;
}

TEST(Mixtures, AreBelievedFromEightJoinsOnAndInProportion) {
  Mixtures mixtures(units(4), 2);
  join(mixtures, kFirst, 3, 2);
  join(mixtures, kFirst, 2, 5);
  EXPECT_EQ(mixture(mixtures, kFirst), nullptr);
  join(mixtures, kFirst, 2, 1);
  const Mixture* const found = mixture(mixtures, kFirst);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->resolver, kFirst);
  EXPECT_EQ(found->home, 1U);
  ASSERT_EQ(found->clients.size(), 2U);
  EXPECT_EQ(found->clients[0].unit, 2U) << "most first";
  EXPECT_DOUBLE_EQ(found->clients[0].share, 0.75);
  EXPECT_DOUBLE_EQ(found->clients[1].share, 0.25);
  EXPECT_EQ(mixture(mixtures, kThird), nullptr) << "another network";
}

TEST(Mixtures, FadeAndFollow) {
  Mixtures mixtures(units(4), 2);
  join(mixtures, kFirst, 2, 40);
  const WallTime later = kNow + Mixtures::kHalfLife;
  join(mixtures, kFirst, 3, 20, later);
  const Mixture* const found = mixture(mixtures, kFirst, later);
  EXPECT_NEAR(found->weight, 40, 0.01);
  EXPECT_NEAR(found->clients[1].share, 0.5, 0.01);
  EXPECT_NE(mixture(mixtures, kFirst, later + 3 * Mixtures::kHalfLife), nullptr) << "5 are left";
  EXPECT_EQ(mixture(mixtures, kFirst, later + 4 * Mixtures::kHalfLife), nullptr);
}

TEST(Mixtures, KeepTheirSlotAndGiveItUpOnlyWhenFaded) {
  Mixtures mixtures(units(6), 2);
  join(mixtures, kFirst, 2, 9);
  join(mixtures, kSecond, 2, 9);
  const auto before = mixtures.rows(kNow);
  EXPECT_EQ(mixtures.rows(kNow + seconds(1)), before) << "nothing is new";
  join(mixtures, kThird, 2, 30);
  EXPECT_EQ(mixture(mixtures, kThird), nullptr) << "no slot is free, however many ask";
  const auto slot = before->find(kSecond.address());
  ASSERT_TRUE(slot);
  const WallTime later = kNow + std::chrono::hours(36);
  join(mixtures, kSecond, 3, 9, later);
  join(mixtures, kThird, 2, 9, later);
  const auto after = mixtures.rows(later);
  EXPECT_EQ(after->find(kSecond.address()), slot);
  EXPECT_FALSE(after->find(kFirst.address()));
  EXPECT_EQ(after->find(kThird.address()), before->find(kFirst.address()))
      << "in the place of the one nobody uses any more";
  EXPECT_FALSE(changes_hands(*before, *after, *slot));
  EXPECT_TRUE(changes_hands(*before, *after, 1 - *slot));
}

TEST(Mixtures, AreBounded) {
  Mixtures mixtures(units(200), 2);
  for (geo::UnitIndex client = 1; client < 200; ++client) { join(mixtures, kFirst, client, 1); }
  EXPECT_EQ(mixture(mixtures, kFirst)->clients.size(), Mixtures::kMostPlanned);
  EXPECT_LE(mixture(mixtures, kFirst)->weight, double{Mixtures::kMostClients});
  mixtures.add({kFirst, 200, 1, kNow});
  mixtures.add({kSecond, 1, 200, kNow});
  EXPECT_EQ(mixtures.known(), 1U) << "no such units";
  // A flood of resolvers that nobody uses leaves those that are believed alone.
  for (std::uint32_t i = 0; i < Mixtures::kMostResolvers + 500; ++i) {
    join(mixtures, resolver_network(Address::v4(0x0a000000 + (i << 8))), 1, 1);
  }
  EXPECT_EQ(mixtures.known(), Mixtures::kMostResolvers + 2);
  EXPECT_NE(mixture(mixtures, kFirst), nullptr);
}

TEST(Mixtures, ManyNewUnitsWearOffAFaintOneButNotAHeavyOne) {
  Mixtures mixtures(units(200), 1);
  join(mixtures, kFirst, 1, 100);
  for (geo::UnitIndex client = 2; client < 70; ++client) { join(mixtures, kFirst, client, 1); }
  join(mixtures, kFirst, 199, 50);
  const Mixture* const found = mixture(mixtures, kFirst);
  EXPECT_EQ(found->clients[0].unit, 1U);
  EXPECT_EQ(found->clients[1].unit, 199U);
}

TEST(Mixtures, SurviveARestartByTheIdsOfUnits) {
  Mixtures mixtures(units(4), 3);
  join(mixtures, kSecond, 2, 9);
  mixtures.rows(kNow);
  join(mixtures, kFirst, 3, 10);
  mixtures.rows(kNow);
  join(mixtures, kThird, 3, 3);
  Mixtures next(units(4), 3);
  EXPECT_EQ(next.read(mixtures.write()), 0U);
  EXPECT_EQ(next.write(), mixtures.write());
  EXPECT_EQ(next.slot_of(kFirst), mixtures.slot_of(kFirst)) << "slots are there at once";
  EXPECT_EQ(next.slot_of(kSecond), mixtures.slot_of(kSecond));
  EXPECT_FALSE(next.slot_of(kThird));
  EXPECT_EQ(next.resolvers().size(), 3U);
  Mixtures fewer(units(3), 3);
  EXPECT_EQ(fewer.read(mixtures.write()), 2U) << "of a unit that is no more";
  EXPECT_EQ(fewer.known(), 1U);
  Mixtures moved(units(4), 3);
  moved.read("resolver 192.0.2.0/24 0000000000000bad 5 000000000000abc2:9\n");
  EXPECT_EQ(mixture(moved, kFirst, WallTime(milliseconds(5)))->home, 0U)
      << "its own unit is no more, its clients' still is";
}

TEST(Mixtures, LinesThatAreNoneAreLeftOut) {
  Mixtures mixtures(units(4), 3);
  const std::string good = "resolver 192.0.2.0/24 000000000000abc1 5 000000000000abc2:9\n";
  EXPECT_EQ(mixtures.read("something else\n"
                          "resolver 192.0.2.0/25 000000000000abc1 5 000000000000abc2:9\n"
                          "resolver 192.0.2.0/24 000000000000abc1 5 000000000000abc9:9\n"
                          "resolver 192.0.2.0/24 000000000000abc1 -5 000000000000abc2:9\n"
                          "resolver 192.0.2.0/24 000000000000abc1 5 000000000000abc2:nan\n"
                          "resolver 192.0.2.0/24 000000000000abc1 5\n" +
                          good + good),
            7U);
  EXPECT_EQ(mixtures.write(), good);
  Mixtures none(units(4), 0);
  EXPECT_EQ(none.read(good), 0U) << "without beacons nothing is kept";
  EXPECT_EQ(none.known(), 0U);
}

TEST(ResolverRows, FindEachNetworkAndNoOther) {
  std::vector<std::optional<Mixture>> slots(300);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const Address address = i % 2 == 0
                                ? Address::v4(0xc0000000 + (i << 8))
                                : Address::parse("2001:db8:" + std::to_string(i) + "::").value();
    slots[i + 50] = Mixture{resolver_network(address), 0, {{1, 1.0}}, 9};
  }
  const ResolverRows rows(slots);
  EXPECT_EQ(rows.known(), 200U);
  for (std::uint32_t i = 0; i < 300; ++i) {
    if (!slots[i]) { continue; }
    EXPECT_EQ(rows.find(slots[i]->resolver.last()), i);
    EXPECT_EQ(rows.find(slots[i]->resolver.address()), i);
  }
  EXPECT_FALSE(rows.find(Address::v4(0xc0000100)));
  EXPECT_FALSE(rows.find(Address::parse("c000::").value())) << "the other family";
  EXPECT_FALSE(ResolverRows(std::vector<std::optional<Mixture>>(4)).find(Address::v4(1)));
}

}  // namespace
