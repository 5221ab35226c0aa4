#include "edge/cache/policy.h"

#include <gtest/gtest.h>

#include "edge/http/date.h"

#include "tests/edge/cache/heads.h"

namespace edge::cache {
namespace {

using namespace std::chrono_literals;

const gslb::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 22h;
const Exchange kMoments{kNow - 1s, kNow};

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
  EXPECT_EQ(is_storable(GetParam().request, GetParam().head, kMoments, {}), GetParam().storable)
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
        StoreCase{"unknown status", response(299, {kMaxAge}), {}, true},
        StoreCase{"unknown status without freshness",
                  response(299, {{"Last-Modified", at(-1h)}}),
                  {},
                  false},
        StoreCase{"not modified", response(304, {kMaxAge}), {}, false},
        StoreCase{"must-understand, known",
                  response(200, {{"Cache-Control", "max-age=60, no-store, must-understand"}}),
                  {},
                  true},
        StoreCase{"must-understand, unknown",
                  response(299, {{"Cache-Control", "max-age=60, must-understand"}}),
                  {},
                  false},
        StoreCase{"204, 301, 308, 410 and 501 by heuristics: 301",
                  response(301, {{"Last-Modified", at(-1h)}}),
                  {},
                  true},
        StoreCase{"stale at once but usable when the origin fails",
                  response(200, {{"Cache-Control", "max-age=0, stale-if-error=60"}}),
                  {},
                  true},
        StoreCase{"no-cache makes max-age void",
                  response(200, {{"Cache-Control", "max-age=60, no-cache"}}),
                  {},
                  false},
        StoreCase{"private with names",
                  response(200, {{"Cache-Control", "max-age=60, private=\"x\""}}),
                  {},
                  true},
        StoreCase{"public and private",
                  response(200, {{"Cache-Control", "public, private, max-age=9"}}),
                  {},
                  false},
        StoreCase{"vary * in a second line",
                  response(200, {kMaxAge, {"Vary", "Accept"}, {"Vary", "*"}}),
                  {},
                  false},
        StoreCase{"expired by its Age", response(200, {kMaxAge, {"Age", "100"}}), {}, false},
        StoreCase{"404 explicit", response(404, {kMaxAge}), {}, true},
        StoreCase{"302 without freshness", response(302, {{"Last-Modified", at(-1h)}}), {}, false},
        StoreCase{"set-cookie, explicitly fresh",
                  response(200, {kMaxAge, {"Set-Cookie", "a=b"}}),
                  {},
                  true},
        StoreCase{"set-cookie, fresh by heuristics",
                  response(200, {{"Last-Modified", at(-1h)}, {"Set-Cookie", "a=b"}}),
                  {},
                  false},
        StoreCase{
            "set-cookie, to be validated",
            response(200,
                     {{"Cache-Control", "max-age=0"}, {"ETag", "\"1\""}, {"Set-Cookie", "a=b"}}),
            {},
            false},
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
                  false},
        StoreCase{"broken CDN-Cache-Control is not there",
                  response(200, {{"CDN-Cache-Control", "no-store, max-age="}, kMaxAge}),
                  {},
                  true},
        StoreCase{"authorization, public only in the silenced field",
                  response(200, {{"CDN-Cache-Control", "max-age=60"}, {"Cache-Control", "public"}}),
                  rules_for({{"Authorization", "x"}}), false}));

TEST(SetCookie, IsStoredAsTheOperatorSays) {
  const auto storable = [](const char* control, config::CachePolicy::SetCookie rule) {
    config::CachePolicy policy;
    policy.set_cookie = rule;
    return is_storable({}, response(200, {{"Cache-Control", control}, {"Set-Cookie", "a=b"}}),
                       kMoments, policy);
  };
  using SetCookie = config::CachePolicy::SetCookie;
  EXPECT_FALSE(storable("max-age=60, public", SetCookie::kNever));
  EXPECT_TRUE(storable("max-age=60, private=\"set-cookie\"", SetCookie::kNever));
  EXPECT_FALSE(storable("max-age=60", SetCookie::kShared));
  EXPECT_TRUE(storable("s-maxage=60", SetCookie::kShared));
  EXPECT_TRUE(storable("max-age=60", SetCookie::kExplicit));
}

struct LifetimeCase {
  const char* rule;
  http::ResponseHead head;
  std::int64_t lifetime_s;
};
class Lifetimes : public testing::TestWithParam<LifetimeCase> {};
TEST_P(Lifetimes, FollowRfc9111Section4_2_1) {
  EXPECT_EQ(freshness_of(GetParam().head, kMoments, {}).lifetime_s, GetParam().lifetime_s)
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
        LifetimeCase{"the first Expires",
                     response(200, {{"Expires", at(90s)}, {"Expires", at(80s)}}), 90},
        LifetimeCase{"the first Expires is void",
                     response(200, {{"Expires", "0"}, {"Expires", at(80s)}}), 0},
        LifetimeCase{"a bad s-maxage", response(200, {{"Cache-Control", "max-age=60, s-maxage=x"}}),
                     0},
        LifetimeCase{"public lets 302 have a heuristic",
                     response(302, {{"Last-Modified", at(-1000s)}, {"Cache-Control", "public"}}),
                     100},
        LifetimeCase{"Expires against the time of receipt without Date",
                     response(200, {{"Expires", at(90s)}, {"Date", "yesterday"}}), 90},
        LifetimeCase{"Expires without GMT", response(200, {{"Expires", at(90s).substr(0, 25)}}), 0},
        LifetimeCase{"heuristic tenth", response(200, {{"Last-Modified", at(-1000s)}}), 100},
        LifetimeCase{"heuristic bound", response(200, {{"Last-Modified", at(-1000h * 24)}}),
                     24 * 3600},
        LifetimeCase{"no heuristic for 302", response(302, {{"Last-Modified", at(-1000s)}}), 0},
        LifetimeCase{"modified in the future", response(200, {{"Last-Modified", at(1000s)}}), 0},
        LifetimeCase{"targeted field ignores Expires",
                     response(200, {{"CDN-Cache-Control", "public"}, {"Expires", at(90s)}}), 0}));

TEST(Age, TakesTheLargerOfApparentAndCorrected) {
  const auto age = [](std::initializer_list<http::Field> list) {
    return freshness_of(response(200, list), kMoments, {}).initial_age_s;
  };
  EXPECT_EQ(age({}), 1);  // the second the response took
  EXPECT_EQ(age({{"Age", "10"}}), 11);
  EXPECT_EQ(age({{"Date", at(-30s)}, {"Age", "10"}}), 30);
  EXPECT_EQ(age({{"Date", at(30s)}}), 1);
  EXPECT_EQ(age({{"Age", "10, 20"}}), 11);
  EXPECT_EQ(age({{"Age", "-5"}}), 1);
  for (const char* odd : {"1.5", "-1", "+1", "0x5", "abc", "5 abc", "5abc", "\"5\"", "5;a", ""}) {
    EXPECT_EQ(age({{"Age", odd}}), 1) << odd;
  }
  EXPECT_EQ(age({{"Age", "7"}, {"Age", "90"}}), 8);
  EXPECT_EQ(age({{"Age", "0, 90"}}), 1);
  EXPECT_EQ(age({{"Age", "-5, 90"}}), 1);
  EXPECT_EQ(age({{"Age", "99999999999999999999"}}), http::kMaxDeltaSeconds + 1);
}

TEST(Usability, HonoursRequestDirectives) {
  Freshness fresh;
  fresh.lifetime_s = 60;
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

Freshness freshness_by(const char* control) {
  return freshness_of(response(200, {{"Cache-Control", control}}), {kNow, kNow}, {});
}

TEST(Usability, MaxStaleIsAPermissionUnlessTheOriginForbids) {
  const Freshness fresh = freshness_by("max-age=60");
  const auto usable = [](const Freshness& freshness, std::int64_t age, const char* control) {
    return is_usable(freshness, age, rules_for({{"Cache-Control", control}}));
  };
  EXPECT_TRUE(usable(fresh, 1000, "max-stale"));
  EXPECT_TRUE(usable(fresh, 70, "max-stale=10"));
  EXPECT_FALSE(usable(fresh, 71, "max-stale=10"));
  EXPECT_FALSE(usable(fresh, 70, "max-stale=10, max-age=60"));
  EXPECT_TRUE(usable(fresh, 70, "max-stale=10, max-age=80"));
  for (const char* forbidding : {"max-age=60, must-revalidate", "max-age=60, proxy-revalidate",
                                 "s-maxage=60", "max-age=60, no-cache"}) {
    EXPECT_FALSE(usable(freshness_by(forbidding), 70, "max-stale")) << forbidding;
  }
}

TEST(Usability, WhileSomebodyValidates) {
  const auto meanwhile = [](const char* control, std::int64_t age, const RequestRules& rules) {
    return is_usable_meanwhile(freshness_by(control), age, rules);
  };
  EXPECT_TRUE(meanwhile("max-age=60, stale-while-revalidate=10", 69, {}));
  EXPECT_FALSE(meanwhile("max-age=60, stale-while-revalidate=10", 70, {}));
  EXPECT_TRUE(meanwhile("s-maxage=60, stale-while-revalidate=10", 69, {}));
  EXPECT_FALSE(meanwhile("max-age=60, stale-while-revalidate=10, must-revalidate", 65, {}));
  EXPECT_FALSE(meanwhile("max-age=60, stale-while-revalidate=10, no-cache", 65, {}));
  EXPECT_FALSE(meanwhile("max-age=60", 60, {}));
  for (const char* control : {"no-cache", "max-age=100", "min-fresh=1"}) {
    EXPECT_FALSE(meanwhile("max-age=60, stale-while-revalidate=10", 65,
                           rules_for({{"Cache-Control", control}})))
        << control;
  }
}

TEST(Usability, WhenTheOriginFails) {
  constexpr auto kAway = OriginFailure::kUnreachable;
  constexpr auto kError = OriginFailure::kServerError;
  const auto usable = [](OriginFailure failure, const char* control, std::int64_t age,
                         const char* request) {
    return is_usable_on(failure, freshness_by(control), age,
                        rules_for({{"Cache-Control", request}}));
  };
  EXPECT_TRUE(usable(kAway, "max-age=60", 100, ""));
  EXPECT_FALSE(usable(kError, "max-age=60", 100, ""));
  EXPECT_TRUE(usable(kError, "max-age=60, stale-if-error=50", 100, ""));
  EXPECT_FALSE(usable(kError, "max-age=60, stale-if-error=50", 110, ""));
  EXPECT_FALSE(usable(kAway, "max-age=60, stale-if-error=50", 110, ""));
  EXPECT_TRUE(usable(kError, "max-age=60", 100, "stale-if-error=50"));
  EXPECT_FALSE(usable(kAway, "s-maxage=60", 100, ""));
  EXPECT_TRUE(usable(kAway, "s-maxage=60, stale-if-error=50", 100, ""));
  for (const char* forbidding : {"max-age=60, must-revalidate, stale-if-error=90",
                                 "max-age=60, proxy-revalidate, stale-if-error=90"}) {
    EXPECT_FALSE(usable(kAway, forbidding, 100, "stale-if-error=90")) << forbidding;
  }
  EXPECT_FALSE(usable(kAway, "max-age=60", 100, "no-cache"));
  EXPECT_FALSE(usable(kAway, "max-age=60", 100, "max-age=90"));
}

TEST(NegativeTtl, IsAHeuristicForWhatIsNotThere) {
  config::CachePolicy policy;
  policy.negative_ttl_s = 5;
  const auto lifetime = [&](int status, std::initializer_list<http::Field> list) {
    return freshness_of(response(status, list), kMoments, policy).lifetime_s;
  };
  EXPECT_EQ(lifetime(404, {}), 5);
  EXPECT_EQ(lifetime(410, {}), 5);
  EXPECT_EQ(lifetime(200, {}), 0);
  EXPECT_EQ(lifetime(404, {{"Cache-Control", "max-age=0"}}), 0);
}

TEST(Storage, LeavesOutWhatIsForOneClientAndGivesItToThatOne) {
  http::ResponseHead head =
      response(200, {{"Cache-Control", "max-age=9, private=\"set-cookie\", no-cache=\"x\""},
                     {"Set-Cookie", "a"},
                     {"set-cookie", "b"},
                     {"X", "1"},
                     {"Y", "1"},
                     {"Connection", "y"},
                     {"Z", "1"}});
  const http::Fields removed = strip_for_storage(head);
  EXPECT_EQ(removed.count("Set-Cookie"), 2U);
  EXPECT_TRUE(removed.has("X"));
  EXPECT_EQ(head.fields.list().size(), 2U);  // Cache-Control and Z
}

TEST(Storage, GivesAResponseADate) {
  http::ResponseHead head = response(200, {{"Date", "today"}});
  complete_date(head, kNow);
  EXPECT_EQ(head.fields.joined("Date"), at(0s));
  head = response(200, {{"Date", at(-9s)}});
  complete_date(head, kNow);
  EXPECT_EQ(head.fields.joined("Date"), at(-9s));
}

}  // namespace
}  // namespace edge::cache
