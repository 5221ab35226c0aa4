#include "edge/serve/http2_stream.h"

#include <gtest/gtest.h>

namespace edge::serve {
namespace {

Http2Asked asked(std::initializer_list<http::Field> fields = {}) {
  Http2Asked result;
  result.method = "GET";
  result.path = "/x?y";
  result.authority = "WWW.example:80";
  for (const http::Field& field : fields) { result.fields.add(field.name, field.value); }
  return result;
}

TEST(Http2Request, IsTheSameRequestAsByHttp1) {
  const auto head = as_request(asked({{"cookie", "a=1"}, {"accept", "*/*"}, {"cookie", "b=2"}}));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/x?y");
  EXPECT_EQ(head->host, "www.example");
  EXPECT_EQ(head->major, 2);
  EXPECT_EQ(head->fields.joined("Cookie"), "a=1; b=2");
}

TEST(Http2Request, TakesItsHostFromEitherPlaceButNotFromTwo) {
  Http2Asked only_field = asked({{"host", "a.example"}});
  only_field.authority.clear();
  EXPECT_EQ(as_request(only_field)->host, "a.example");
  EXPECT_TRUE(as_request(asked({{"host", "www.EXAMPLE:80"}})));
  EXPECT_EQ(as_request(asked({{"host", "b.example"}})).error(), http::HeadError::kHost);
  Http2Asked none = asked();
  none.authority.clear();
  EXPECT_EQ(as_request(none).error(), http::HeadError::kHost);
}

TEST(Http2Request, CannotSmuggleLines) {
  for (const std::string_view text : {"a\r\nX: 1", "a\nX: 1", "a\rb"}) {
    EXPECT_FALSE(as_request(asked({{"x-a", std::string(text)}}))) << text;
    Http2Asked in_path = asked();
    in_path.path = "/" + std::string(text);
    EXPECT_FALSE(as_request(in_path));
    Http2Asked in_host = asked();
    in_host.authority = text;
    EXPECT_FALSE(as_request(in_host));
    Http2Asked in_method = asked();
    in_method.method = text;
    EXPECT_FALSE(as_request(in_method));
  }
  Http2Asked absolute = asked();
  absolute.path = "http://other.example/";
  EXPECT_FALSE(as_request(absolute));
  Http2Asked two_words = asked();
  two_words.path = "/a HTTP/1.1";
  EXPECT_FALSE(as_request(two_words));
  Http2Asked line_of_two = asked();
  line_of_two.method = "GET /a";
  EXPECT_FALSE(as_request(line_of_two));
}

}  // namespace
}  // namespace edge::serve
