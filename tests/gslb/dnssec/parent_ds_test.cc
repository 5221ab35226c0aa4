// What a parent shows against what a rollover waits for.
#include "gslb/dnssec/parent_ds.h"

#include <gtest/gtest.h>

#include "tests/gslb/dnssec/zones.h"

namespace gslb::dnssec {
namespace {

ZoneKey key_with(Presence ds, bool wanted) {
  ZoneKey key;
  key.file.key = SigningKey::generate(name("example."), Algorithm::kEcdsaP256Sha256, kKskFlags);
  key.state.tag = key.file.key->tag();
  key.state.algorithm = static_cast<std::uint8_t>(key.file.key->algorithm());
  key.state.introduced = KeyTime{};
  key.state.wanted = wanted;
  key.state.ds = {ds, KeyTime{}};
  return key;
}
Buffer ds_of(const ZoneKey& key, DigestType digest = DigestType::kSha256) {
  return key.file.key->ds_rdata(digest);
}

TEST(ParentDs, TheNewDsMustBeThereAndTheOldGone) {
  const ZoneKeys keys = {key_with(Presence::kUnretentive, false),
                         key_with(Presence::kRumoured, true)};
  const auto awaited = awaited_ds(keys);
  ASSERT_TRUE(awaited);
  EXPECT_EQ(awaited->tag, keys[1].state.tag);
  EXPECT_FALSE(shows(keys, *awaited, {}));
  EXPECT_FALSE(shows(keys, *awaited, {ds_of(keys[0])}));
  EXPECT_FALSE(shows(keys, *awaited, {ds_of(keys[0]), ds_of(keys[1])}));
  EXPECT_TRUE(shows(keys, *awaited, {ds_of(keys[1])}));
  EXPECT_TRUE(shows(keys, *awaited, {ds_of(keys[1], DigestType::kSha384)}));
  const Buffer of_another_signer = ds_of(key_with(Presence::kHidden, true));
  EXPECT_TRUE(shows(keys, *awaited, {of_another_signer, ds_of(keys[1])}));
}

TEST(ParentDs, ADigestOfSomethingElseIsNotTheKeys) {
  const ZoneKeys keys = {key_with(Presence::kRumoured, true)};
  Buffer wrong = ds_of(keys[0]);
  wrong.back() ^= 1;
  Buffer cut = ds_of(keys[0]);
  cut.resize(3);
  const auto awaited = awaited_ds(keys);
  ASSERT_TRUE(awaited);
  for (const Buffer& shown : {wrong, cut, Buffer{}}) {
    EXPECT_FALSE(shows(keys, *awaited, {shown}));
  }
}

TEST(ParentDs, LeavingDnssecWaitsForNone) {
  const ZoneKeys keys = {key_with(Presence::kUnretentive, true)};
  const auto awaited = awaited_ds(keys);
  ASSERT_TRUE(awaited);
  EXPECT_FALSE(awaited->tag);
  EXPECT_TRUE(shows(keys, *awaited, {}));
  EXPECT_FALSE(shows(keys, *awaited, {ds_of(keys[0])}));
}

TEST(ParentDs, NothingIsAwaitedOfSettledKeys) {
  EXPECT_FALSE(awaited_ds({}));
  EXPECT_FALSE(awaited_ds({key_with(Presence::kHidden, true)}));
  EXPECT_FALSE(awaited_ds({key_with(Presence::kOmnipresent, true)}));
  ZoneKeys seen = {key_with(Presence::kRumoured, true)};
  seen[0].state.ds_seen = KeyTime{};
  EXPECT_FALSE(awaited_ds(seen));
}

}  // namespace
}  // namespace gslb::dnssec
