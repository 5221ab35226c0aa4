#include "edge/serve/access_log.h"

#include <gtest/gtest.h>

#include "edge/serve/request_id.h"

namespace edge::serve {
namespace {

AccessEntry entry_of(const http::RequestHead& request) {
  AccessEntry entry;
  entry.request = &request;
  entry.client = "192.0.2.1";
  entry.cache = "hit";
  entry.status = 200;
  entry.body_octets = 5;
  entry.whole = true;
  entry.first_octet_us = 1'000'002;
  entry.total_us = 2'500'000;
  return entry;
}

TEST(AccessLog, CombinedIsOneLineWhateverARequestHolds) {
  http::RequestHead request;
  request.method = "GET";
  request.target = "/a";
  request.fields.add("User-Agent", "x\"\n\\");
  std::string line;
  append_combined(line, entry_of(request));
  EXPECT_EQ(line,
            "192.0.2.1 - - [01/Jan/1970:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" "
            "\"x\\\"\\u000a\\\\\" hit whole 1.000002 2.500000 - -\n");
}

TEST(AccessLog, JsonSaysNullForWhatWasNotMeasured) {
  http::RequestHead request;
  request.method = "GET";
  request.target = "/a";
  request.host = "h";
  request.major = 2;
  request.secure = true;
  AccessEntry entry = entry_of(request);
  entry.request_id = "id";
  std::string line;
  append_json(line, entry);
  EXPECT_EQ(line,
            "{\"time\":\"1970-01-01T00:00:00Z\",\"client\":\"192.0.2.1\",\"method\":\"GET\","
            "\"scheme\":\"https\",\"host\":\"h\",\"target\":\"/a\",\"protocol\":\"HTTP/2\","
            "\"status\":200,\"body_octets\":5,\"referer\":\"-\",\"user_agent\":\"-\","
            "\"cache\":\"hit\",\"whole\":true,\"first_octet_s\":1.000002,\"total_s\":2.500000,"
            "\"upstream_s\":null,\"request_id\":\"id\"}\n");
}

TEST(RequestId, KeepsAGoodOneAndTakesBadOnesAway) {
  http::RequestHead request;
  settle_request_id(request, false);
  EXPECT_FALSE(request.fields.has("X-Request-Id"));
  request.fields.add("X-Request-Id", "a-b/c=");
  settle_request_id(request, true);
  EXPECT_EQ(request.fields.joined("X-Request-Id"), "a-b/c=");
  request.fields.set("X-Request-Id", "a\"b");
  settle_request_id(request, false);
  EXPECT_FALSE(request.fields.has("X-Request-Id"));
  settle_request_id(request, true);
  EXPECT_EQ(request.fields.joined("X-Request-Id").size(), 32U);
  request.fields.add("X-Request-Id", "second");
  settle_request_id(request, false);
  EXPECT_FALSE(request.fields.has("X-Request-Id"));
}

}  // namespace
}  // namespace edge::serve
