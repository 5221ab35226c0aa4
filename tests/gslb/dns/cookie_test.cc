#include "gslb/dns/cookie.h"

#include <gtest/gtest.h>

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dns {
namespace {

using testing::Buffer;
using testing::hex;

CookieSecret secret(const char* text) { return *parse_cookie_secret(text); }
Address address(const char* text) { return *Address::parse(text); }
Buffer octets(const Cookie& cookie) { return {cookie.begin(), cookie.end()}; }

// RFC 9018 appendix A.
constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";

TEST(SipHash, GivesTheVectorsOfItsAuthors) {
  CookieSecret key;
  Buffer message;
  for (std::uint8_t i = 0; i < 16; ++i) { key[i] = i; }
  EXPECT_EQ(siphash_2_4(key, message), 0x726fdb47dd0e0e31ULL);
  for (std::uint8_t i = 0; i < 15; ++i) { message.push_back(i); }
  EXPECT_EQ(siphash_2_4(key, message), 0xa129ca6149be45e5ULL);
}

TEST(Cookie, LearningANewServerCookie) {  // A.1
  EXPECT_EQ(octets(make_cookie(secret(kSecret), hex("2464c4abcf10c957"), 1559731985,
                               address("198.51.100.100"))),
            hex("2464c4abcf10c957 010000005cf79f11 1f8130c3eee29480"));
}

TEST(Cookie, TheSameClientLaterGetsARenewedOne) {  // A.2
  const std::vector<CookieSecret> secrets = {secret(kSecret)};
  const Address client = address("198.51.100.100");
  EXPECT_EQ(judge_cookie(secrets, hex("2464c4abcf10c957 010000005cf79f11 1f8130c3eee29480"),
                         1559734385, client),
            CookieState::kAged);
  EXPECT_EQ(octets(make_cookie(secrets[0], hex("2464c4abcf10c957"), 1559734385, client)),
            hex("2464c4abcf10c957 010000005cf7a871 d4a564a1442aca77"));
}

TEST(Cookie, ReservedOctetsAreHashedAsTheyCame) {  // A.3
  const std::vector<CookieSecret> secrets = {secret(kSecret)};
  const Address client = address("203.0.113.203");
  EXPECT_EQ(judge_cookie(secrets, hex("fc93fc62807ddb86 01abcdef5cf78f71 a314227b6679ebf5"),
                         1559727985 + 60, client),
            CookieState::kGood);
  EXPECT_EQ(octets(make_cookie(secrets[0], hex("fc93fc62807ddb86"), 1559734700, client)),
            hex("fc93fc62807ddb86 010000005cf7a9ac f73a7810aca2381e"));
}

TEST(Cookie, OfThePreviousSecretIsGoodAndReplaced) {  // A.4
  const std::vector<CookieSecret> secrets = {secret("445536bcd2513298075a5d379663c962"),
                                             secret("dd3bdf9344b678b185a6f5cb60fca715")};
  const Address client = address("2001:db8:220:1:59de:d0f4:8769:82b8");
  EXPECT_EQ(judge_cookie(secrets, hex("22681ab97d52c298 010000005cf7c579 26556bd0934c72f8"),
                         1559741961, client),
            CookieState::kAged);
  EXPECT_EQ(
      judge_cookie(std::span(secrets).first(1),
                   hex("22681ab97d52c298 010000005cf7c579 26556bd0934c72f8"), 1559741961, client),
      CookieState::kBad);
  EXPECT_EQ(octets(make_cookie(secrets[0], hex("22681ab97d52c298"), 1559741961, client)),
            hex("22681ab97d52c298 010000005cf7c609 a6bb79d16625507a"));
}

TEST(Cookie, IsGoodWithinItsTimeAlsoWhereTheClockWraps) {
  const std::vector<CookieSecret> secrets = {secret(kSecret)};
  const Address client = address("192.0.2.1");
  for (const std::uint32_t made : {1559731985U, 0xffffff00U, 5U}) {
    const Cookie cookie = make_cookie(secrets[0], hex("0102030405060708"), made, client);
    const auto state = [&](std::int64_t later) {
      return judge_cookie(secrets, cookie, static_cast<std::uint32_t>(made + later), client);
    };
    EXPECT_EQ(state(0), CookieState::kGood);
    EXPECT_EQ(state(1800), CookieState::kGood);
    EXPECT_EQ(state(1801), CookieState::kAged);
    EXPECT_EQ(state(3600), CookieState::kAged);
    EXPECT_EQ(state(3601), CookieState::kBad);
    EXPECT_EQ(state(-300), CookieState::kGood);
    EXPECT_EQ(state(-301), CookieState::kBad);
  }
}

TEST(Cookie, IsForOneClientAndEveryBitOfItCounts) {
  const std::vector<CookieSecret> secrets = {secret(kSecret)};
  const Address client = address("2001:db8::1");
  const Cookie cookie = make_cookie(secrets[0], hex("0102030405060708"), 1000, client);
  EXPECT_EQ(judge_cookie(secrets, cookie, 1000, client), CookieState::kGood);
  EXPECT_EQ(judge_cookie(secrets, cookie, 1000, address("2001:db8::2")), CookieState::kBad);
  EXPECT_EQ(judge_cookie(secrets, cookie, 1000, address("192.0.2.1")), CookieState::kBad);
  for (std::size_t bit = 0; bit < 8 * cookie.size(); ++bit) {
    Cookie other = cookie;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_EQ(judge_cookie(secrets, other, 1000, client), CookieState::kBad) << bit;
  }
}

TEST(Cookie, JudgesByLengthFirst) {
  const std::vector<CookieSecret> secrets = {secret(kSecret)};
  const Address client = address("192.0.2.1");
  EXPECT_EQ(judge_cookie(secrets, {}, 0, client), CookieState::kNone);
  EXPECT_EQ(judge_cookie(secrets, Buffer(8, 1), 0, client), CookieState::kClientOnly);
  for (const std::size_t size : {16, 23, 25, 40}) {
    EXPECT_EQ(judge_cookie(secrets, Buffer(size, 1), 0, client), CookieState::kBad);
  }
}

TEST(CookieSecret, Is32HexadecimalDigits) {
  EXPECT_TRUE(parse_cookie_secret("E5E973e5a6b2a43f48e7dc849e37bfcf"));
  EXPECT_FALSE(parse_cookie_secret("e5e973e5a6b2a43f48e7dc849e37bfc"));
  EXPECT_FALSE(parse_cookie_secret("e5e973e5a6b2a43f48e7dc849e37bfcf0"));
  EXPECT_FALSE(parse_cookie_secret("g5e973e5a6b2a43f48e7dc849e37bfcf"));
}

}  // namespace
}  // namespace gslb::dns
