// result, bytes, random, counters, problem, units: small values.
#include <limits>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "gslb/base/bytes.h"
#include "gslb/base/counters.h"
#include "gslb/base/problem.h"
#include "gslb/base/random.h"
#include "gslb/base/result.h"
#include "gslb/base/units.h"

namespace gslb {
namespace {

enum class Fault { kOne, kTwo };

TEST(Result, HoldsTheValueOrTheReason) {
  const Result<int, Fault> good = 7;
  const Result<int, Fault> bad = Unexpected(Fault::kTwo);
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 7);
  EXPECT_EQ(good.value_or(1), 7);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), Fault::kTwo);
  EXPECT_EQ(bad.value_or(1), 1);
}

TEST(Result, KeepsErrorsApartFromValuesOfTheirType) {
  const Result<int, int> bad = Unexpected(7);
  EXPECT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error(), 7);
}

TEST(Result, ThrowsWhenTheWrongSideIsRead) {
  const Result<int, Fault> good = 7;
  const Result<int, Fault> bad = Unexpected(Fault::kOne);
  EXPECT_THROW((void)bad.value(), std::bad_variant_access);
  EXPECT_THROW((void)good.error(), std::bad_variant_access);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>, Fault> held = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(held);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, OfVoidIsSuccessByDefault) {
  const Result<void, Fault> good;
  const Result<void, Fault> bad = Unexpected(Fault::kOne);
  EXPECT_TRUE(good);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), Fault::kOne);
}

TEST(Bytes, StoresWhatItLoadsInNetworkOrder) {
  std::uint8_t at[8] = {};
  store_u16(at, 0x0102);
  EXPECT_EQ(at[0], 1);
  EXPECT_EQ(load_u16(at), 0x0102);
  store_u32(at, 0xfffefdfc);
  EXPECT_EQ(at[3], 0xfc);
  EXPECT_EQ(load_u32(at), 0xfffefdfcU);
  store_u64(at, 0x8102030405060708ULL);
  EXPECT_EQ(at[0], 0x81);
  EXPECT_EQ(load_u64(at), 0x8102030405060708ULL);
}

TEST(ByteReader, ReadsToTheLastOctetAndNoFurther) {
  const std::uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7};
  ByteReader reader{Octets(octets)};
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, StaysFailed) {
  const std::uint8_t octets[] = {1, 2, 3};
  ByteReader reader{Octets(octets)};
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.u8(), 0);  // though there are three octets
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(ByteReader(Octets(octets), 4).failed());
  EXPECT_FALSE(ByteReader(Octets(octets), 3).failed());
  ByteReader huge{Octets(octets)};
  EXPECT_TRUE(huge.take(std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_TRUE(huge.failed());
}

TEST(Random, ReplaysFromItsSeed) {
  Random first(1);
  Random second(1);
  Random other(2);
  EXPECT_EQ(first.next(), second.next());
  EXPECT_NE(first.next(), other.next());
  EXPECT_EQ(Random(0).next(), 0xe220a8397b1dcdafULL);  // splitmix64's published first output
}

TEST(Random, StaysInItsRangeAndFillsIt) {
  Random random(42);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.below(10);
    ASSERT_LT(value, 10U);
    seen.insert(value);
    const double unit = random.unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    ASSERT_EQ(random.below(1), 0U);
  }
  EXPECT_EQ(seen.size(), 10U);
}

TEST(LogHistogram, PutsPowersOfTwoIntoTheNextBucket) {
  LogHistogram<4> histogram;
  for (const std::uint64_t value : {0ULL, 1ULL, 2ULL, 3ULL, 4ULL, 1ULL << 63}) {
    histogram.record(value);
  }
  EXPECT_EQ(histogram.bucket(0), 1U);  // 0
  EXPECT_EQ(histogram.bucket(1), 1U);  // 1
  EXPECT_EQ(histogram.bucket(2), 2U);  // 2, 3
  EXPECT_EQ(histogram.bucket(3), 2U);  // 4 and all above
  EXPECT_EQ(histogram.sum(), 10 + (1ULL << 63));
  EXPECT_EQ(histogram.upper_bound(2), 4U);
}

TEST(Problem, PrintsThePlaceThatIsKnown) {
  EXPECT_EQ((Problem{{"a.toml", 3, 7}, Severity::kError, "no", "do"}).to_string(),
            "a.toml:3:7: error: no (do)");
  EXPECT_EQ((Problem{{"a.toml", 3, 0}, Severity::kWarning, "hm", ""}).to_string(),
            "a.toml:3: warning: hm");
  EXPECT_EQ((Problem{{"a.toml"}, Severity::kError, "no", ""}).to_string(), "a.toml: error: no");
  EXPECT_EQ((Problem{{}, Severity::kError, "no", ""}).to_string(), "error: no");
}

TEST(Problems, CountsErrorsNotWarnings) {
  Problems problems;
  problems.warning({"f", 1, 1}, "w");
  EXPECT_FALSE(problems.has_errors());
  Problems other;
  other.error({"f", 2, 1}, "e");
  problems.append(other);
  EXPECT_EQ(problems.error_count(), 1U);
  EXPECT_EQ(problems.to_string(), "f:1:1: warning: w\nf:2:1: error: e\n");
}

TEST(DidYouMean, FindsTheNearestWithinAThird) {
  const std::vector<std::string> keys = {"ttl", "tiers", "answers", "fallback"};
  EXPECT_EQ(did_you_mean("tll", keys), "ttl");
  EXPECT_EQ(did_you_mean("tier", keys), "tiers");
  EXPECT_EQ(did_you_mean("anwsers", keys), "answers");
  EXPECT_EQ(did_you_mean("fallbcak", keys), "fallback");
  EXPECT_EQ(did_you_mean("fall", keys), "fallback");
  EXPECT_EQ(did_you_mean("a", keys), "");
  EXPECT_EQ(did_you_mean("colour", keys), "");
  EXPECT_EQ(did_you_mean("", keys), "");
  EXPECT_EQ(did_you_mean("ttl", {}), "");
}

TEST(Units, ReadsDurationsStrictly) {
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("30s"), 30'000);
  EXPECT_EQ(parse_duration_ms("10m"), 600'000);
  EXPECT_EQ(parse_duration_ms("2h"), 7'200'000);
  EXPECT_EQ(parse_duration_ms("1d"), 86'400'000);
  EXPECT_EQ(parse_duration_ms("0s"), 0);
  for (const char* text : {"", "s", "1", "1.5s", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1sec",
                           "1h30m", "9223372036854775807d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration_ms(text)) << text;
  }
}

TEST(Units, ReadsSizesStrictly) {
  EXPECT_EQ(parse_size_octets("7B"), 7);
  EXPECT_EQ(parse_size_octets("500kB"), 500'000);
  EXPECT_EQ(parse_size_octets("64MiB"), 64 << 20);
  EXPECT_EQ(parse_size_octets("1GiB"), 1 << 30);
  EXPECT_EQ(parse_size_octets("2TB"), 2'000'000'000'000);
  for (const char* text : {"", "64", "64M", "64mb", "64 MiB", "KiB", "-1B", "9999999999TiB"}) {
    EXPECT_FALSE(parse_size_octets(text)) << text;
  }
}

TEST(Units, PrintsTheLargestUnitThatDivides) {
  EXPECT_EQ(format_duration_ms(0), "0s");
  EXPECT_EQ(format_duration_ms(1500), "1500ms");
  EXPECT_EQ(format_duration_ms(90'000), "90s");
  EXPECT_EQ(format_duration_ms(120'000), "2m");
  EXPECT_EQ(format_size_octets(65536), "64KiB");
  EXPECT_EQ(format_size_octets(1000), "1000B");
  EXPECT_EQ(format_number(180), "180");
  EXPECT_EQ(format_number(-0.5), "-0.5");
  EXPECT_EQ(format_number(1e6), "1000000");
  EXPECT_EQ(format_number(1e300), "1e+300");
}

TEST(FormatHex, WritesAllSixteenDigits) {
  EXPECT_EQ(format_hex(0), "0000000000000000");
  EXPECT_EQ(format_hex(0x00c0ffee), "0000000000c0ffee");
  EXPECT_EQ(format_hex(0x8000000000000001), "8000000000000001");
}

}  // namespace
}  // namespace gslb
