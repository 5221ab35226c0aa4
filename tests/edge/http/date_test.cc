#include "edge/http/date.h"

#include <gtest/gtest.h>

#include "edge/http/validator.h"

namespace edge::http {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

const gslb::WallTime kNow = sys_days{2026y / 11 / 21} + 22h;
const gslb::WallTime kExample = sys_days{1994y / 11 / 6} + 8h + 49min + 37s;

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994", kNow), kExample + 240h);
  EXPECT_EQ(parse_date(" sun, 06 nov 1994 08:49:37 gmt ", kNow), kExample);
}

TEST(HttpDate, TwoDigitYearOverFiftyAheadIsInThePast) {
  EXPECT_EQ(parse_date("Sunday, 06-Nov-77 00:00:00 GMT", kNow), sys_days{1977y / 11 / 6});
  EXPECT_EQ(parse_date("Sunday, 06-Nov-76 00:00:00 GMT", kNow), sys_days{2076y / 11 / 6});
  EXPECT_EQ(parse_date("Tuesday, 01-Dec-76 00:00:00 GMT", kNow), sys_days{1976y / 12 / 1});
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  for (const char* bad : {"",
                          "0",
                          "-1",
                          "Sun, 06 Nov 1994",
                          "Sun, 6 Nov 1994 08:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 24:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37",
                          "Sun, 06 Nov 1994 08:49:37 EST",
                          "Sun, 06 Nov 1994 08:49:37 GMT x",
                          "Foo, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 +0000",
                          "Sun, 06 Nov 1994 08:49:37 UTC",
                          "Sun, 06 Nov 94 08:49:37 GMT",
                          "Sun, 06-Nov-94 08:49:37 GMT",
                          "Sun, 06 Nov 1994 8:49:37 GMT",
                          "Sun,  06 Nov 1994 08:49:37 GMT",
                          "Sun Nov 6 08:49:37 1994",
                          "Sun Nov  6 08:49:37 1994 GMT",
                          "Sun, 06 Nov 99999 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_date(bad, kNow)) << bad;
  }
}

TEST(HttpDate, NeverIsTheEndOfTheClock) {
  EXPECT_EQ(parse_date("Fri, 31 Dec 9999 23:59:59 GMT", kNow), sys_days{2261y / 12 / 31});
}

TEST(HttpDate, WritesWhatItReads) {
  EXPECT_EQ(format_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (int day = 0; day < 40'000; day += 97) {
    const gslb::WallTime time = sys_days{1970y / 1 / 1} + std::chrono::days(day) + 12345s;
    EXPECT_EQ(parse_date(format_date(time), kNow), time);
  }
}

Fields with(std::initializer_list<Field> list) {
  Fields fields;
  for (const Field& field : list) { fields.add(field.name, field.value); }
  return fields;
}

TEST(EntityTag, ComparesWeaklyAndStrongly) {
  const auto strong = parse_entity_tag("\"1\"");
  const auto weak = parse_entity_tag("W/\"1\"");
  ASSERT_TRUE(strong && weak);
  EXPECT_TRUE(strongly_equal(*strong, *strong));
  EXPECT_FALSE(strongly_equal(*strong, *weak));
  EXPECT_FALSE(strongly_equal(*weak, *weak));
  EXPECT_TRUE(weakly_equal(*weak, *strong));
  for (const char* bad : {"1", "\"1", "w/\"1\"", "\"a\"b\"", "", "W/"}) {
    EXPECT_FALSE(parse_entity_tag(bad)) << bad;
  }
}

TEST(Conditional, IfNoneMatchDecidesBeforeIfModifiedSince) {
  const Fields response =
      with({{"ETag", "W/\"2\""}, {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  const std::string since = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_TRUE(not_modified(with({{"If-None-Match", "\"1\", \"2\""}}), response, kNow));
  EXPECT_TRUE(not_modified(with({{"If-None-Match", "*"}}), response, kNow));
  EXPECT_FALSE(not_modified(with({{"If-None-Match", "\"1\""}, {"If-Modified-Since", since}}),
                            response, kNow));
  EXPECT_TRUE(not_modified(with({{"If-Modified-Since", since}}), response, kNow));
  EXPECT_FALSE(
      not_modified(with({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}), response, kNow));
  EXPECT_FALSE(not_modified(with({{"If-Modified-Since", "yesterday"}}), response, kNow));
  EXPECT_FALSE(not_modified(with({}), response, kNow));
  EXPECT_FALSE(not_modified(with({{"If-Modified-Since", since}, {"If-Modified-Since", since}}),
                            response, kNow));
  // Tags without quotes are compared as they are.
  EXPECT_TRUE(not_modified(with({{"If-None-Match", "abc"}}), with({{"ETag", "abc"}}), kNow));
  EXPECT_FALSE(not_modified(with({{"If-None-Match", "abc"}}), with({{"ETag", "\"abc\""}}), kNow));
}

TEST(StrongValidator, IsTheTagOrADateWellBeforeDate) {
  const std::string modified = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string later = "Sun, 06 Nov 1994 08:50:37 GMT";
  EXPECT_EQ(strong_validator(with({{"ETag", "\"1\""}}), kNow), "\"1\"");
  EXPECT_EQ(strong_validator(with({{"Last-Modified", modified}, {"Date", later}}), kNow), modified);
  EXPECT_FALSE(strong_validator(with({{"Last-Modified", later}, {"Date", later}}), kNow));
  EXPECT_FALSE(strong_validator(with({{"Last-Modified", modified}}), kNow));
  EXPECT_FALSE(strong_validator(
      with({{"ETag", "W/\"1\""}, {"Last-Modified", modified}, {"Date", later}}), kNow));
}

struct RangeCase {
  const char* text;
  RangeKind kind;
  std::uint64_t first;
  std::uint64_t last;
};
class Ranges : public testing::TestWithParam<RangeCase> {};
TEST_P(Ranges, OfTenOctets) {
  const RangeDecision decision =
      decide_range(with({{"Range", GetParam().text}}), Fields{}, 10, kNow);
  ASSERT_EQ(decision.kind, GetParam().kind) << GetParam().text;
  if (decision.kind != RangeKind::kPartial) { return; }
  EXPECT_EQ(decision.ranges, (std::vector{ByteRange{GetParam().first, GetParam().last}}))
      << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(Table, Ranges,
                         testing::Values(RangeCase{"bytes=0-0", RangeKind::kPartial, 0, 0},
                                         RangeCase{"bytes=2-5", RangeKind::kPartial, 2, 5},
                                         RangeCase{"Bytes=2-", RangeKind::kPartial, 2, 9},
                                         RangeCase{"bytes=2-100", RangeKind::kPartial, 2, 9},
                                         RangeCase{"bytes=-3", RangeKind::kPartial, 7, 9},
                                         RangeCase{"bytes=-30", RangeKind::kPartial, 0, 9},
                                         RangeCase{"bytes=10-", RangeKind::kUnsatisfiable, 0, 0},
                                         RangeCase{"bytes=-0", RangeKind::kUnsatisfiable, 0, 0},
                                         RangeCase{"bytes=5-2", RangeKind::kWhole, 0, 0},
                                         RangeCase{"bytes=0-1,3-4", RangeKind::kPartial, 0, 4},
                                         RangeCase{"bytes= 0-1 , 20-", RangeKind::kPartial, 0, 1},
                                         RangeCase{"bytes=0-1,x", RangeKind::kWhole, 0, 0},
                                         RangeCase{"bytes=a-b", RangeKind::kWhole, 0, 0},
                                         RangeCase{"bytes=-", RangeKind::kWhole, 0, 0},
                                         RangeCase{"items=0-1", RangeKind::kWhole, 0, 0},
                                         RangeCase{"bytes", RangeKind::kWhole, 0, 0}));

TEST(Ranges, JoinWhatTouchesAndKeepTheOrderAskedFor) {
  const auto of_thousand = [](const char* text) {
    return decide_range(with({{"Range", text}}), Fields{}, 1000, kNow);
  };
  EXPECT_EQ(of_thousand("bytes=500-509,0-9").ranges,
            (std::vector{ByteRange{500, 509}, ByteRange{0, 9}}));
  EXPECT_EQ(of_thousand("bytes=0-9,300-309,5-299").ranges, (std::vector{ByteRange{0, 309}}));
  EXPECT_EQ(of_thousand("bytes=0-499,600-999").kind, RangeKind::kWhole);  // parts cost more
  EXPECT_EQ(of_thousand("bytes=-10,0-9").ranges,
            (std::vector{ByteRange{990, 999}, ByteRange{0, 9}}));
  std::string many = "bytes=0-0";
  for (int i = 1; i < 65; ++i) {
    many += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
  }
  EXPECT_EQ(of_thousand(many.c_str()).kind, RangeKind::kWhole);
}

TEST(ContentRange, IsReadOnlyWhenItSaysAll) {
  const auto read = [](const char* text) {
    return parse_content_range(with({{"Content-Range", text}}));
  };
  const auto whole = read("bytes 2-5/10");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->range, (ByteRange{2, 5}));
  EXPECT_EQ(whole->total, 10U);
  for (const char* bad : {"bytes 2-5/*", "bytes */10", "bytes 5-2/10", "bytes 2-10/10",
                          "items 2-5/10", "bytes=2-5/10", "2-5/10", "bytes 2-5", ""}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

TEST(IfRange, NeedsAStrongMatch) {
  const auto kind = [](const char* condition, const char* tag) {
    return decide_range(with({{"Range", "bytes=0-1"}, {"If-Range", condition}}),
                        with({{"ETag", tag}}), 10, kNow)
        .kind;
  };
  EXPECT_EQ(kind("\"1\"", "\"1\""), RangeKind::kPartial);
  EXPECT_EQ(kind("\"1\"", "\"2\""), RangeKind::kWhole);
  EXPECT_EQ(kind("W/\"1\"", "W/\"1\""), RangeKind::kWhole);
  EXPECT_EQ(kind("Sun, 06 Nov 1994 08:49:37 GMT", "\"1\""), RangeKind::kWhole);
}

}  // namespace
}  // namespace edge::http
