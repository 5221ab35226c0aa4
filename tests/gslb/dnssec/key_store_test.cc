#include "gslb/dnssec/key_store.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "gslb/base/file.h"

#include "tests/gslb/dnssec/rollover_world.h"
#include "tests/support/folder.h"

namespace gslb::dnssec {
namespace {

namespace fs = std::filesystem;

class KeyStore : public ::testing::Test {
 protected:
  ZoneKey make(KeyRole role, const ZoneKeys& others = {}) {
    auto key = make_key(folder_ / "keys", zone_, {.role = role}, kStart, others, problems_);
    EXPECT_TRUE(key) << problems_.to_string();
    return *key;
  }
  ZoneKeys load(KeyTime now = kStart) {
    return load_keys(KeyDirectory(folder_ / "keys"), zone_, policy_, now, problems_);
  }

  const tests::Folder folder_;
  dns::Name zone_ = *dns::Name::parse("Example.");
  RolloverPolicy policy_;
  Problems problems_;
};

TEST_F(KeyStore, NewKeyIsASpareThatComesBackAsItWas) {
  EXPECT_TRUE(load().empty());
  const ZoneKey csk = make(KeyRole::kCsk);
  const ZoneKey zsk = make(KeyRole::kZsk, {csk});
  EXPECT_EQ(csk.file.key->flags(), kKskFlags);
  EXPECT_EQ(zsk.file.key->flags(), kZskFlags);
  const ZoneKeys keys = load();
  EXPECT_EQ(problems_.to_string(), "");
  ASSERT_EQ(keys.size(), 2U);
  for (const ZoneKey& key : keys) {
    EXPECT_EQ(key.state, key.state.tag == csk.state.tag ? csk.state : zsk.state);
    EXPECT_FALSE(key.state.introduced);
  }
}

TEST_F(KeyStore, StateSurvivesAsTextWhateverItIs) {
  ZoneKey key = make(KeyRole::kCsk);
  KeyState& state = key.state;
  state.introduced = kStart + seconds(1);
  state.activated = kStart + seconds(2);
  state.roll_at = kStart + seconds(3);
  state.ds_seen = kStart + seconds(4);
  state.ds_gone = kStart + seconds(5);
  state.wanted = false;
  state.dnskey = {kOmnipresent, kStart + seconds(6)};
  state.zrrsig = {kUnretentive, kStart + seconds(7)};
  state.ds = {kRumoured, kStart + seconds(8)};
  ASSERT_TRUE(save_states(folder_ / "keys", {key}, problems_));
  const ZoneKeys keys = load();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].state, state);
}

TEST_F(KeyStore, ReadsAStateOfBind) {
  KeyState state;
  EXPECT_TRUE(
      parse_state("; This is the state of key 4711, for example.\n"
                  "Algorithm: 13\nLength: 256\nLifetime: 0\nKSK: yes\nZSK: yes\n"
                  "Generated: 20200102030405 (Thu Jan  2 03:04:05 2020)\n"
                  "Published: 20200102030405 (Thu Jan  2 03:04:05 2020)\n"
                  "Active: 20200102030405 (Thu Jan  2 03:04:05 2020)\n"
                  "DNSKEYChange: 20200103030405 (Fri Jan  3 03:04:05 2020)\n"
                  "DNSKEYState: omnipresent\nZRRSIGState: omnipresent\n"
                  "KRRSIGState: omnipresent\nDSState: rumoured\nGoalState: omnipresent\n",
                  state));
  EXPECT_EQ(state.role, KeyRole::kCsk);
  EXPECT_TRUE(state.dnskey.is(kOmnipresent));
  EXPECT_EQ(state.dnskey.since.time_since_epoch().count(), 1'578'020'645);
  EXPECT_TRUE(state.ds.is(kRumoured));
  EXPECT_TRUE(state.wanted);
}

TEST_F(KeyStore, RefusesADamagedState) {
  for (const char* text :
       {"", "KSK: yes\n", "KSK: no\nZSK: no\n", "KSK: yes\nZSK: yes\nDSState: seen\n",
        "KSK: yes\nZSK: yes\nActive: yesterday\n", "KSK: yes\nZSK: yes\nActive: 20201301000000\n",
        "KSK: yes\nZSK: yes\nDNSKEYChange: 2020010203040\n"}) {
    KeyState state;
    EXPECT_FALSE(parse_state(text, state)) << text;
  }
  const ZoneKey key = make(KeyRole::kCsk);
  std::ofstream(folder_ / "keys/" + key_file_name(*key.file.key) + ".state") << "KSK: y";
  load();
  EXPECT_NE(problems_.to_string().find("cannot read the state of a key"), std::string::npos);
}

TEST_F(KeyStore, KeyInUseWithoutItsPrivateHalfIsAnError) {
  ZoneKey key = make(KeyRole::kCsk);
  const std::string base = folder_ / "keys/" + key_file_name(*key.file.key);
  fs::remove(base + ".private");
  load();
  EXPECT_FALSE(problems_.has_errors()) << "a spare: " << problems_.to_string();
  key.state.introduced = kStart;
  key.state.dnskey = {kRumoured, kStart};
  ASSERT_TRUE(save_states(folder_ / "keys", {key}, problems_));
  load();
  EXPECT_NE(problems_.to_string().find("the key is in use but can't be read"), std::string::npos);
}

TEST_F(KeyStore, KeysOfAnotherServerGoOnAsTheirMetadataSay) {
  const std::string keys = folder_ / "keys";
  std::vector<std::uint16_t> tags;
  for (const int days : {300, 10, 0}) {
    auto key = SigningKey::generate(zone_.lower(), Algorithm::kEcdsaP256Sha256,
                                    days == 300 ? kKskFlags : kZskFlags);
    tags.push_back(key->tag());
    KeyFile file{key, {}, {}};
    file.times.created = file.times.publish = kStart - days * kDay;
    if (days > 0) { file.times.activate = kStart - days * kDay; }
    fs::create_directory(keys);
    ASSERT_TRUE(write_key_file(keys, file, problems_));
  }
  for (const ZoneKey& key : load()) {
    const KeyState& state = key.state;
    EXPECT_EQ(state.role, state.tag == tags[0] ? KeyRole::kKsk : KeyRole::kZsk);
    EXPECT_EQ(state.wanted, state.tag != tags[2]) << "published, but not at work";
    EXPECT_TRUE(state.dnskey.is(state.tag == tags[2] ? kRumoured : kOmnipresent));
    EXPECT_TRUE(state.zrrsig.is(state.tag == tags[1] ? kOmnipresent : kHidden));
    EXPECT_TRUE(state.ds.is(state.tag == tags[0] ? kRumoured : kHidden));
  }
  // The DS may be there or not: until the operator has said so, nothing depends on either.
  policy_.split = true;
  std::vector<KeyState> states;
  for (const ZoneKey& key : load()) { states.push_back(key.state); }
  const Advance next = advance(states, policy_, kStart);
  EXPECT_TRUE(next.missing.empty());
}

TEST_F(KeyStore, SaysWhenItCannotWrite) {
  std::ofstream(folder_ / "keys") << "a file";
  EXPECT_FALSE(make_key(folder_ / "keys", zone_, {}, kStart, {}, problems_));
  EXPECT_NE(problems_.to_string().find("cannot make the key directory"), std::string::npos);
}

}  // namespace
}  // namespace gslb::dnssec
