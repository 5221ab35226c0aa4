#include "edge/serve/forward.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace edge::serve {
namespace {

http::RequestHead request_with(std::initializer_list<http::Field> list) {
  http::RequestHead request;
  request.method = "GET";
  request.target = "/x";
  request.host = "www.example";
  for (const http::Field& field : list) { request.fields.add(field.name, field.value); }
  return request;
}

TEST(Forwarding, SaysWhoAskedAndWhoForwarded) {
  config::Origin origin;
  origin.host = "origin.example";
  ForwardOptions options;
  options.name = "fra-a";
  options.client = "192.0.2.1";
  options.origin = &origin;
  const http::RequestHead sent = origin_request(request_with({{"Host", "www.example"},
                                                              {"Via", "1.1 first"},
                                                              {"X-Forwarded-For", "10.0.0.1"},
                                                              {"Connection", "x-hop"},
                                                              {"X-Hop", "1"},
                                                              {"Expect", "100-continue"}}),
                                                options);
  EXPECT_EQ(sent.fields.joined("Host"), "origin.example");
  EXPECT_EQ(sent.fields.joined("X-Forwarded-Host"), "www.example");
  EXPECT_EQ(sent.fields.joined("X-Forwarded-For"), "10.0.0.1, 192.0.2.1");
  EXPECT_EQ(sent.fields.joined("Via"), "1.1 first, 1.1 fra-a");
  EXPECT_EQ(sent.fields.joined("CDN-Loop"), "fra-a");
  EXPECT_FALSE(sent.fields.has("X-Hop"));
  EXPECT_FALSE(sent.fields.has("Expect"));
  EXPECT_TRUE(is_own_loop(sent.fields, "fra-a"));
}

TEST(Forwarding, CacheFetchesDropTheClientsConditionsAndAddTheirOwn) {
  config::Origin origin;
  cache::Object stored;
  stored.head.fields.add("ETag", "\"1\"");
  stored.head.fields.add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  ForwardOptions options;
  options.origin = &origin;
  options.for_cache = true;
  options.validate = &stored;
  const http::RequestHead sent = origin_request(
      request_with({{"If-None-Match", "\"9\""}, {"Range", "bytes=0-1"}, {"If-Range", "\"9\""}}),
      options);
  EXPECT_EQ(sent.fields.joined("If-None-Match"), "\"1\"");
  EXPECT_TRUE(sent.fields.has("If-Modified-Since"));
  EXPECT_FALSE(sent.fields.has("Range"));
  EXPECT_FALSE(sent.fields.has("If-Range"));
}

TEST(Forwarding, TellsOfTheFiltersAnAnswerGoesThrough) {
  config::Origin origin;
  ForwardOptions options;
  options.name = "fra-a";
  options.origin = &origin;
  const http::RequestHead request =
      request_with({{"If-Match", "W/\"1\""}, {"Surrogate-Capability", "x=\"ESI/1.0\""}});
  http::RequestHead sent = origin_request(request, options);
  EXPECT_EQ(sent.fields.joined("If-Match"), "W/\"1\"");
  EXPECT_EQ(sent.fields.joined("Surrogate-Capability"), "x=\"ESI/1.0\"");
  options.esi = true;
  options.recodes = true;
  sent = origin_request(request, options);
  EXPECT_EQ(sent.fields.joined("If-Match"), "\"1\"");
  EXPECT_EQ(sent.fields.joined("Surrogate-Capability"), "x=\"ESI/1.0\", fra-a=\"ESI/1.0\"");
}

TEST(Loop, IsFoundAmongOthersAndTheirParameters) {
  const auto loops = [](const char* value) {
    return is_own_loop(request_with({{"CDN-Loop", value}}).fields, "fra-a");
  };
  EXPECT_TRUE(loops("other, FRA-A;v=1"));
  EXPECT_FALSE(loops("fra-ab, other;x=\"fra-a\""));
  EXPECT_FALSE(loops(""));
}

TEST(Reply, HasTheLengthThatIsKnownAndNoOther) {
  http::ResponseHead head;
  head.status = 200;
  head.fields.add("Content-Length", "999");
  head.fields.add("Transfer-Encoding", "chunked");
  ReplyOptions options;
  options.name = "fra-a";
  options.length = 5;
  EXPECT_EQ(client_reply(head, options, {}).head.fields.joined("Content-Length"), "5");
  options.length.reset();
  const Reply reply = client_reply(head, options, {});
  EXPECT_FALSE(reply.head.fields.has("Content-Length"));
  EXPECT_FALSE(reply.head.fields.has("Transfer-Encoding"));
}

// The quick way for hits says what the other does, whatever the origin had in its head.
TEST(Reply, OfAStoredHeadIsTheSameWithoutACopy) {
  const std::vector<http::Field> may_be = {
      {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"age", "7"},      {"Via", "1.0 first"},
      {"Cache-Status", "first; fwd=miss"},       {"ETag", "\"a\""}, {"via", "1.1 second"}};
  ReplyOptions options;
  options.name = "fra-a";
  options.status.hit = true;
  options.status.ttl_s = 41;
  options.age_s = 19;
  options.length = 5;
  for (unsigned chosen = 0; chosen < 1U << may_be.size(); ++chosen) {
    http::ResponseHead head;
    head.status = 200;
    for (std::size_t i = 0; i < may_be.size(); ++i) {
      if ((chosen >> i & 1U) != 0) { head.fields.add(may_be[i].name, may_be[i].value); }
    }
    const Reply expected = client_reply(head, options, {});
    const Reply quick = stored_reply(head, options, {});
    const Reply all = gathered(quick);
    EXPECT_EQ(all.length, expected.length);
    EXPECT_EQ(all.head.fields.list().size(), expected.head.fields.list().size());
    for (const http::Field& field : expected.head.fields.list()) {
      EXPECT_EQ(all.head.fields.joined(field.name), field.value) << field.name;
    }
    std::string text;
    http::write_response_head(quick.head, *quick.stored, text);
    EXPECT_EQ(text, http::write_response_head(all.head));
  }
}

}  // namespace
}  // namespace edge::serve
