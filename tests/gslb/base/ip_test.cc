#include "gslb/base/ip.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace gslb {
namespace {

Address address(std::string_view text) { return Address::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

TEST(Address, PrintsTheCanonicalForm) {
  EXPECT_EQ(address("192.0.2.1").to_string(), "192.0.2.1");
  EXPECT_EQ(address("2001:0DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");  // RFC 5952
  EXPECT_EQ(Address().to_string(), "0.0.0.0");
  EXPECT_EQ(Address::v4(0xC0000201), address("192.0.2.1"));
}

TEST(Address, RefusesEverythingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "01.2.3.4"sv, " 1.2.3.4"sv, "1.2.3.4 "sv,
        "1.2.3.4\0"sv, "1.2.3.4\0x"sv, "fe80::1%eth0"sv, "[::1]"sv, ":::"sv, "1::2::3"sv, "::g"sv,
        "localhost"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, MakesIpv4OfIpv4Mapped) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_FALSE(address("::ffff:192.0.2.1").is_v6());
  std::array<std::uint8_t, 16> octets{};
  octets[10] = octets[11] = 0xff;
  octets[15] = 7;
  EXPECT_EQ(Address::from_octets(octets), address("0.0.0.7"));
  octets[0] = 1;
  EXPECT_TRUE(Address::from_octets(octets).is_v6());
}

TEST(Address, OrdersIpv4BeforeIpv6) {
  EXPECT_LT(address("255.255.255.255"), address("::"));
  EXPECT_LT(address("9.0.0.0"), address("10.0.0.0"));
  EXPECT_LT(address("::ff"), address("::100"));
}

TEST(Address, MasksAndFillsEveryLength) {
  const Address ones = address("255.255.255.255");
  for (int bits = 0; bits <= 32; ++bits) {
    const auto mask = bits == 0 ? 0U : ~0U << (32 - bits);
    EXPECT_EQ(ones.masked(bits).v4_host_order(), mask);
    EXPECT_EQ(Address().filled(bits).v4_host_order(), ~mask);
  }
  EXPECT_EQ(address("2001:db8:ffff::1").masked(33), address("2001:db8:8000::"));
  EXPECT_EQ(address("::1").masked(128), address("::1"));
  EXPECT_EQ(address("2001:db8::").filled(127), address("2001:db8::1"));
}

TEST(Address, KnowsWhatNoClientOfTheInternetHas) {
  for (const char* text : {"10.1.2.3",
                           "100.64.0.1",
                           "127.0.0.1",
                           "169.254.1.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "192.0.2.9",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "0.0.0.0",
                           "198.19.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fd00::1",
                           "2001:db8::1",
                           "ff02::1",
                           "100::1",
                           "3fff::1"}) {
    EXPECT_FALSE(address(text).is_global()) << text;
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.0", "1.0.0.0",
                           "223.255.255.255", "2001:4860::1", "2a00::", "2400:cb00::1"}) {
    EXPECT_TRUE(address(text).is_global()) << text;
  }
}

TEST(Address, KnowsLoopbackAndUnspecified) {
  EXPECT_TRUE(address("127.255.0.1").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_TRUE(address("::").is_unspecified());
  EXPECT_TRUE(address("0.0.0.0").is_unspecified());
  EXPECT_FALSE(address("0.0.0.1").is_unspecified());
}

TEST(Prefix, ParsesLengthAndBareAddress) {
  EXPECT_EQ(prefix("192.0.2.0/24").to_string(), "192.0.2.0/24");
  EXPECT_EQ(prefix("192.0.2.1").bits(), 32);
  EXPECT_EQ(prefix("2001:db8::1").bits(), 128);
  EXPECT_EQ(prefix("0.0.0.0/0").bits(), 0);
}

TEST(Prefix, SaysWhyItRefuses) {
  const auto why = [](std::string_view text) {
    Prefix::ParseError error{};
    EXPECT_FALSE(Prefix::parse(text, &error)) << text;
    return error;
  };
  EXPECT_EQ(why("192.0.2/24"), Prefix::ParseError::kAddress);
  for (const char* text : {"192.0.2.0/33", "::/129", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/+1",
                           "192.0.2.0/2 4", "192.0.2.0/4294967297"}) {
    EXPECT_EQ(why(text), Prefix::ParseError::kLength) << text;
  }
  EXPECT_EQ(why("192.0.2.1/24"), Prefix::ParseError::kHostBits);
  EXPECT_EQ(why("2001:db8::1/64"), Prefix::ParseError::kHostBits);
}

TEST(Prefix, CountsTheLengthOfMappedPrefixesFromIpv6) {
  EXPECT_EQ(prefix("::ffff:192.0.2.0/120"), prefix("192.0.2.0/24"));
  EXPECT_EQ(prefix("::ffff:0.0.0.0/96"), prefix("0.0.0.0/0"));
  EXPECT_EQ(prefix("::ffff:192.0.2.1"), prefix("192.0.2.1/32"));
  // Host bits beyond an IPv6 length of 8, not 10.0.0.0/8.
  EXPECT_FALSE(Prefix::parse("::ffff:10.0.0.0/8"));
}

TEST(Prefix, ContainsExactlyFirstToLast) {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    const int bits = static_cast<int>(random.below(33));
    const Prefix some(Address::v4(static_cast<std::uint32_t>(random.next())), bits);
    const std::uint64_t first = some.address().v4_host_order();
    const std::uint64_t last = some.last().v4_host_order();
    EXPECT_EQ(last - first + 1, std::uint64_t{1} << (32 - bits));
    EXPECT_TRUE(some.contains(some.address()));
    EXPECT_TRUE(some.contains(some.last()));
    if (first > 0) {
      EXPECT_FALSE(some.contains(Address::v4(static_cast<std::uint32_t>(first - 1))));
    }
    if (last < 0xffffffff) {
      EXPECT_FALSE(some.contains(Address::v4(static_cast<std::uint32_t>(last + 1))));
    }
  }
}

TEST(Prefix, StaysIpv6WhereItsLastAddressLooksMapped) {
  EXPECT_TRUE(prefix("::/80").last().is_v6());
  EXPECT_TRUE(prefix("::/80").contains(prefix("::/80").last()));
  EXPECT_TRUE(prefix("::fffe:0:0/95").last().is_v6());
}

TEST(Prefix, ContainsNothingOfTheOtherFamily) {
  EXPECT_FALSE(prefix("::/0").contains(address("192.0.2.1")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
  EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
}

TEST(Endpoint, TakesTheUsualSpellings) {
  const auto text = [](std::string_view spelled) {
    return Endpoint::parse(spelled, 53).value().to_string();
  };
  EXPECT_EQ(text("192.0.2.1"), "192.0.2.1:53");
  EXPECT_EQ(text("192.0.2.1:5353"), "192.0.2.1:5353");
  EXPECT_EQ(text("192.0.2.1@5353"), "192.0.2.1:5353");
  EXPECT_EQ(text("::1"), "[::1]:53");
  EXPECT_EQ(text("[::1]"), "[::1]:53");
  EXPECT_EQ(text("[::1]:0"), "[::1]:0");
  EXPECT_EQ(text("2001:db8::1@65535"), "[2001:db8::1]:65535");
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const char* spelled : {"", ":53", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "[::1",
                              "[::1]53", "[::1]:", "localhost:53", "192.0.2.1@", "*:53", "[]:53"}) {
    EXPECT_FALSE(Endpoint::parse(spelled, 53)) << spelled;
  }
}

}  // namespace
}  // namespace gslb
