#include "gslb/config/transfer.h"

#include <gtest/gtest.h>

#include "gslb/config/config.h"

#include "tests/support/folder.h"

namespace gslb::config {
namespace {

const std::string kZone = "[[zone]]\nname = 'example.'\nfile = 'example.zone'\n";
const std::string kSecret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const std::string kOctets = "0123456789abcdef0123456789abcdef";
const std::string kKey = "[[key]]\nname = 'Xfr.'\nsecret = '" + kSecret + "'\n";

class TransferConfigTest : public ::testing::Test {
 protected:
  Config good(const std::string& text) {
    Problems problems;
    auto config = parse(text, "/etc/proxima/proxima.toml", problems);
    EXPECT_TRUE(config) << problems.to_string();
    EXPECT_EQ(problems.to_string(), "");
    return config.value_or(Config{});
  }
  std::string bad(const std::string& text) {
    Problems problems;
    EXPECT_FALSE(parse(text, "f", problems)) << text;
    return problems.to_string();
  }
  // [[key]] with this file and these further lines.
  std::string key_from(const std::string& content, const std::string& more = "") {
    const std::string path = folder_.write("key", content);
    EXPECT_EQ(::system(("chmod 600 " + path).c_str()), 0);
    return kZone + "[[key]]\nsecret_file = '" + path + "'\n" + more;
  }
  void expect_key(const Config& config, const std::string& name, TsigAlgorithm algorithm) {
    ASSERT_EQ(config.keys.size(), 1U);
    EXPECT_EQ(config.keys[0].name.text, name);
    EXPECT_EQ(config.keys[0].algorithm, algorithm);
    EXPECT_EQ(config.keys[0].secret, kOctets);
  }

  const tests::Folder folder_;
};

TEST_F(TransferConfigTest, NobodyMayTransferUnlessToldSo) {
  const Config config = good(kZone);
  EXPECT_TRUE(config.zones[0].transfer->allow.empty());
  EXPECT_TRUE(config.zones[0].transfer->notify.empty());
  EXPECT_FALSE(config.zones[0].transfer->tls_only);
  EXPECT_EQ(config.zones[0].transfer->journal_octets, 16 << 20);
}

TEST_F(TransferConfigTest, ReadsKeysRemotesAndRules) {
  const Config config = good(
      kKey + "algorithm = 'hmac-sha512'\n" +
      "[[remote]]\nid = 'knot1'\naddress = ['192.0.2.1', '[2001:db8::1]:5300']\nkey = 'xfr'\n"
      "source = '192.0.2.9'\n"
      "[[remote]]\nid = 'bind1'\naddress = '192.0.2.2'\ntls = true\ntls_name = 'bind1.example'\n"
      "tls_ca = 'ca.pem'\nnotify_port = 5301\n" +
      kZone +
      "allow_transfer = ['knot1', '192.0.2.0/24', '2001:db8::7', 'key:XFR.']\ntransfer_tls = true\n"
      "notify = 'knot1'\njournal = '1MiB'\n[transfer]\noutgoing = 7\n");
  expect_key(config, "Xfr.", TsigAlgorithm::kHmacSha512);
  ASSERT_EQ(config.remotes.size(), 2U);
  EXPECT_EQ(config.remotes[0].addresses[0].to_string(), "192.0.2.1:53");
  EXPECT_EQ(config.remotes[0].addresses[1].to_string(), "[2001:db8::1]:5300");
  EXPECT_EQ(config.remotes[0].key, "xfr");
  EXPECT_EQ(config.remotes[0].source->to_string(), "192.0.2.9");
  EXPECT_EQ(config.remotes[1].addresses[0].port, 853);
  EXPECT_EQ(config.remotes[1].tls_name, "bind1.example");
  EXPECT_EQ(config.remotes[1].tls_ca, "/etc/proxima/ca.pem");
  EXPECT_EQ(config.remotes[1].notify_port, 5301);
  const ZoneTransfer& transfer = *config.zones[0].transfer;
  ASSERT_EQ(transfer.allow.size(), 4U);
  EXPECT_EQ(transfer.allow[0].remote, "knot1");
  EXPECT_EQ(transfer.allow[1].prefix->to_string(), "192.0.2.0/24");
  EXPECT_EQ(transfer.allow[2].prefix->bits(), 128);
  EXPECT_EQ(transfer.allow[3].key, "xfr");
  EXPECT_TRUE(transfer.tls_only);
  EXPECT_EQ(transfer.notify[0].text, "knot1");
  EXPECT_EQ(transfer.journal_octets, 1 << 20);
  EXPECT_EQ(config.transfer.outgoing, 7U);
}

TEST_F(TransferConfigTest, ACatalogWithoutFileAndPrimariesIsMadeHere) {
  const std::string catalog = "[[zone]]\nname = 'catalog.'\ncatalog = true\n";
  const Config config = good(catalog + kZone + "member_of = 'Catalog'\n");
  EXPECT_TRUE(config.zones[0].secondary->is_catalog);
  EXPECT_EQ(config.zones[1].transfer->member_of->text, "Catalog");
  EXPECT_NE(bad(kZone + "member_of = 'catalog.'\n").find("no catalog made here"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "member_of = 'example.'\n").find("no catalog made here"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "catalog = true\n").find("'catalog' is for"), std::string::npos);
}

TEST_F(TransferConfigTest, TakesAKeyAsBindAndKnotWriteIt) {
  expect_key(good(key_from("key \"xfr.\" {\n\talgorithm hmac-sha384;\n\tsecret \"" + kSecret +
                           "\";\n};\n")),
             "xfr.", TsigAlgorithm::kHmacSha384);
  expect_key(good(key_from("# hmac-sha256:xfr:" + kSecret + "\nkey:\n  - id: xfr\n" +
                           "    algorithm: hmac-sha512\n    secret: " + kSecret + "\n")),
             "xfr", TsigAlgorithm::kHmacSha512);
  expect_key(good(key_from(kSecret + "\n", "name = 'xfr.'\n")), "xfr.", TsigAlgorithm::kHmacSha256);
}

TEST_F(TransferConfigTest, SaysWhatIsWrongWithAKey) {
  EXPECT_NE(bad(kZone + kKey + "algorithm = 'hmac-md5'\n").find("too weak"), std::string::npos);
  EXPECT_NE(bad(kZone + kKey + "algorithm = 'hmac-sha1'\n").find("too weak"), std::string::npos);
  EXPECT_NE(bad(kZone + kKey + "algorithm = 'rsa'\n").find("unknown algorithm"), std::string::npos);
  EXPECT_NE(bad(kZone + "[[key]]\nname = 'x.'\n").find("no secret"), std::string::npos);
  EXPECT_NE(bad(kZone + "[[key]]\nname = 'x.'\nsecret = 'not base64'\n").find("not base64"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "[[key]]\nname = 'x.'\nsecret = 'YWJj'\n").find("3 octets"),
            std::string::npos);
  EXPECT_NE(bad(kZone + kKey + kKey).find("stands twice"), std::string::npos);
  EXPECT_NE(bad(key_from("key a { secret x; }; key b { secret y; };")).find("one TSIG key"),
            std::string::npos);
  EXPECT_NE(
      bad(key_from("key a { secret \"" + kSecret + "\"; };", "name = 'b'\n")).find("is named 'a'"),
      std::string::npos);
  EXPECT_NE(bad(key_from(kSecret)).find("'name'"), std::string::npos);
}

TEST_F(TransferConfigTest, SaysWhatIsWrongWithARemoteOrARule) {
  const std::string remote = "[[remote]]\nid = 'a'\naddress = '192.0.2.1'\n";
  EXPECT_NE(bad(kZone + remote + remote).find("remote 'a' stands twice"), std::string::npos);
  EXPECT_NE(bad(kZone + remote + "key = 'none.'\n").find("unknown key 'none'"), std::string::npos);
  EXPECT_NE(bad(kZone + remote + "tls_name = 'x'\n").find("TLS, which is off"), std::string::npos);
  EXPECT_NE(bad(kZone + "[[remote]]\nid = 'a'\naddress = 'ns1.example'\n")
                .find("not an address of a server"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "[[remote]]\nid = 'a'\n").find("address"), std::string::npos);
  EXPECT_NE(bad(kZone + "allow_transfer = 'b'\n").find("unknown remote 'b'"), std::string::npos);
  EXPECT_NE(bad(kZone + "allow_transfer = 'key:b'\n").find("unknown key 'b'"), std::string::npos);
  EXPECT_NE(bad(kZone + "allow_transfer = '192.0.2.1/24'\n").find("beyond its length"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "allow_transfer = 'tls:b.example'\n").find("tls_client_ca"),
            std::string::npos);
  EXPECT_NE(bad(kZone + remote + "tls_key = 'k'\n").find("'tls_certificate' is missing"),
            std::string::npos);
  EXPECT_NE(bad(kZone + "notify = 'b'\n").find("unknown remote 'b'"), std::string::npos);
}

}  // namespace
}  // namespace gslb::config
