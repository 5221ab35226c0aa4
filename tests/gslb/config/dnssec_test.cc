#include <gtest/gtest.h>

#include "gslb/config/config.h"

namespace gslb::config {
namespace {

const std::string kZone = "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";

std::optional<Config> read(const std::string& text, std::string& said) {
  Problems problems;
  auto config = parse(text, "/etc/proxima/proxima.toml", problems);
  said = problems.to_string();
  return config;
}

TEST(DnssecPolicy, NeedsNoMoreThanAFolderForKeys) {
  std::string said;
  const auto config = read(
      "[server]\nstate_dir = 'state'\n" + kZone + "dnssec = 'simple'\n[dnssec.simple]\n", said);
  ASSERT_TRUE(config) << said;
  EXPECT_EQ(said, "");
  ASSERT_TRUE(config->zones[0].dnssec);
  EXPECT_EQ(config->zones[0].dnssec->text, "simple");
  ASSERT_EQ(config->dnssec.size(), 1U);
  const DnssecPolicy& policy = config->dnssec[0];
  EXPECT_EQ(policy.key_dir, "/etc/proxima/state/keys");
  EXPECT_EQ(policy.algorithm, "ecdsap256sha256");
  EXPECT_EQ(policy.keys, KeyLayout::kCsk);
  EXPECT_EQ(policy.denial, Denial::kNsec);
  EXPECT_EQ(policy.signature_lifetime_s, 14 * 86'400);
  EXPECT_EQ(policy.ksk_lifetime_s, 0);
  EXPECT_TRUE(policy.generate);
  EXPECT_TRUE(policy.cds);
}

TEST(DnssecPolicy, ReadsEveryKey) {
  std::string said;
  const auto config = read(
      kZone +
          "[dnssec.all]\nalgorithm = 'rsasha256'\nrsa_bits = 3072\nkeys = 'ksk-zsk'\n"
          "key_dir = '/keys'\ngenerate = false\ndenial = 'nsec3'\nnsec3_opt_out = true\n"
          "signature_lifetime = '30d'\nsignature_refresh = '10d'\nsignature_jitter = '1d'\n"
          "inception_skew = '2h'\ndnskey_ttl = '2h'\nzsk_lifetime = '90d'\nksk_lifetime = '365d'\n"
          "propagation = '5m'\nparent_propagation = '10m'\nparent_ds_ttl = '1h'\ncds = false\n"
          "go_insecure = true\nserial = 'unixtime'\n",
      said);
  ASSERT_TRUE(config) << said;
  const DnssecPolicy& policy = config->dnssec[0];
  EXPECT_EQ(policy.algorithm, "rsasha256");
  EXPECT_EQ(policy.rsa_bits, 3072U);
  EXPECT_EQ(policy.keys, KeyLayout::kKskZsk);
  EXPECT_EQ(policy.key_dir, "/keys");
  EXPECT_FALSE(policy.generate);
  EXPECT_EQ(policy.denial, Denial::kNsec3);
  EXPECT_TRUE(policy.nsec3_opt_out);
  EXPECT_EQ(policy.signature_lifetime_s, 30 * 86'400);
  EXPECT_EQ(policy.signature_refresh_s, 10 * 86'400);
  EXPECT_EQ(policy.signature_jitter_s, 86'400);
  EXPECT_EQ(policy.inception_skew_s, 7200);
  EXPECT_EQ(policy.dnskey_ttl_s, 7200U);
  EXPECT_EQ(policy.zsk_lifetime_s, 90 * 86'400);
  EXPECT_EQ(policy.ksk_lifetime_s, 365 * 86'400);
  EXPECT_EQ(policy.propagation_s, 300);
  EXPECT_EQ(policy.parent_propagation_s, 600);
  EXPECT_EQ(policy.parent_ds_ttl_s, 3600);
  EXPECT_FALSE(policy.cds);
  EXPECT_TRUE(policy.go_insecure);
  EXPECT_EQ(policy.serial, SerialPolicy::kUnixTime);
}

TEST(DnssecPolicy, RefreshAndJitterFollowAShorterSignatureLifetime) {
  std::string said;
  const auto config =
      read(kZone + "[dnssec.quick]\nkey_dir = '/keys'\nsignature_lifetime = '20s'\n", said);
  ASSERT_TRUE(config) << said;
  EXPECT_EQ(config->dnssec[0].signature_refresh_s, 10);
  EXPECT_EQ(config->dnssec[0].signature_jitter_s, 2);
}

TEST(DnssecPolicy, RefusesWhatWouldNotTakeEffect) {
  std::string said;
  EXPECT_FALSE(read(kZone + "[dnssec.x]\nkey_dir = '/keys'\nrsa_bits = 2048\nzsk_lifetime = '90d'\n"
                            "nsec3_opt_out = true\ndnskey_ttl = '1500ms'\n",
                    said));
  EXPECT_NE(said.find("'rsa_bits' is set but not used"), std::string::npos) << said;
  EXPECT_NE(said.find("'zsk_lifetime' is set but not used"), std::string::npos) << said;
  EXPECT_NE(said.find("'nsec3_opt_out' is set but not used"), std::string::npos) << said;
  EXPECT_NE(said.find("'dnskey_ttl' is 1500ms, not whole seconds"), std::string::npos) << said;
}

}  // namespace
}  // namespace gslb::config
