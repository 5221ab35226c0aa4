#include "edge/cache/key_rules.h"

#include <gtest/gtest.h>

#include "edge/cache/key.h"

namespace edge::cache {
namespace {

using config::KeyRules;

TEST(KeyRules, UsuallyAKeyIsSchemeHostAndTarget) {
  EXPECT_EQ(key_of({}, "a.example", "/x?b=2&a=1", true),
            primary_key("a.example", "/x?b=2&a=1", true));
  EXPECT_EQ(normal_target({}, "/x?"), "/x") << "an empty query asks for nothing";
}

TEST(KeyRules, ParametersThatTellNothingApartGo) {
  KeyRules rules;
  rules.ignore = {"utm_*", "fbclid"};
  EXPECT_EQ(normal_target(rules, "/x?utm_source=a&id=7&fbclid=z&utm_=1"), "/x?id=7");
  EXPECT_EQ(normal_target(rules, "/x?utm_source"), "/x");
  EXPECT_EQ(normal_target(rules, "/x?&&id=&&"), "/x?id=");
  EXPECT_EQ(normal_target(rules, "/utm_source=1"), "/utm_source=1");
  rules.ignore.clear();
  rules.only = {"id", "page"};
  EXPECT_EQ(normal_target(rules, "/x?page=2&x=1&id=7"), "/x?page=2&id=7");
}

TEST(KeyRules, SortingKeepsTheOrderOfOneName) {
  KeyRules rules;
  rules.query = KeyRules::Query::kSort;
  EXPECT_EQ(normal_target(rules, "/x?b=2&a=9&b=1&a=3"), "/x?a=9&a=3&b=2&b=1");
  rules.query = KeyRules::Query::kDrop;
  EXPECT_EQ(normal_target(rules, "/x?b=2"), "/x");
}

TEST(KeyRules, HostsMayShareWhatIsStored) {
  KeyRules rules;
  rules.host = "www.example";
  EXPECT_EQ(key_of(rules, "alias.example", "/", false), primary_key("www.example", "/", false));
}

TEST(KeyRules, HoldForInvalidationToo) {
  KeyRules rules;
  rules.ignore = {"utm_*"};
  http::RequestHead request;
  request.host = "a.example";
  request.target = "/x?utm_a=1";
  http::Fields response;
  response.add("Location", "/y?utm_b=2&id=1");
  const auto keys = invalidated_keys(request, response, rules);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0], primary_key("a.example", "/x", false));
  EXPECT_EQ(keys[1], primary_key("a.example", "/y?id=1", false));
}

}  // namespace
}  // namespace edge::cache
