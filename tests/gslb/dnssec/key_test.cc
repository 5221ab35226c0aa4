// Vectors of RFC 4034 5.4, RFC 6605 6.1 and 6.2, RFC 8080 6.1, RFC 5702 6.1, and every algorithm's
// own round trip.
#include <gmock/gmock.h>

#include "gslb/base/base64.h"
#include "gslb/dnssec/sign_rrset.h"

namespace gslb::dnssec {
namespace {

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

Buffer base64(std::string_view text) {
  const auto octets = decode_base64(text);
  return octets ? Buffer(octets->begin(), octets->end()) : Buffer();
}

Buffer dnskey(std::uint16_t flags, Algorithm algorithm, std::string_view key) {
  Buffer rdata = {static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags), 3,
                  static_cast<std::uint8_t>(algorithm)};
  const Buffer field = base64(key);
  rdata.insert(rdata.end(), field.begin(), field.end());
  return rdata;
}

std::string hex(Octets octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

// One record with its RRSIG, as an RFC prints them.
struct Example {
  std::string_view what;
  Algorithm algorithm;
  std::uint16_t flags;
  std::string_view key;
  std::uint16_t tag;
  std::string_view zone, owner;
  dns::RrType type;
  Buffer rdata;
  std::uint8_t labels;
  Validity validity;
  std::string_view signature;
};

const std::vector<Example>& examples() {
  const Buffer mail = {0,   10,  4,   'm', 'a', 'i', 'l', 7,   'e', 'x',
                       'a', 'm', 'p', 'l', 'e', 3,   'c', 'o', 'm', 0};
  static const std::vector<Example> all = {
      {"RFC 5702 6.1",
       Algorithm::kRsaSha256,
       256,
       "AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmO"
       "bdk=",
       9033,
       "example.net.",
       "www.example.net.",
       dns::RrType::kA,
       {192, 0, 2, 91},
       3,
       {946684800, 1893456000},
       "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg=="},
      {"RFC 6605 6.1",
       Algorithm::kEcdsaP256Sha256,
       257,
       "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
       55648,
       "example.net.",
       "www.example.net.",
       dns::RrType::kA,
       {192, 0, 2, 1},
       3,
       {1281607479, 1284026679},
       "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw=="},
      {"RFC 6605 6.2",
       Algorithm::kEcdsaP384Sha384,
       257,
       "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
       "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
       10771,
       "example.net.",
       "www.example.net.",
       dns::RrType::kA,
       {192, 0, 2, 1},
       3,
       {1281608425, 1284027625},
       "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz"
       "WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm"},
      // With erratum 4935: two labels.
      {"RFC 8080 6.1",
       Algorithm::kEd25519,
       257,
       "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
       3613,
       "example.com.",
       "example.com.",
       dns::RrType::kMx,
       mail,
       2,
       {1438207200, 1440021600},
       "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg=="},
  };
  return all;
}

Buffer records_of(Octets rdata) {
  Buffer records(2);
  store_u16(records.data(), static_cast<std::uint16_t>(rdata.size()));
  records.insert(records.end(), rdata.begin(), rdata.end());
  return records;
}

Buffer rrsig_of(const Example& example, std::string_view signer) {
  Buffer rdata(18);
  store_u16(rdata.data(), static_cast<std::uint16_t>(example.type));
  rdata[2] = static_cast<std::uint8_t>(example.algorithm);
  rdata[3] = example.labels;
  store_u32(rdata.data() + 4, 3600);
  store_u32(rdata.data() + 8, example.validity.expiration);
  store_u32(rdata.data() + 12, example.validity.inception);
  store_u16(rdata.data() + 16, example.tag);
  const dns::Name of = name(signer);
  rdata.insert(rdata.end(), of.wire().begin(), of.wire().end());
  const Buffer signature = base64(example.signature);
  rdata.insert(rdata.end(), signature.begin(), signature.end());
  return rdata;
}

bool verifies(const Example& example, std::string_view owner, Octets rdata,
              std::string_view signer) {
  const auto key = PublicKey::from_rdata(dnskey(example.flags, example.algorithm, example.key));
  const Buffer records = records_of(rdata);
  return key && verify_rrset(*key, name(owner).wire(), {example.type, 60, 1, records},
                             rrsig_of(example, signer));
}

TEST(Key, VerifiesTheExamplesOfTheRfcs) {
  for (const Example& example : examples()) {
    SCOPED_TRACE(example.what);
    EXPECT_EQ(key_tag(dnskey(example.flags, example.algorithm, example.key)), example.tag);
    EXPECT_TRUE(verifies(example, example.owner, example.rdata, example.zone));
  }
}

TEST(Key, VerifiesNothingThatWasChanged) {
  for (const Example& example : examples()) {
    SCOPED_TRACE(example.what);
    Buffer rdata = example.rdata;
    rdata[1] ^= 1;
    EXPECT_FALSE(verifies(example, example.owner, rdata, example.zone));
    EXPECT_FALSE(verifies(example, "vvv.example.net.", example.rdata, example.zone));
    EXPECT_FALSE(verifies(example, example.owner, example.rdata, "net."));
    Example other = example;
    ++other.validity.expiration;
    EXPECT_FALSE(verifies(other, example.owner, example.rdata, example.zone));
  }
}

TEST(Key, ComparesSignersAndRdataNamesInAnyCase) {
  const Example& mail = examples()[3];
  Buffer rdata = mail.rdata;
  rdata[3] = 'M';
  rdata[10] = 'A';
  EXPECT_TRUE(verifies(mail, mail.owner, rdata, "Example.COM."));
}

TEST(Key, DigestIsThatOfTheRfcs) {
  const auto ds = [](const Example& example, DigestType digest) {
    return hex(ds_rdata(name(example.zone), dnskey(example.flags, example.algorithm, example.key),
                        digest));
  };
  EXPECT_EQ(ds(examples()[1], DigestType::kSha256),
            "d9600d02b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17");
  EXPECT_EQ(
      ds(examples()[2], DigestType::kSha384),
      "2a130e0472d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3"
      "008a946df983d6");
  EXPECT_EQ(ds(examples()[3], DigestType::kSha256),
            "0e1d0f023aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b");
}

TEST(Key, Ed25519SignsAsRfc8080Does) {
  const Example& example = examples()[3];
  PrivateNumbers numbers;
  numbers.secret = base64("ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=");
  const auto key = SigningKey::from_numbers(name("example.com."),
                                            dnskey(257, Algorithm::kEd25519, example.key), numbers);
  ASSERT_TRUE(key);
  const Buffer records = records_of(example.rdata);
  EXPECT_EQ(sign_rrset(*key, name(example.owner).wire(), {example.type, 3600, 1, records},
                       example.validity),
            rrsig_of(example, "example.com."));
}

TEST(Key, RefusesHalvesThatDoNotBelongTogether) {
  PrivateNumbers numbers;
  numbers.secret = base64("DSSF3o0s0f+ElWzj9E/Osxw8hLpk55chkmx0LYN5WiY=");
  const auto key = SigningKey::from_numbers(
      name("example.com."), dnskey(257, Algorithm::kEd25519, examples()[3].key), numbers);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error(), KeyError::kNotAPair);
}

class EveryAlgorithm : public testing::TestWithParam<Algorithm> {};

TEST_P(EveryAlgorithm, MakesKeysWhoseSignaturesVerify) {
  const auto key = SigningKey::generate(name("Example.ORG."), GetParam(), kKskFlags);
  EXPECT_EQ(key->owner().to_string(), "example.org.");
  EXPECT_TRUE(key->is_sep());
  const auto half = PublicKey::from_rdata(key->dnskey_rdata());
  ASSERT_TRUE(half);
  EXPECT_EQ(half->tag(), key->tag());
  // ECDSA's r and s have leading zeros now and then.
  for (std::uint8_t i = 0; i < 100; ++i) {
    Buffer message = {1, 2, i};
    Buffer signature = key->sign(message);
    EXPECT_EQ(signature.size(), key->signature_octets());
    EXPECT_TRUE(half->verify(message, signature));
    signature[signature.size() / 2] ^= 1;
    EXPECT_FALSE(half->verify(message, signature));
    EXPECT_FALSE(half->verify(message, Octets(signature).first(signature.size() - 1)));
    EXPECT_FALSE(half->verify(message, {}));
  }
}

TEST_P(EveryAlgorithm, SurvivesItsNumbers) {
  const auto key = SigningKey::generate(name("example.org."), GetParam(), kZskFlags);
  const auto again =
      SigningKey::from_numbers(key->owner(), key->dnskey_rdata(), key->private_numbers());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->tag(), key->tag());
  EXPECT_EQ(parse_algorithm(to_string(GetParam())), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Key, EveryAlgorithm,
                         testing::Values(Algorithm::kRsaSha256, Algorithm::kRsaSha512,
                                         Algorithm::kEcdsaP256Sha256, Algorithm::kEcdsaP384Sha384,
                                         Algorithm::kEd25519));

TEST(Key, TakesAnyOctetsForAPublicKey) {
  for (const Example& example : examples()) {
    const Buffer whole = dnskey(example.flags, example.algorithm, example.key);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // RSA's modulus has no length of its own: any that is long enough is a key.
      const bool is_rsa = example.algorithm == Algorithm::kRsaSha256;
      const auto key = PublicKey::from_rdata(Octets(whole).first(size));
      EXPECT_TRUE(!key || is_rsa) << example.what << " " << size;
    }
  }
  EXPECT_FALSE(PublicKey::from_rdata(dnskey(1, Algorithm::kEd25519, examples()[3].key)));
  EXPECT_FALSE(PublicKey::from_rdata(Buffer{1, 1, 3, 5, 1, 2, 3}));
}

}  // namespace
}  // namespace gslb::dnssec
