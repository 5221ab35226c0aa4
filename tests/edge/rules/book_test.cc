#include "edge/rules/book.h"

#include <gtest/gtest.h>

#include "edge/http/glob.h"
#include "edge/rules/client_count.h"

namespace edge::rules {
namespace {

using config::Rule;
using namespace std::chrono_literals;

http::RequestHead request(const std::string& method, const std::string& target,
                          const std::string& fields = "") {
  return *http::parse_request_head(method + " " + target +
                                   " HTTP/1.1\r\nHost: www.example.com\r\n" + fields + "\r\n");
}

class Book : public testing::Test {
 protected:
  Verdict judged(const http::RequestHead& head, const std::string& client = "198.51.100.7") {
    std::vector<Entry> entries;
    for (const Rule& rule : rules) { entries.push_back({&rule, &matched, &acted}); }
    Verdict verdict;
    judge(entries, {head, *gslb::Address::parse(client), body, now}, rates, verdict);
    return verdict;
  }
  bool denied(const http::RequestHead& head, const std::string& client = "198.51.100.7") {
    return judged(head, client).kind == Verdict::Kind::kDeny;
  }
  Rule& add(Rule::Action action = Rule::Action::kDeny) {
    rules.reserve(16);
    Rule& rule = rules.emplace_back();
    rule.name = "r" + std::to_string(rules.size());
    rule.action = action;
    return rule;
  }

  std::vector<Rule> rules;
  gslb::Counter matched;
  gslb::Counter acted;
  RateTable rates{64, 1};
  http::Framing body;
  gslb::MonoTime now{1h};
};

gslb::PrefixSet prefixes(std::initializer_list<const char*> texts) {
  std::vector<gslb::Prefix> list;
  for (const char* text : texts) { list.push_back(*gslb::Prefix::parse(text)); }
  return gslb::PrefixSet(list);
}

TEST(Glob, MatchesTheWholeText) {
  for (const auto& [pattern, text, expected] :
       std::initializer_list<std::tuple<const char*, const char*, bool>>{
           {"*", "", true},
           {"", "", true},
           {"", "a", false},
           {"a", "a", true},
           {"a", "ab", false},
           {"*.php", "/x.php", true},
           {"*.php", "/x.php5", false},
           {"/a/*/c", "/a/b/b/c", true},
           {"/a?c", "/abc", true},
           {"/a?c", "/ac", false},
           {"*a*b*", "xxaxxbxx", true},
           {"*ab", "aab", true},
           {"**", "x", true},
           {"?", "", false},
       }) {
    EXPECT_EQ(http::matches_glob(pattern, text), expected) << pattern << " on " << text;
  }
}

TEST(Glob, HostileTextsCostAtMostTheirLengthTimesThePatterns) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) { pattern += "*a"; }
  EXPECT_FALSE(http::matches_glob(pattern + "b", std::string(20'000, 'a')));
}

TEST_F(Book, WithoutRulesAllIsServed) {
  EXPECT_EQ(judged(request("GET", "/")).kind, Verdict::Kind::kServe);
}

TEST_F(Book, AllConditionsOfARuleHaveToHold) {
  Rule& rule = add();
  rule.methods = {"POST", "PUT"};
  rule.paths = {"/admin/*", "*.php"};
  rule.queries = {"*debug=1*"};
  rule.fields = {{"User-Agent", "*curl*", false}, {"Referer", "*", true}};
  const std::string curl = "User-Agent: libcurl/7\r\n";
  EXPECT_TRUE(denied(request("POST", "/admin/x?debug=1", curl)));
  EXPECT_TRUE(denied(request("PUT", "/a.php?a&debug=1", curl)));
  EXPECT_FALSE(denied(request("GET", "/admin/x?debug=1", curl)));
  EXPECT_FALSE(denied(request("POST", "/adm?debug=1", curl)));
  EXPECT_FALSE(denied(request("POST", "/admin/x", curl)));
  EXPECT_FALSE(denied(request("POST", "/admin/x?debug=1")));
  EXPECT_FALSE(denied(request("POST", "/admin/x?debug=1", curl + "Referer: x\r\n")));
}

TEST_F(Book, BansGoByPrefix) {
  add().clients = prefixes({"192.0.2.0/24", "2001:db8::/32"});
  rules.back().not_clients = prefixes({"192.0.2.128/25"});
  EXPECT_TRUE(denied(request("GET", "/"), "192.0.2.1"));
  EXPECT_FALSE(denied(request("GET", "/"), "192.0.2.200"));
  EXPECT_TRUE(denied(request("GET", "/"), "2001:db8:1::1"));
  EXPECT_FALSE(denied(request("GET", "/"), "198.51.100.1"));
}

TEST_F(Book, SizesAreOver) {
  add().body_over = 10;
  add().target_over = 20;
  add().fields_over = 3;
  body = {http::BodyKind::kLength, 10};
  EXPECT_FALSE(denied(request("POST", "/")));
  body.length = 11;
  EXPECT_TRUE(denied(request("POST", "/")));
  body = {};
  EXPECT_FALSE(denied(request("GET", "/" + std::string(19, 'a'))));
  EXPECT_TRUE(denied(request("GET", "/" + std::string(20, 'a'))));
  EXPECT_FALSE(denied(request("GET", "/", "A: 1\r\nB: 1\r\n")));
  EXPECT_TRUE(denied(request("GET", "/", "A: 1\r\nB: 1\r\nC: 1\r\n")));
}

TEST_F(Book, TheFirstThatDecidesWins) {
  add(Rule::Action::kCount);
  add(Rule::Action::kAllow).paths = {"/open/*"};
  add(Rule::Action::kPass).paths = {"/live/*"};
  add().status = 451;
  EXPECT_EQ(judged(request("GET", "/open/a")).kind, Verdict::Kind::kServe);
  EXPECT_EQ(judged(request("GET", "/live/a")).kind, Verdict::Kind::kPass);
  const Verdict verdict = judged(request("GET", "/a"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::kDeny);
  EXPECT_EQ(verdict.rule->status, 451);
}

TEST_F(Book, DryRunsAreCountedAndDoNothing) {
  add().dry_run = true;
  EXPECT_FALSE(denied(request("GET", "/")));
  EXPECT_EQ(matched.value(), 1U);
  EXPECT_EQ(acted.value(), 0U);
}

TEST_F(Book, AThrottleGoesTogetherWithWhatDecides) {
  add(Rule::Action::kThrottle).octets_per_s = 1000;
  add(Rule::Action::kPass);
  const Verdict verdict = judged(request("GET", "/"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPass);
  ASSERT_NE(verdict.throttle, nullptr);
  EXPECT_EQ(verdict.throttle->octets_per_s, 1000);
}

TEST_F(Book, RatesAreOfEachClientAndSayWhenToComeAgain) {
  Rule& rule = add();
  rule.rate = 2;
  rule.burst = 3;
  const auto head = request("GET", "/");
  for (int i = 0; i < 3; ++i) { EXPECT_FALSE(denied(head)); }
  const Verdict refused = judged(head);
  EXPECT_EQ(refused.kind, Verdict::Kind::kDeny);
  EXPECT_NEAR(refused.retry_after_s, 0.5, 1e-6);
  EXPECT_FALSE(denied(head, "198.51.100.8")) << "another client";
  now += 500ms;
  EXPECT_FALSE(denied(head));
  EXPECT_TRUE(denied(head)) << "what is refused takes nothing, and one has come back";
}

TEST_F(Book, RatesGoByNetworkFieldOrCookie) {
  Rule& rule = add();
  rule.rate = rule.burst = 1;
  rule.by = Rule::By::kNetwork;
  const auto head = request("GET", "/");
  EXPECT_FALSE(denied(head, "198.51.100.7"));
  EXPECT_TRUE(denied(head, "198.51.100.200"));
  EXPECT_FALSE(denied(head, "2001:db8:1:1::1"));
  EXPECT_TRUE(denied(head, "2001:db8:1:2::1"));
  rule.by = Rule::By::kField;
  rule.by_name = "X-Key";
  EXPECT_FALSE(denied(request("GET", "/", "X-Key: a\r\n")));
  EXPECT_TRUE(denied(request("GET", "/", "X-Key: a\r\n")));
  EXPECT_FALSE(denied(request("GET", "/", "X-Key: b\r\n")));
  rule.by = Rule::By::kCookie;
  rule.by_name = "sid";
  EXPECT_FALSE(denied(request("GET", "/", "Cookie: xsid=1; sid=7\r\n")));
  EXPECT_TRUE(denied(request("GET", "/", "Cookie: sid=7\r\n")));
  EXPECT_FALSE(denied(request("GET", "/", "Cookie: sid=8\r\n")));
}

TEST_F(Book, AClientWithOneIpv6AddressHasItsWhole64) {
  Rule& rule = add();
  rule.rate = rule.burst = 1;
  const auto head = request("GET", "/");
  EXPECT_FALSE(denied(head, "2001:db8:1:1::1"));
  EXPECT_TRUE(denied(head, "2001:db8:1:1:ffff::1"));
  EXPECT_FALSE(denied(head, "2001:db8:1:2::1"));
}

TEST(RateTable, KeepsWhoIsBusyWhileACrowdPassesBy) {
  RateTable rates(64, 7);
  const RateTable::Rate rate{1, 20};
  gslb::MonoTime now{1h};
  for (int i = 0; i < 20; ++i) { EXPECT_EQ(rates.take(1, rate, now), 0); }
  for (std::uint64_t key = 100; key < 5'000; ++key) { rates.take(key, rate, now); }
  EXPECT_GT(rates.take(1, rate, now), 0) << "its bucket is as empty as it was";
}

TEST(RateTable, OverAMinuteARateIsItsRate) {
  RateTable rates(8, 7);
  gslb::MonoTime now{1h};
  int taken = 0;
  for (int ms = 0; ms < 60'000; ms += 3) {
    taken += rates.take(5, {50, 5}, now + gslb::milliseconds(ms)) == 0 ? 1 : 0;
  }
  EXPECT_NEAR(taken, 50 * 60 + 5, 2);
}

TEST(ClientCount, BoundsTheConnectionsOfEachClient) {
  ClientCount count;
  const auto a = *gslb::Address::parse("192.0.2.1");
  auto first = count.enter(a, 2);
  const auto second = count.enter(a, 2);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(count.enter(a, 2), nullptr);
  EXPECT_NE(count.enter(*gslb::Address::parse("192.0.2.2"), 2), nullptr);
  first.reset();
  EXPECT_NE(count.enter(a, 2), nullptr);
  const auto v6 = count.enter(*gslb::Address::parse("2001:db8::1"), 1);
  EXPECT_EQ(count.enter(*gslb::Address::parse("2001:db8::2"), 1), nullptr) << "a /64 is one";
  EXPECT_EQ(count.clients(), 2U) << "who has left is forgotten";
}

}  // namespace
}  // namespace edge::rules
