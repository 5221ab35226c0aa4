#include "edge/http/structured.h"

#include <gtest/gtest.h>

#include "edge/http/cache_control.h"

namespace edge::http {
namespace {

TEST(Dictionary, ReadsEveryKindOfValue) {
  const auto read = parse_dictionary(
      " a=1, b=-2.5 ,c=\"x, \\\"y\", d=tok/en:*, e, f=?0, g=:aGk=:, h=(1 \"a\";q);z=1, *i=12 ");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 9U);
  EXPECT_EQ((*read)[0].value.integer, 1);
  EXPECT_EQ((*read)[1].value.kind, BareItem::Kind::kDecimal);
  EXPECT_EQ((*read)[2].value.text, "x, \"y");
  EXPECT_EQ((*read)[3].value.text, "tok/en:*");
  EXPECT_EQ((*read)[4].value.integer, 1);
  EXPECT_EQ((*read)[5].value.integer, 0);
  EXPECT_EQ((*read)[7].value.kind, BareItem::Kind::kInnerList);
  EXPECT_EQ((*read)[8].key, "*i");
}

TEST(Dictionary, LastValueOfAKeyCounts) {
  const auto read = parse_dictionary("a=1, b, a=2;p=3");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].value.integer, 2);
  EXPECT_TRUE(parse_dictionary("")->empty());
}

TEST(Dictionary, OneWrongOctetMakesItVoid) {
  for (const char* bad :
       {"A=1",       "a=",        "a=1,",   "a=1 b",   "a=1,,b",   ",",
        "a=\"x",     "a=\"\\x\"", "a=?2",   "a=1.",    "a=1.1234", "a=1234567890123456",
        "a=-",       "a=:x",      "a=(1",   "a=(1,2)", "a;",       "a;B",
        "a=1;p=",    "=1",        "a=\xe4", "a = 1",   "a=&",      "\ta=1",
        "a=\"\x7f\""}) {
    EXPECT_FALSE(parse_dictionary(bad)) << bad;
  }
}

TEST(TargetedCacheControl, IsADictionary) {
  const auto control = parse_targeted_cache_control(
      "max-age=600, no-store=?0, private=\"set-cookie\", must-revalidate, x=(1 2), max-age=30;a");
  ASSERT_TRUE(control);
  EXPECT_EQ(control->max_age_s, 30);
  EXPECT_FALSE(control->no_store);
  EXPECT_FALSE(control->is_private);
  EXPECT_EQ(control->private_fields, (std::vector<std::string>{"set-cookie"}));
  EXPECT_TRUE(control->must_revalidate);
}

TEST(TargetedCacheControl, IsIgnoredWhenEmptyOrBroken) {
  for (const char* bad : {"", "  ", "Max-Age=60", "max-age=60,", "max-age=60; =", "max-age=60 x"}) {
    EXPECT_FALSE(parse_targeted_cache_control(bad)) << bad;
  }
}

TEST(TargetedCacheControl, AgesOfAnotherTypeAreStale) {
  for (const char* odd :
       {"max-age=\"60\"", "max-age=60.5", "max-age=-60", "max-age", "max-age=x"}) {
    const auto control = parse_targeted_cache_control(odd);
    ASSERT_TRUE(control) << odd;
    EXPECT_EQ(control->max_age_s, 0) << odd;
  }
  EXPECT_EQ(parse_targeted_cache_control("max-age=999999999999999")->max_age_s, kMaxDeltaSeconds);
}

}  // namespace
}  // namespace edge::http
