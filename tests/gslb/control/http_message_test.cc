#include "gslb/control/http_message.h"

#include <gmock/gmock.h>

namespace gslb::control {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(HttpTarget, DecodesPathAndQuery) {
  HttpRequest request;
  ASSERT_TRUE(request.set_target("/a%20b/c+d?name=x%26y&empty=&flag&two=1+2&two=3"));
  EXPECT_EQ(request.path, "/a b/c+d");
  EXPECT_THAT(request.query, ElementsAre(Pair("name", "x&y"), Pair("empty", ""), Pair("flag", ""),
                                         Pair("two", "1 2"), Pair("two", "3")));
  EXPECT_EQ(request.parameter("two"), "1 2");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("none"), std::nullopt);
}

TEST(HttpTarget, TakesAbsoluteForm) {
  HttpRequest request;
  ASSERT_TRUE(request.set_target("http://host:80/p?q=1"));
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.parameter("q"), "1");
  ASSERT_TRUE(request.set_target("http://host"));
  EXPECT_EQ(request.path, "/");
  EXPECT_TRUE(request.query.empty());
  // A colon and two slashes further on are part of an ordinary path.
  ASSERT_TRUE(request.set_target("/x?url=http://other/y"));
  EXPECT_EQ(request.path, "/x");
  EXPECT_EQ(request.parameter("url"), "http://other/y");
}

TEST(HttpTarget, RefusesWhatIsNeitherForm) {
  for (const char* target :
       {"", "*", "a/b", "host:80", "?q=1", "/%", "/%4", "/%zz", "/a%00b", "/ok?x=%", "/ok?%g1=1"}) {
    HttpRequest request;
    EXPECT_FALSE(request.set_target(target)) << target;
  }
}

TEST(HttpRequest, FindsHeadersInAnyCase) {
  HttpRequest request;
  request.headers = {{"X-Proxima-Signature", "a"}, {"x-proxima-signature", "b"}};
  EXPECT_EQ(request.header("x-PROXIMA-signature"), "a");
  EXPECT_EQ(request.header("x-proxima"), std::nullopt);
}

}  // namespace
}  // namespace gslb::control
