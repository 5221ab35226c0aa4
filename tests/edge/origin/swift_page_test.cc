#include "edge/origin/swift_page.h"

#include <gtest/gtest.h>

namespace {

using namespace edge::origin;

TEST(SwiftListing, ReadsWhatSwiftGives) {
  const auto entries = parse_listing(
      R"([{"subdir": "a/b/"}, {"bytes": 5, "hash": "x", "name": "a/c.txt",)"
      R"( "content_type": "text/plain", "last_modified": "2026-11-22T14:37:07.123456"}])");
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_TRUE(entries->at(0).is_directory);
  EXPECT_EQ(entries->at(0).name, "a/b/");
  EXPECT_EQ(entries->at(1).octets, 5U);
}

TEST(SwiftListing, RefusesWhatIsNone) {
  for (const char* text : {"", "{}", "[", "[1]", "a\nb\n"}) {
    EXPECT_FALSE(parse_listing(text).has_value()) << text;
  }
}

TEST(SwiftPage, EscapesNames) {
  SwiftEntry entry;
  entry.name = "d/<x>&\"y'.txt";
  entry.content_type = "Text/Html";
  entry.octets = 1536;
  entry.last_modified = "2026-11-22T14:37:07.1";
  const std::string page = listing_page({}, "/v1/AUTH_test/c/d/", "d/", {entry});
  EXPECT_NE(page.find("<a href=\"%3Cx%3E%26%22y%27.txt\">&lt;x&gt;&amp;&quot;y&#x27;.txt</a>"),
            page.npos);
  EXPECT_NE(page.find("item type-text type-html"), page.npos);
  EXPECT_NE(page.find("<td class=\"colsize\">2Ki</td>"), page.npos);
  EXPECT_NE(page.find("2026-11-22 14:37:07</td>"), page.npos);
  EXPECT_NE(page.find("../"), page.npos);
}

TEST(SwiftPage, UsesTheLabelAndTheStyleSheet) {
  SwiftContainer container;
  container.listings_label = "shop.example";
  container.listings_css = "my style.css";
  const std::string page = listing_page(container, "/v1/AUTH_test/c/d/e/", "d/e/", {});
  EXPECT_NE(page.find("<title>Listing of shop.example/d/e/</title>"), page.npos);
  EXPECT_NE(page.find("href=\"../../my%20style.css\""), page.npos);
  container.listings_css = "https://s.example/x y.css";
  EXPECT_NE(no_listing_page(container, "/v1/AUTH_test/c/", "").find("https://s.example/x%20y.css"),
            page.npos);
}

TEST(PercentCoding, GoesBothWays) {
  EXPECT_EQ(percent_encode("a b/ü~%"), "a%20b/%C3%BC~%25");
  EXPECT_EQ(percent_decode("a%20b/%c3%BC"), "a b/ü");
  EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decode("%"), "%");
}

}  // namespace
