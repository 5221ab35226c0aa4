#include "edge/http/fields.h"

#include <gtest/gtest.h>

#include "edge/http/cache_control.h"
#include "edge/http/cache_status.h"

namespace edge::http {
namespace {

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> all;
  while (const auto element = next_element(list)) { all.emplace_back(*element); }
  return all;
}

TEST(ListSyntax, KeepsQuotedCommasAndSkipsEmptyElements) {
  EXPECT_EQ(elements(" a, ,b ,\"c,d\", e=\"f\\\",g\",, "),
            (std::vector<std::string>{"a", "b", "\"c,d\"", "e=\"f\\\",g\""}));
  EXPECT_TRUE(elements(" , ,, ").empty());
}

TEST(ListSyntax, UnterminatedQuoteEndsWithTheValue) {
  EXPECT_EQ(elements("a, \"b, c"), (std::vector<std::string>{"a", "\"b, c"}));
  EXPECT_EQ(elements("\"\\"), (std::vector<std::string>{"\"\\"}));
}

TEST(ParseNumber, TakesOnlyDigitsThatFit) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("9223372036854775807"), 9223372036854775807U);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "9223372036854775808"}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
  }
}

TEST(Fields, CompareNamesWithoutCase) {
  Fields fields;
  fields.add("ETag", "\"1\"");
  fields.add("vary", "Accept");
  fields.add("VARY", "accept-encoding , Cookie");
  EXPECT_TRUE(fields.has("etag"));
  EXPECT_EQ(fields.joined("Vary"), "Accept, accept-encoding , Cookie");
  EXPECT_TRUE(fields.has_element("vary", "COOKIE"));
  EXPECT_FALSE(fields.has_element("vary", "Cook"));
}

TEST(HopByHop, RemovesTheListedAndTheNamedFields) {
  Fields fields;
  for (const char* name : {"Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
                           "Proxy-Connection", "X-Private", "X-End"}) {
    fields.add(name,
               name == std::string_view("Connection") ? "close, x-private, , keep-alive" : "1");
  }
  Fields response = fields;
  remove_hop_by_hop_of_request(fields);
  remove_hop_by_hop_of_response(response);
  EXPECT_EQ(fields.list(), response.list());
  ASSERT_EQ(fields.list().size(), 1U);
  EXPECT_EQ(fields.list()[0].name, "X-End");
}

TEST(HopByHop, ClientsCannotStripWhatCachingReliesOnButOriginsCan) {
  Fields fields;
  fields.add("Connection", "Cache-Control, Host, Content-Length, Authorization");
  for (const char* name : {"Cache-Control", "Host", "Content-Length", "Authorization"}) {
    fields.add(name, "1");
  }
  Fields response = fields;
  remove_hop_by_hop_of_request(fields);
  EXPECT_EQ(fields.list().size(), 4U);
  remove_hop_by_hop_of_response(response);
  ASSERT_EQ(response.list().size(), 1U);
  EXPECT_TRUE(response.has("Content-Length"));
}

TEST(CacheControl, ReadsDirectivesInAnyCaseAndQuoting) {
  const CacheControl control =
      parse_cache_control("Max-Age=10, S-MAXAGE=\"20\", PUBLIC, must-revalidate, foo=bar, x");
  EXPECT_EQ(control.max_age_s, 10);
  EXPECT_EQ(control.s_maxage_s, 20);
  EXPECT_TRUE(control.is_public);
  EXPECT_TRUE(control.must_revalidate);
  EXPECT_FALSE(control.no_store);
}

struct AgeCase {
  const char* text;
  std::int64_t max_age_s;  // -1: absent
};
class CacheControlAges : public testing::TestWithParam<AgeCase> {};
TEST_P(CacheControlAges, AreReadRestrictively) {
  const CacheControl control = parse_cache_control(GetParam().text);
  EXPECT_EQ(control.max_age_s.value_or(-1), GetParam().max_age_s) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Table, CacheControlAges,
    testing::Values(AgeCase{"max-age=0", 0},
                    AgeCase{"max-age=99999999999999999999", kMaxDeltaSeconds},
                    AgeCase{"max-age=-5", 0}, AgeCase{"max-age=", 0}, AgeCase{"max-age", 0},
                    AgeCase{"max-age=1.5", 0}, AgeCase{"max-age=abc", 0},
                    AgeCase{"max-age=100, max-age=5", 100}, AgeCase{"max-age=5, max-age=100", 5},
                    AgeCase{"max-age =5", 0}, AgeCase{"max-age= 5", 0}, AgeCase{"xmax-age=5", -1},
                    AgeCase{"foo=\"max-age=5\"", -1}, AgeCase{"a=\"b, max-age=7", -1},
                    AgeCase{"", -1}));

TEST(CacheControl, MaxStaleWithoutArgumentHasNoBound) {
  EXPECT_EQ(parse_cache_control("max-stale").max_stale_s, kMaxDeltaSeconds);
  EXPECT_EQ(parse_cache_control("max-stale=7").max_stale_s, 7);
  EXPECT_EQ(parse_cache_control("max-stale=x").max_stale_s, 0);
}

TEST(CacheControl, QualifiedPrivateAndNoCacheNameFieldsOnly) {
  const CacheControl control = parse_cache_control("private=\"Set-Cookie, X-A\", no-cache=\"X-B\"");
  EXPECT_FALSE(control.is_private);
  EXPECT_FALSE(control.no_cache);
  EXPECT_EQ(control.private_fields, (std::vector<std::string>{"set-cookie", "x-a"}));
  EXPECT_EQ(control.no_cache_fields, (std::vector<std::string>{"x-b"}));
  EXPECT_TRUE(parse_cache_control("private=\"\"").is_private);
}

TEST(CacheStatusField, IsAStructuredListMember) {
  CacheStatus hit;
  hit.hit = true;
  hit.ttl_s = -3;
  EXPECT_EQ(write_cache_status("fra-a", hit), "fra-a; hit; ttl=-3");
  CacheStatus miss;
  miss.forward = Forward::kUriMiss;
  miss.stored = true;
  miss.collapsed = true;
  EXPECT_EQ(write_cache_status("1-a", miss), "\"1-a\"; fwd=uri-miss; stored; collapsed");
}

}  // namespace
}  // namespace edge::http
