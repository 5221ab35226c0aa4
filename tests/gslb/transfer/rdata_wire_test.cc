#include "gslb/transfer/rdata_wire.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

using dns::RrType;
using Octs = std::vector<std::uint8_t>;

TEST(WireName, APointerMustLeadBackwards) {
  std::size_t at = 0;
  EXPECT_FALSE(read_name(Octs{0xc0, 0x00}, &at));
  at = 0;
  EXPECT_FALSE(read_name(Octs{1, 'a', 0xc0, 0x00}, &at));  // its own label, for ever
  at = 2;
  EXPECT_FALSE(read_name(Octs{0xc0, 0x02, 0xc0, 0x00}, &at));  // there and back
  at = 3;
  const auto good = read_name(Octs{1, 'a', 0, 1, 'b', 0xc0, 0x00, 9}, &at);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->to_string(), "b.a.");
  EXPECT_EQ(at, 7U);
}

TEST(WireName, NoneIsLongerThan255Octets) {
  Octs message;
  for (int i = 0; i < 4; ++i) {
    message.push_back(63);
    message.insert(message.end(), 63, 'a');
  }
  message.push_back(0);
  std::size_t at = 0;
  EXPECT_FALSE(read_name(message, &at));
  message[192] = 61;
  message.erase(message.begin() + 193, message.begin() + 195);
  at = 0;
  EXPECT_TRUE(read_name(message, &at));
}

TEST(WireName, ReservedLabelTypesAreRefused) {
  std::size_t at = 0;
  EXPECT_FALSE(read_name(Octs{0x40, 0}, &at));
  at = 0;
  EXPECT_FALSE(read_name(Octs{0x80, 0}, &at));
}

bool is_good(RrType type, const Octs& rdata) {
  Octs out;
  return read_rdata(rdata, 0, rdata.size(), type, out).has_value();
}

TEST(WireRdata, EveryTypeTheZoneReaderWritesIsTakenAsItIs) {
  const auto list = records(R"(a. 1 A 192.0.2.1
a. 1 NS b.
a. 1 SOA a. b. 1 2 3 4 5
a. 1 HINFO "x" "y"
a. 1 MX 5 b.
a. 1 TXT "a" "b"
a. 1 RP a. b.
a. 1 AFSDB 1 b.
a. 1 AAAA 2001:db8::1
a. 1 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
a. 1 SRV 1 2 3 b.
a. 1 NAPTR 1 2 "a" "b" "c" d.
a. 1 KX 1 b.
a. 1 CERT 1 2 3 AAAA
a. 1 DNAME b.
a. 1 DS 1 13 2 0123456789012345678901234567890123456789012345678901234567890123
a. 1 SSHFP 1 1 0123456789012345678901234567890123456789
a. 1 RRSIG A 13 1 1 20300101000000 20200101000000 1 a. AAAA
a. 1 NSEC b. A NS
a. 1 DNSKEY 256 3 13 AAAA
a. 1 NSEC3 1 0 0 - 0123456789ABCDEFGHIJKLMNOPQRSTUV A
a. 1 NSEC3PARAM 1 0 0 -
a. 1 TLSA 3 1 1 0123456789012345678901234567890123456789012345678901234567890123
a. 1 CSYNC 1 3 A NS
a. 1 SVCB 1 b. alpn=h2 port=443
a. 1 HTTPS 0 b.
a. 1 URI 1 2 "x"
a. 1 CAA 0 issue "x"
a. 1 EUI48 00-00-5e-00-53-2a
a. 1 IPSECKEY 10 1 2 192.0.2.38 AAAA
a. 1 TYPE65280 \# 3 010203
)");
  EXPECT_EQ(list.size(), 31U);
  for (const Record& record : list) {
    Octs out;
    EXPECT_TRUE(read_rdata(record.rdata, 0, record.rdata.size(), record.type, out))
        << dns::to_string(record.type);
    EXPECT_EQ(out, record.rdata) << dns::to_string(record.type);
    EXPECT_EQ(fold_rdata(record.type, record.rdata).size(), record.rdata.size());
    // What has a fixed shape is refused when the last octet is gone or one too many is there.
    if (record.type == RrType::kA || record.type == RrType::kSoa || record.type == RrType::kMx) {
      Octs longer = record.rdata;
      longer.push_back(0);
      EXPECT_FALSE(is_good(record.type, longer));
      longer.resize(record.rdata.size() - 1);
      EXPECT_FALSE(is_good(record.type, longer));
    }
  }
}

TEST(WireRdata, PointersStandOnlyWhereTheyMay) {
  Octs message{1, 'a', 0};
  Octs out;
  const auto add = [&](Octs rdata) {
    message.resize(3);
    message.insert(message.end(), rdata.begin(), rdata.end());
    return rdata.size();
  };
  std::size_t size = add({0, 1, 0, 2, 0, 3, 0xc0, 0});
  EXPECT_TRUE(read_rdata(message, 3, size, RrType::kSrv, out));  // RFC 3597 4
  EXPECT_EQ(out, (Octs{0, 1, 0, 2, 0, 3, 1, 'a', 0}));
  size = add({0, 1, 0xc0, 0});
  EXPECT_FALSE(read_rdata(message, 3, size, RrType::kSvcb, out));
  size = add({0xc0, 0, 0});
  EXPECT_FALSE(read_rdata(message, 3, size, RrType::kNsec, out));
}

TEST(WireRdata, FieldsMustBeWhole) {
  EXPECT_FALSE(is_good(RrType::kTxt, {}));
  EXPECT_FALSE(is_good(RrType::kTxt, {2, 'a'}));
  EXPECT_FALSE(is_good(RrType::kNsec, {0, 0, 33}));
  EXPECT_FALSE(is_good(RrType::kNsec, {0, 0, 1, 0}));           // a window that ends in zero
  EXPECT_FALSE(is_good(RrType::kNsec, {0, 1, 1, 1, 0, 1, 1}));  // windows out of order
  EXPECT_FALSE(is_good(RrType::kSvcb, {0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0}));  // a key twice
  EXPECT_FALSE(is_good(RrType::kDs, {0, 1, 13, 2}));
}

TEST(WireRdata, FoldsTheNamesDnssecFolds) {
  const Record mx = record_of("a. 1 MX 5 MAIL.Example.");
  EXPECT_EQ(fold_rdata(mx.type, mx.rdata), record_of("a. 1 MX 5 mail.example.").rdata);
  const Record txt = record_of("a. 1 TXT \"MiXed\"");
  EXPECT_EQ(fold_rdata(txt.type, txt.rdata), txt.rdata);
  const Record naptr = record_of("a. 1 NAPTR 1 2 \"U\" \"X\" \"C\" Z.");
  EXPECT_EQ(fold_rdata(naptr.type, naptr.rdata),
            record_of("a. 1 NAPTR 1 2 \"U\" \"X\" \"C\" z.").rdata);
}

}  // namespace
}  // namespace gslb::transfer
