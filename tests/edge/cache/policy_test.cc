#include "edge/cache/policy.h"

#include <gtest/gtest.h>

#include "edge/cache/key.h"
#include "edge/http/date.h"

namespace edge::cache {
namespace {

using namespace std::chrono_literals;

const gslb::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 22h;
const Exchange kMoments{kNow - 1s, kNow};

http::Fields fields_of(std::initializer_list<http::Field> list) {
  http::Fields fields;
  for (const http::Field& field : list) { fields.add(field.name, field.value); }
  return fields;
}

http::ResponseHead response(int status, std::initializer_list<http::Field> list) {
  http::ResponseHead head;
  head.status = status;
  head.fields = fields_of(list);
  return head;
}

RequestRules rules_for(std::initializer_list<http::Field> list) {
  http::RequestHead request;
  request.fields = fields_of(list);
  return request_rules(request);
}

std::string at(std::chrono::seconds offset) { return http::format_date(kNow + offset); }

struct StoreCase {
  const char* rule;
  http::ResponseHead head;
  RequestRules request;
  bool storable;
};
class Storing : public testing::TestWithParam<StoreCase> {};
TEST_P(Storing, FollowsRfc9111Section3) {
  EXPECT_EQ(is_storable(GetParam().request, GetParam().head, kMoments), GetParam().storable)
      << GetParam().rule;
}
const http::Field kMaxAge{"Cache-Control", "max-age=60"};
INSTANTIATE_TEST_SUITE_P(
    Table, Storing,
    testing::Values(
        StoreCase{"max-age", response(200, {kMaxAge}), {}, true},
        StoreCase{"nothing explicit, no validator", response(200, {}), {}, false},
        StoreCase{"expires", response(200, {{"Expires", at(60s)}}), {}, true},
        StoreCase{"expired", response(200, {{"Expires", "0"}}), {}, false},
        StoreCase{"expired with a validator",
                  response(200, {{"Expires", "0"}, {"ETag", "\"1\""}}),
                  {},
                  true},
        StoreCase{
            "no-store", response(200, {{"Cache-Control", "max-age=60, no-store"}}), {}, false},
        StoreCase{"private", response(200, {{"Cache-Control", "max-age=60, private"}}), {}, false},
        StoreCase{"no-cache with validator",
                  response(200, {{"Cache-Control", "no-cache"}, {"ETag", "\"1\""}}),
                  {},
                  true},
        StoreCase{"request no-store", response(200, {kMaxAge}),
                  rules_for({{"Cache-Control", "no-store"}}), false},
        StoreCase{"authorization", response(200, {kMaxAge}), rules_for({{"Authorization", "x"}}),
                  false},
        StoreCase{"authorization, public", response(200, {{"Cache-Control", "max-age=60, public"}}),
                  rules_for({{"Authorization", "x"}}), true},
        StoreCase{"authorization, s-maxage", response(200, {{"Cache-Control", "s-maxage=60"}}),
                  rules_for({{"Authorization", "x"}}), true},
        StoreCase{"authorization, must-revalidate",
                  response(200, {{"Cache-Control", "max-age=60, must-revalidate"}}),
                  rules_for({{"Authorization", "x"}}), true},
        StoreCase{"vary *", response(200, {kMaxAge, {"Vary", "Accept, *"}}), {}, false},
        StoreCase{"partial", response(206, {kMaxAge}), {}, false},
        StoreCase{"unknown status", response(299, {kMaxAge}), {}, false},
        StoreCase{"404 explicit", response(404, {kMaxAge}), {}, true},
        StoreCase{"302 without freshness", response(302, {{"Last-Modified", at(-1h)}}), {}, false},
        StoreCase{"set-cookie", response(200, {kMaxAge, {"Set-Cookie", "a=b"}}), {}, false},
        StoreCase{"set-cookie, public",
                  response(200, {{"Cache-Control", "public, max-age=60"}, {"Set-Cookie", "a=b"}}),
                  {},
                  true},
        StoreCase{"set-cookie left out",
                  response(200, {{"Cache-Control", "max-age=60, private=\"set-cookie\""},
                                 {"Set-Cookie", "a=b"}}),
                  {},
                  true},
        StoreCase{
            "CDN-Cache-Control wins",
            response(200, {{"CDN-Cache-Control", "max-age=60"}, {"Cache-Control", "no-store"}}),
            {},
            true},
        StoreCase{"CDN-Cache-Control forbids",
                  response(200, {{"CDN-Cache-Control", "no-store"}, kMaxAge}),
                  {},
                  false}));

struct LifetimeCase {
  const char* rule;
  http::ResponseHead head;
  std::int64_t lifetime_s;
};
class Lifetimes : public testing::TestWithParam<LifetimeCase> {};
TEST_P(Lifetimes, FollowRfc9111Section4_2_1) {
  EXPECT_EQ(freshness_of(GetParam().head, kMoments).lifetime_s, GetParam().lifetime_s)
      << GetParam().rule;
}
INSTANTIATE_TEST_SUITE_P(
    Table, Lifetimes,
    testing::Values(
        LifetimeCase{
            "s-maxage first",
            response(200, {{"Cache-Control", "max-age=60, s-maxage=30"}, {"Expires", at(90s)}}),
            30},
        LifetimeCase{"max-age before Expires", response(200, {kMaxAge, {"Expires", at(90s)}}), 60},
        LifetimeCase{"Expires minus Date",
                     response(200, {{"Expires", at(90s)}, {"Date", at(-10s)}}), 100},
        LifetimeCase{"bad Expires",
                     response(200, {{"Expires", "never"}, {"Last-Modified", at(-1h)}}), 0},
        LifetimeCase{"two Expires", response(200, {{"Expires", at(90s)}, {"Expires", at(80s)}}), 0},
        LifetimeCase{"heuristic tenth", response(200, {{"Last-Modified", at(-1000s)}}), 100},
        LifetimeCase{"heuristic bound", response(200, {{"Last-Modified", at(-1000h * 24)}}),
                     24 * 3600},
        LifetimeCase{"no heuristic for 302", response(302, {{"Last-Modified", at(-1000s)}}), 0},
        LifetimeCase{"modified in the future", response(200, {{"Last-Modified", at(1000s)}}), 0},
        LifetimeCase{"targeted field ignores Expires",
                     response(200, {{"CDN-Cache-Control", "public"}, {"Expires", at(90s)}}), 0}));

TEST(Age, TakesTheLargerOfApparentAndCorrected) {
  const auto age = [](std::initializer_list<http::Field> list) {
    return freshness_of(response(200, list), kMoments).initial_age_s;
  };
  EXPECT_EQ(age({}), 1);  // the second the response took
  EXPECT_EQ(age({{"Age", "10"}}), 11);
  EXPECT_EQ(age({{"Date", at(-30s)}, {"Age", "10"}}), 30);
  EXPECT_EQ(age({{"Date", at(30s)}}), 1);
  EXPECT_EQ(age({{"Age", "10, 20"}}), 11);
  EXPECT_EQ(age({{"Age", "-5"}}), 1);
  EXPECT_EQ(age({{"Age", "1.5"}}), 1);
}

TEST(Usability, HonoursRequestDirectives) {
  const Freshness fresh{.lifetime_s = 60,
                        .initial_age_s = 0,
                        .heuristic = false,
                        .always_validate = false,
                        .must_revalidate = false};
  EXPECT_TRUE(is_usable(fresh, 59, {}));
  EXPECT_FALSE(is_usable(fresh, 60, {}));
  EXPECT_FALSE(is_usable(fresh, 0, rules_for({{"Cache-Control", "no-cache"}})));
  EXPECT_FALSE(is_usable(fresh, 0, rules_for({{"Pragma", "no-cache"}})));
  EXPECT_TRUE(is_usable(fresh, 0, rules_for({{"Pragma", "no-cache"}, {"Cache-Control", "x"}})));
  EXPECT_FALSE(is_usable(fresh, 0, rules_for({{"Cache-Control", "max-age=0"}})));
  EXPECT_FALSE(is_usable(fresh, 31, rules_for({{"Cache-Control", "max-age=30"}})));
  EXPECT_FALSE(is_usable(fresh, 31, rules_for({{"Cache-Control", "min-fresh=30"}})));
  Freshness validate = fresh;
  validate.always_validate = true;
  EXPECT_FALSE(is_usable(validate, 0, {}));
}

TEST(Update304, ReplacesFieldsButNotTheFraming) {
  const http::ResponseHead stored = response(200, {{"ETag", "\"1\""},
                                                   {"Content-Type", "a/b"},
                                                   {"X", "old"},
                                                   {"X", "older"},
                                                   {"Age", "9"},
                                                   {"Content-Encoding", "gzip"}});
  const http::ResponseHead fresh = response(304, {{"X", "new"},
                                                  {"Content-Length", "0"},
                                                  {"Content-Encoding", "br"},
                                                  {"Connection", "y"},
                                                  {"Y", "1"}});
  const http::ResponseHead updated = updated_by_304(stored, fresh);
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.fields.joined("X"), "new");
  EXPECT_EQ(updated.fields.joined("Content-Encoding"), "gzip");
  EXPECT_FALSE(updated.fields.has("Content-Length"));
  EXPECT_FALSE(updated.fields.has("Age"));
  EXPECT_FALSE(updated.fields.has("Y"));
  EXPECT_FALSE(selects(response(304, {{"ETag", "\"2\""}}), stored));
  EXPECT_TRUE(selects(response(304, {}), stored));
}

TEST(Vary, ComparesNormalisedValues) {
  const http::Fields head = fields_of({{"Vary", "Accept-Encoding, Accept-Language"}});
  const Variant variant = variant_of(fields_of({{"accept-encoding", "gzip,  br"}}), head);
  EXPECT_TRUE(matches(variant, fields_of({{"Accept-Encoding", "gzip,br"}})));
  EXPECT_TRUE(
      matches(variant, fields_of({{"Accept-Encoding", "gzip"}, {"Accept-Encoding", "br"}})));
  EXPECT_FALSE(matches(variant, fields_of({{"Accept-Encoding", "br, gzip"}})));
  EXPECT_FALSE(matches(variant, fields_of({})));
  EXPECT_FALSE(
      matches(variant, fields_of({{"Accept-Encoding", "gzip,br"}, {"Accept-Language", ""}})));
}

TEST(Invalidation, StaysOnTheHost) {
  http::RequestHead request;
  request.host = "a.example";
  request.target = "/form";
  const auto keys = invalidated_keys(
      request, fields_of({{"Location", "http://A.example/new#x"}, {"Content-Location", "/cl"}}));
  EXPECT_EQ(keys, (std::vector<std::string>{"a.example /form", "a.example /new", "a.example /cl"}));
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "http://b.example/new"}})).size(),
            1U);
  EXPECT_EQ(invalidated_keys(request, fields_of({{"Location", "//b.example/new"}})).size(), 1U);
}

}  // namespace
}  // namespace edge::cache
