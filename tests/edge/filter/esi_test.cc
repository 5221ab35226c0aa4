#include "edge/filter/esi.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::filter {
namespace {

using Kind = EsiEvent::Kind;

// Events in a line: text as it is, [src|alt|c] includes, {attempt}, (except).
std::string line_of(const std::vector<EsiEvent>& events) {
  std::string line;
  for (const EsiEvent& event : events) {
    switch (event.kind) {
      case Kind::kText:
        line += event.text;
        break;
      case Kind::kInclude:
        line += '[' + event.text + '|' + event.alt + (event.may_fail ? "|c]" : "]");
        break;
      case Kind::kAttempt:
        line += '{';
        break;
      case Kind::kAttemptEnd:
        line += '}';
        break;
      case Kind::kExcept:
        line += '(';
        break;
      case Kind::kExceptEnd:
        line += ')';
        break;
    }
  }
  return line;
}

std::string parsed(std::string_view page) {
  EsiParser parser;
  std::vector<EsiEvent> events;
  parser.feed(page, events);
  parser.finish(events);
  return line_of(events);
}

TEST(Esi, ElementsAreFoundInText) {
  EXPECT_EQ(parsed("<p>plain</p>"), "<p>plain</p>");
  EXPECT_EQ(parsed("a<esi:include src=\"/x\"/>b"), "a[/x|]b");
  EXPECT_EQ(parsed("a<esi:include src='/x?a=1&amp;b=2' alt=\"/y>\" onerror=\"continue\" />b"),
            "a[/x?a=1&b=2|/y>|c]b");
  EXPECT_EQ(parsed("<esi:include\n src = \"/x\"\n></esi:include>b"), "[/x|]b");
  EXPECT_EQ(parsed("a<esi:comment text=\"no > one\"/>b"), "ab");
  EXPECT_EQ(parsed("a<esi:remove>b <esi:include src=\"/x\"/> <p>c</esi:remove>d"), "ad");
  EXPECT_EQ(parsed("a<!--esi <p><esi:include src=\"/x\"/></p>-->b-->"), "a <p>[/x|]</p>b-->");
  EXPECT_EQ(parsed("a<!-- <esi:include src=\"/x\"/> -->b"), "a<!-- [/x|] -->b");
}

TEST(Esi, OnlyTheArmsOfATryCount) {
  EXPECT_EQ(parsed("a<esi:try> b <esi:attempt>c<esi:include src=\"/x\"/></esi:attempt> d "
                   "<esi:except>e</esi:except> f </esi:try>g"),
            "a{c[/x|]}(e)g");
  EXPECT_EQ(parsed("<esi:try><esi:attempt>a<esi:try><esi:attempt>b</esi:attempt><esi:except>c"
                   "</esi:except></esi:try></esi:attempt></esi:try>"),
            "{a{b}(c)}");
  EXPECT_EQ(parsed("a<esi:attempt>b</esi:attempt><esi:except>c</esi:except>"), "abc");
}

TEST(Esi, WhatIsOpenAtTheEndIsClosed) {
  EXPECT_EQ(parsed("<esi:try><esi:attempt>b"), "{b}");
  EXPECT_EQ(parsed("a<esi:remove>b"), "a");
  EXPECT_EQ(parsed("a<esi:incl"), "a<esi:incl");
  EXPECT_EQ(parsed("a<!--es"), "a<!--es");
  EXPECT_EQ(parsed("a<esi:include src=\"/x"), "a<esi:include src=\"/x");
}

TEST(Esi, WhatIsNotKnownStaysAsItStands) {
  EXPECT_EQ(parsed("<esi:vars>$(X)</esi:vars>"), "<esi:vars>$(X)</esi:vars>");
  EXPECT_EQ(parsed("<esi:includes src=\"/x\"/>"), "<esi:includes src=\"/x\"/>");
  EXPECT_EQ(parsed("<<esi:include src=\"/x\"/><<!-<"), "<[/x|]<<!-<");
  const std::string endless = "<esi:include src=\"" + std::string(5000, 'x');
  EXPECT_EQ(parsed(endless), endless);
}

TEST(Esi, NestingIsBounded) {
  std::string page;
  for (int i = 0; i < 100'000; ++i) { page += "<esi:try><esi:attempt>"; }
  EXPECT_EQ(parsed(page + "x"),
            std::string(EsiParser::kMaxNesting, '{') + std::string(EsiParser::kMaxNesting, '}'));
}

// Pages made of all that means something, whole and broken, in every split and drop by drop.
TEST(Esi, EverySplitGivesTheSame) {
  const std::vector<std::string> pieces = {"<esi:include src=\"/a\"/>",
                                           "<esi:include src='/b' alt=\"/c\"",
                                           ">",
                                           "<esi:remove>",
                                           "</esi:remove>",
                                           "<esi:comment text=\"x\"/>",
                                           "<esi:try>",
                                           "</esi:try>",
                                           "<esi:attempt>",
                                           "</esi:attempt>",
                                           "<esi:except>",
                                           "</esi:except>",
                                           "<!--esi",
                                           "-->",
                                           "--",
                                           "<",
                                           "<e",
                                           "</esi:",
                                           "text",
                                           "\"",
                                           "'",
                                           "<esi:vars/>",
                                           " /",
                                           "<!--"};
  gslb::Random random(11);
  for (int round = 0; round < 300; ++round) {
    std::string page;
    const std::size_t count = 1 + random.below(14);
    for (std::size_t i = 0; i < count; ++i) {
      page += pieces[random.below(static_cast<std::uint32_t>(pieces.size()))];
    }
    const std::string whole = parsed(page);
    for (std::size_t split = 0; split <= page.size(); ++split) {
      EsiParser parser;
      std::vector<EsiEvent> events;
      parser.feed(std::string_view(page).substr(0, split), events);
      parser.feed(std::string_view(page).substr(split), events);
      parser.finish(events);
      ASSERT_EQ(line_of(events), whole) << page << " at " << split;
    }
    EsiParser dripping;
    std::vector<EsiEvent> events;
    for (const char c : page) { dripping.feed({&c, 1}, events); }
    dripping.finish(events);
    ASSERT_EQ(line_of(events), whole) << page;
  }
}

}  // namespace
}  // namespace edge::filter
