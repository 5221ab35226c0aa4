#include "edge/cache/purge_book.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "edge/cache/key.h"

namespace edge::cache {
namespace {

using Standing = PurgeStanding;

http::Fields tagged(const std::string& keys) {
  http::Fields fields;
  if (!keys.empty()) { fields.add("Surrogate-Key", keys); }
  return fields;
}

Standing standing(const PurgeBook& book, const std::string& url, std::uint64_t stamp,
                  const std::string& keys = "") {
  const std::string target = purge_target(url);
  return book.judge(target, tagged(keys), PurgeStamp(stamp)).standing;
}

void purge(PurgeBook& book, PurgeKind kind, const std::string& value, std::uint64_t number,
           bool soft = false) {
  const bool is_url = kind == PurgeKind::kUrl || kind == PurgeKind::kPrefix;
  book.apply(std::vector{mark_of({kind, soft, is_url ? purge_target(value) : value}, number)});
}

TEST(PurgeTarget, IsWhatTheRequestsHostAndTargetAre) {
  EXPECT_EQ(purge_target("http://WWW.Example/a?B=c"), "www.example /a?B=c");
  EXPECT_EQ(purge_target("https://www.example:443/a"), "www.example /a");
  EXPECT_EQ(purge_target("http://www.example:80"), "www.example /");
  EXPECT_EQ(purge_target("http://www.example:8080?q"), "www.example:8080 /?q");
  EXPECT_EQ(purge_target("www.example./a#part"), "www.example /a");
  for (const char* bad : {"", "/a", "ftp://www.example/", "http:///a", "www.example/a b"}) {
    EXPECT_EQ(purge_target(bad), "") << bad;
  }
}

TEST(PurgeBook, AUrlIsPurgedWithBothSchemesAndNothingElse) {
  PurgeBook book;
  purge(book, PurgeKind::kUrl, "http://www.example/a", 10);
  for (const bool secure : {false, true}) {
    const std::string key = primary_key("www.example", "/a", secure);
    EXPECT_EQ(book.judge(key, {}, PurgeStamp(9)).standing, Standing::kGone);
    EXPECT_EQ(book.judge(key, {}, PurgeStamp(10)).standing, Standing::kGood);
  }
  EXPECT_EQ(standing(book, "www.example/a?", 9), Standing::kGood);
  EXPECT_EQ(standing(book, "www.example/", 9), Standing::kGood);
  EXPECT_EQ(standing(book, "example/a", 9), Standing::kGood);
}

TEST(PurgeBook, APrefixIsOfItsHostAlone) {
  PurgeBook book;
  purge(book, PurgeKind::kPrefix, "www.example/img/", 10);
  purge(book, PurgeKind::kPrefix, "www.example/i", 5);
  EXPECT_EQ(standing(book, "www.example/img/a", 9), Standing::kGone);
  EXPECT_EQ(standing(book, "www.example/img", 9), Standing::kGood);
  EXPECT_EQ(standing(book, "www.example/img", 4), Standing::kGone);
  EXPECT_EQ(standing(book, "www2.example/img/a", 4), Standing::kGood);
}

TEST(PurgeBook, AHostMeansEveryPortAndAWildcardWhatIsBelow) {
  PurgeBook book;
  purge(book, PurgeKind::kHost, "www.example", 10);
  purge(book, PurgeKind::kHost, "*.cdn.example", 20);
  EXPECT_EQ(standing(book, "www.example:8080/a", 9), Standing::kGone);
  EXPECT_EQ(standing(book, "a.www.example/a", 9), Standing::kGood);
  EXPECT_EQ(standing(book, "x.y.cdn.example/a", 19), Standing::kGone);
  EXPECT_EQ(standing(book, "cdn.example/a", 19), Standing::kGood);
}

TEST(PurgeBook, KeysAreReadFromBothFieldsHoweverTheyAreSeparated) {
  PurgeBook book;
  purge(book, PurgeKind::kTag, "article-7", 10);
  EXPECT_EQ(standing(book, "www.example/", 9, "home article-7"), Standing::kGone);
  EXPECT_EQ(standing(book, "www.example/", 9, "home, article-7,x"), Standing::kGone);
  EXPECT_EQ(standing(book, "www.example/", 9, "article-77 Article-7"), Standing::kGood);
  http::Fields fields;
  fields.add("cache-tag", "a,b");
  fields.add("Cache-Tag", "article-7");
  EXPECT_EQ(book.judge("www.example /", fields, PurgeStamp(9)).standing, Standing::kGone);
}

TEST(PurgeBook, SoftIsStaleAndHardWins) {
  PurgeBook book;
  purge(book, PurgeKind::kTag, "t", 10, true);
  EXPECT_EQ(standing(book, "www.example/", 9, "t"), Standing::kStale);
  purge(book, PurgeKind::kHost, "www.example", 8);
  EXPECT_EQ(standing(book, "www.example/", 7, "t"), Standing::kGone);
  EXPECT_EQ(standing(book, "www.example/", 9, "t"), Standing::kStale);
  purge(book, PurgeKind::kAll, "", 20);
  EXPECT_EQ(standing(book, "other.example/", 19), Standing::kGone);
}

TEST(PurgeBook, WhatIsGoodIsNotCheckedTwice) {
  PurgeBook book;
  purge(book, PurgeKind::kTag, "t", 10);
  const PurgeStamp stamp(3);
  EXPECT_FALSE(book.is_current(stamp));
  EXPECT_EQ(book.judge("www.example /", {}, stamp).standing, Standing::kGood);
  EXPECT_TRUE(book.is_current(stamp));
}

TEST(PurgeBook, NumbersGrowWhateverTheClockDoes) {
  PurgeBook book;
  const gslb::WallTime now{std::chrono::seconds(1'700'000'000)};
  EXPECT_EQ(book.next_number(now), 1'700'000'000'000'000U);
  purge(book, PurgeKind::kAll, "", 1'800'000'000'000'000U);
  EXPECT_EQ(book.next_number(now), 1'800'000'000'000'001U);
}

// Against the plain meaning: whatever is folded, nothing that was purged is ever good, and as long
// as nothing is folded nothing else is purged.
TEST(PurgeBook, AgreesWithTheListOfAllPurges) {
  struct Given {
    PurgeKind kind;
    std::string value;
    bool soft;
  };
  std::mt19937 random(7);
  const auto pick = [&](unsigned below) { return random() % below; };
  for (const std::size_t bound : {std::size_t{1'000}, std::size_t{8}}) {
    PurgeBook book(bound);
    std::vector<Given> all;
    for (unsigned step = 1; step <= 600; ++step) {
      const std::string host = "h" + std::to_string(pick(4)) + ".example";
      const std::string path = "/" + std::to_string(pick(5)) + "/" + std::to_string(pick(5));
      const std::string key = "k" + std::to_string(pick(12));
      const std::array<Given, 4> kinds = {
          {{PurgeKind::kUrl, host + path, pick(2) == 0},
           {PurgeKind::kPrefix, host + path.substr(0, pick(4) + 1), pick(2) == 0},
           {PurgeKind::kHost, host, pick(2) == 0},
           {PurgeKind::kTag, key, pick(2) == 0}}};
      all.push_back(kinds[pick(4)]);
      purge(book, all.back().kind, all.back().value, step, all.back().soft);
      const std::string asked_host = "h" + std::to_string(pick(4)) + ".example";
      const std::string asked = "/" + std::to_string(pick(5)) + "/" + std::to_string(pick(5));
      const std::string tag = "k" + std::to_string(pick(12));
      const std::uint64_t stamp = pick(step + 1);
      Standing expected = Standing::kGood;
      for (std::uint64_t number = stamp + 1; number <= step; ++number) {
        const Given& each = all[number - 1];
        const bool meant =
            (each.kind == PurgeKind::kUrl && each.value == asked_host + asked) ||
            (each.kind == PurgeKind::kPrefix && (asked_host + asked).starts_with(each.value)) ||
            (each.kind == PurgeKind::kHost && each.value == asked_host) ||
            (each.kind == PurgeKind::kTag && each.value == tag);
        if (meant) {
          expected = std::max(expected, each.soft ? Standing::kStale : Standing::kGone);
        }
      }
      const Standing got = standing(book, asked_host + asked, stamp, tag);
      if (bound == 1'000) { EXPECT_EQ(got, expected) << step; }
      EXPECT_TRUE(got >= expected || got == Standing::kStale) << step;
      if (expected != Standing::kGood) { EXPECT_NE(got, Standing::kGood) << step; }
    }
    EXPECT_EQ(book.figures().folded > 0, bound == 8);
    EXPECT_LE(book.figures().marks, 4 * (bound + 1) + 4);
    // What is written down says the same.
    PurgeBook again(1'000);
    again.apply(book.marks());
    EXPECT_EQ(again.last(), book.last());
    for (std::uint64_t stamp = 0; stamp < 600; stamp += 7) {
      EXPECT_EQ(standing(again, "h1.example/1/1", stamp, "k1"),
                standing(book, "h1.example/1/1", stamp, "k1"));
    }
  }
}

}  // namespace
}  // namespace edge::cache
