#include "gslb/dnssec/rollover.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/gslb/dnssec/rollover_world.h"

namespace gslb::dnssec {
namespace {

const KeyState& only(const std::vector<KeyState>& keys,
                     const std::function<bool(const KeyState&)>& test) {
  const auto found = std::find_if(keys.begin(), keys.end(), test);
  EXPECT_NE(found, keys.end());
  EXPECT_EQ(std::count_if(keys.begin(), keys.end(), test), 1);
  return found == keys.end() ? keys.front() : *found;
}
bool is_in_use(const KeyState& key) { return key.introduced && key.wanted; }

TEST(Rollover, AsksForTheKeysOfItsLayoutAndWaits) {
  RolloverPolicy policy;
  EXPECT_EQ(advance({}, policy, kStart).missing, std::vector{KeyRole::kCsk});
  policy.split = true;
  const Advance result = advance({}, policy, kStart);
  EXPECT_EQ(result.missing, (std::vector{KeyRole::kKsk, KeyRole::kZsk}));
  EXPECT_FALSE(result.next);
  // A layout starts with all its keys or not at all.
  KeyState ksk;
  ksk.tag = 1;
  ksk.algorithm = 13;
  ksk.role = KeyRole::kKsk;
  ksk.created = kStart;
  const Advance half = advance({ksk}, policy, kStart);
  EXPECT_EQ(half.missing, std::vector{KeyRole::kZsk});
  EXPECT_FALSE(half.keys[0].introduced);
}

TEST(Rollover, SignsAtOnceAndAnnouncesTheKeyWhenEveryCacheHasIt) {
  World world(1);
  world.policy.negative_ttl = hours(2);
  world.look();
  ASSERT_EQ(world.keys.size(), 1U);
  EXPECT_TRUE(world.keys[0].dnskey.is(kRumoured));
  EXPECT_TRUE(world.keys[0].zrrsig.is(kRumoured));
  EXPECT_TRUE(world.keys[0].ds.is(kHidden));
  const Advance early = advance(world.keys, world.policy, kStart + hours(3) - seconds(1));
  EXPECT_TRUE(early.keys[0].dnskey.is(kRumoured));
  EXPECT_EQ(early.next, kStart + hours(3));  // propagation + the longer of both TTLs
  Advance later = advance(world.keys, world.policy, kStart + hours(25));
  EXPECT_TRUE(later.keys[0].ds.is(kRumoured));
  EXPECT_FALSE(later.next);  // the operator is next
  EXPECT_EQ(report_ds_seen(later.keys, 9, kStart + hours(30)), DsReport::kNoSuchKey);
  EXPECT_EQ(report_ds_seen(later.keys, 1, kStart + hours(30)), DsReport::kTaken);
  EXPECT_EQ(report_ds_seen(later.keys, 1, kStart + hours(31)), DsReport::kNotAwaited);
  later = advance(later.keys, world.policy, kStart + hours(30));
  EXPECT_EQ(later.next, kStart + hours(55));
  later = advance(later.keys, world.policy, kStart + hours(55));
  EXPECT_TRUE(later.keys[0].ds.is(kOmnipresent));
}

TEST(Rollover, ZskIsPublishedBeforeItSignsAndStaysUntilItsSignaturesAreGone) {
  World world(2);
  world.policy.split = true;
  world.policy.zsk_lifetime = 30 * kDay;
  world.look();
  world.go_on_for(20 * kDay);
  ASSERT_TRUE(world.has_ds());
  ASSERT_EQ(world.keys.size(), 2U);
  const std::uint16_t old_tag = world.keys[1].tag;
  const auto old_key = [&]() -> const KeyState& {
    return only(world.keys, [&](const KeyState& key) { return key.tag == old_tag; });
  };
  const auto new_key = [&]() -> const KeyState& {
    return only(world.keys, [&](const KeyState& key) {
      return key.role == KeyRole::kZsk && key.tag != old_tag;
    });
  };
  while (world.keys.size() == 2) { world.go_on(); }
  EXPECT_EQ(world.now(), kStart + 30 * kDay - hours(2));
  EXPECT_TRUE(new_key().dnskey.is(kRumoured));
  EXPECT_TRUE(new_key().zrrsig.is(kHidden));
  EXPECT_TRUE(old_key().zrrsig.is(kOmnipresent));
  while (new_key().zrrsig.is(kHidden)) { world.go_on(); }
  EXPECT_EQ(world.now(), kStart + 30 * kDay);
  EXPECT_TRUE(old_key().zrrsig.is(kUnretentive));
  EXPECT_TRUE(old_key().dnskey.is(kOmnipresent));
  while (old_key().dnskey.is(kOmnipresent)) { world.go_on(); }
  EXPECT_EQ(world.now(), kStart + 30 * kDay + hours(25));  // propagation + the zone's largest TTL
  while (!old_key().is_gone()) { world.go_on(); }
  EXPECT_EQ(world.rollovers, 3U);
}

TEST(Rollover, KskWaitsForTheOperatorAsLongAsItTakes) {
  World world(3);
  world.policy.split = true;
  world.look();
  world.go_on_for(30 * kDay);
  KeyState& old_key = world.keys[0];
  ASSERT_EQ(old_key.role, KeyRole::kKsk);
  ASSERT_TRUE(old_key.ds.is(kOmnipresent));
  old_key.roll_at = world.now();
  world.operator_acts = false;
  world.go_on_for(3 * 365 * kDay);
  EXPECT_TRUE(world.keys[0].dnskey.is(kOmnipresent));
  EXPECT_TRUE(world.keys[0].ds.is(kUnretentive));
  const KeyState& successor = world.keys.back();
  EXPECT_EQ(successor.role, KeyRole::kKsk);
  EXPECT_TRUE(successor.ds.is(kRumoured));
  EXPECT_TRUE(successor.dnskey.is(kOmnipresent));
  world.operator_acts = true;
  world.go_on_for(30 * kDay);
  EXPECT_TRUE(world.keys[0].is_gone());
  EXPECT_TRUE(world.keys.back().ds.is(kOmnipresent));
}

TEST(Rollover, NewAlgorithmSignsFirstAndTheOldOnesKeysGoBeforeItsSignatures) {
  World world(4);
  world.look();
  world.go_on_for(30 * kDay);
  world.policy.algorithm = 15;
  world.look();
  ASSERT_EQ(world.keys.size(), 2U);
  EXPECT_TRUE(world.keys[1].zrrsig.is(kRumoured));
  EXPECT_TRUE(world.keys[1].dnskey.is(kHidden));
  while (world.keys[1].dnskey.is(kHidden)) { world.go_on(); }
  EXPECT_TRUE(world.keys[1].zrrsig.is(kOmnipresent));
  while (world.keys[0].dnskey.is(kOmnipresent)) { world.go_on(); }
  EXPECT_TRUE(world.keys[0].zrrsig.is(kOmnipresent));
  EXPECT_TRUE(world.keys[0].ds.is(kHidden));
  world.go_on_for(10 * kDay);
  EXPECT_TRUE(world.keys[0].is_gone());
}

TEST(Rollover, LeavesDnssecOnlyAfterTheDsHasGone) {
  World world(5);
  world.look();
  world.go_on_for(30 * kDay);
  world.policy.go_insecure = true;
  world.operator_acts = false;
  world.go_on_for(400 * kDay);
  EXPECT_TRUE(world.keys[0].zrrsig.is(kOmnipresent));
  EXPECT_TRUE(world.keys[0].dnskey.is(kOmnipresent));
  EXPECT_TRUE(asks_ds_removal(world.keys, world.policy));
  EXPECT_FALSE(may_be_unsigned(world.keys, world.policy));
  world.operator_acts = true;
  world.go_on_for(30 * kDay);
  EXPECT_FALSE(world.has_ds());
  EXPECT_TRUE(may_be_unsigned(world.keys, world.policy));
  EXPECT_TRUE(world.keys[0].zrrsig.is(kHidden));
  EXPECT_TRUE(world.keys[0].dnskey.is(kHidden));
  // And back.
  world.policy.go_insecure = false;
  world.go_on_for(30 * kDay);
  EXPECT_TRUE(world.has_ds());
}

TEST(Rollover, WithoutANewKeyTheOldOneGoesOn) {
  World world(6);
  world.policy.split = true;
  world.policy.zsk_lifetime = 30 * kDay;
  world.look();
  world.makes_keys = false;
  world.go_on_for(400 * kDay);
  EXPECT_EQ(world.rollovers, 2U);
  EXPECT_EQ(std::count_if(world.keys.begin(), world.keys.end(), is_in_use), 2);
  EXPECT_EQ(advance(world.keys, world.policy, world.now()).missing, std::vector{KeyRole::kZsk});
}

TEST(Rollover, ClockSetBackDelaysAndSetForwardDoesNotHasten) {
  World world(7);
  world.look();
  world.go_on_for(30 * kDay);
  world.keys[0].roll_at = world.now();
  world.look();
  const RecordState started = world.keys[1].dnskey;
  ASSERT_TRUE(started.is(kRumoured));
  const KeyTime back = started.since - 10 * kDay;
  EXPECT_EQ(advance(world.keys, world.policy, back).keys[1].dnskey, started);
  std::vector<KeyState> stepped = world.keys;
  allow_for_clock_step(stepped, 10 * kDay);
  const Advance result = advance(stepped, world.policy, started.since + 10 * kDay + hours(1));
  EXPECT_TRUE(result.keys[1].dnskey.is(kRumoured));
}

// Years of everything at once, each seed another history.
void live(std::uint64_t seed, std::size_t& rollovers, std::size_t& confirmed) {
  World world(seed);
  world.policy.split = world.below(2) == 0;
  world.policy.zsk_lifetime = world.below(3) == 0 ? 8 * kDay : 30 * kDay;
  world.policy.ksk_lifetime = world.below(2) == 0 ? seconds(0) : 90 * kDay;
  world.policy.dnskey_ttl = world.below(2) == 0 ? seconds(3600) : seconds(172'800);
  world.policy.zone_ttl = world.below(2) == 0 ? seconds(300) : seconds(604'800);
  world.policy.propagation = world.draw(hours(6));
  world.longest_signing = world.below(2) == 0 ? seconds(0) : seconds(minutes(20));
  world.look();
  const KeyTime end = kStart + 4 * 365 * kDay;
  while (world.now() < end && !::testing::Test::HasFailure()) {
    world.go_on(world.draw(5 * kDay));
    switch (world.below(60)) {
      case 0:
        world.policy.algorithm = std::vector<std::uint8_t>{8, 13, 15}[world.below(3)];
        break;
      case 1:
        world.policy.split = !world.policy.split;
        break;
      case 2:
        world.keys[world.below(world.keys.size())].roll_at = world.now() + world.clock_error;
        break;
      case 3:
        world.clock_error -= world.draw(3 * kDay);
        break;
      case 4: {
        const seconds step = world.draw(3 * kDay);
        world.clock_error += step;
        allow_for_clock_step(world.keys, step);
        break;
      }
      case 5:
        world.operator_acts = !world.operator_acts;
        break;
      case 6:
        world.policy.go_insecure = world.below(4) == 0;
        break;
      case 7:
        world.makes_keys = world.below(4) != 0;
        break;
      default:
        break;
    }
  }
  rollovers += world.rollovers;
  confirmed += world.confirmed;
}

TEST(Rollover, EveryCacheCanValidateAtEveryMomentOfManyLives) {
  std::size_t rollovers = 0;
  std::size_t confirmed = 0;
  for (std::uint64_t seed = 1; seed <= 400 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    live(seed, rollovers, confirmed);
  }
  EXPECT_GT(rollovers, 4000U);
  EXPECT_GT(confirmed, 800U);
}

}  // namespace
}  // namespace gslb::dnssec
