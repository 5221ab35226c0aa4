#include "edge/tier/caller.h"

#include <chrono>

#include <gtest/gtest.h>

namespace edge::tier {
namespace {

const gslb::WallTime kNow = gslb::WallTime(std::chrono::seconds(1'800'000'000));

http::RequestHead request() {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/a?b=c";
  head.host = "www.example";
  head.fields.add("X-Forwarded-For", "192.0.2.1");
  return head;
}

http::RequestHead signed_request(const Caller& caller = {"fra-a", 5, true}) {
  http::RequestHead head = request();
  head.fields.add(std::string(kEdgeField), sign_caller("key", caller, head, kNow));
  return head;
}

TEST(EdgeCaller, ShowsNameLevelAndScheme) {
  const auto caller = verify_caller("key", signed_request(), kNow + std::chrono::seconds(30));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->name, "fra-a");
  EXPECT_EQ(caller->level, 5);
  EXPECT_TRUE(caller->secure);
  EXPECT_FALSE(verify_caller("key", signed_request({"fra-a", 0, false}), kNow)->secure);
}

TEST(EdgeCaller, IsRefusedWithAnotherKeyOrTime) {
  EXPECT_EQ(verify_caller("other", signed_request(), kNow).error(), CallerError::kMismatch);
  EXPECT_EQ(verify_caller("", signed_request(), kNow).error(), CallerError::kMismatch);
  for (const int minutes : {-2, 2}) {
    EXPECT_EQ(verify_caller("key", signed_request(), kNow + std::chrono::minutes(minutes)).error(),
              CallerError::kSkew);
  }
}

// What was seen on the wire opens nothing else.
TEST(EdgeCaller, IsBoundToItsRequest) {
  for (const char* what : {"method", "target", "host", "client"}) {
    http::RequestHead head = signed_request();
    if (what == std::string_view("method")) { head.method = "POST"; }
    if (what == std::string_view("target")) { head.target = "/other"; }
    if (what == std::string_view("host")) { head.host = "other.example"; }
    if (what == std::string_view("client")) { head.fields.set("X-Forwarded-For", "198.51.100.1"); }
    EXPECT_EQ(verify_caller("key", head, kNow).error(), CallerError::kMismatch) << what;
  }
}

TEST(EdgeCaller, ClaimsCanNotBeChangedOrMovedBetweenParts) {
  const http::RequestHead good = signed_request();
  const std::string value = good.fields.joined(kEdgeField);
  const auto with = [&](std::string_view from, std::string_view to) {
    http::RequestHead head = request();
    std::string changed = value;
    changed.replace(changed.find(from), from.size(), to);
    head.fields.add(std::string(kEdgeField), changed);
    return verify_caller("key", head, kNow);
  };
  EXPECT_TRUE(with("fra-a", "fra-a"));
  EXPECT_EQ(with(";5;", ";0;").error(), CallerError::kMismatch);
  EXPECT_EQ(with("fra-a", "fra-b").error(), CallerError::kMismatch);
  EXPECT_EQ(with(";https", ";http").error(), CallerError::kMismatch);
  EXPECT_EQ(with("v1;", "v2;").error(), CallerError::kMalformed);
  EXPECT_EQ(with(";5;", ";256;").error(), CallerError::kMalformed);
  EXPECT_EQ(with(";5;", ";05;x;").error(), CallerError::kMalformed);
  EXPECT_EQ(with(";5;", ";;").error(), CallerError::kMalformed);
}

TEST(EdgeCaller, RubbishIsMalformed) {
  for (const char* value :
       {"", ";", ";;;;;", "v1;1;a;0;http", "v1;1;a;0;ftp;00", "v1;x;a;0;http;"}) {
    http::RequestHead head = request();
    head.fields.add(std::string(kEdgeField), value);
    EXPECT_FALSE(verify_caller("key", head, kNow)) << value;
  }
  // Two of them are none.
  http::RequestHead twice = signed_request();
  twice.fields.add(std::string(kEdgeField), *twice.fields.find(kEdgeField));
  EXPECT_FALSE(verify_caller("key", twice, kNow));
}

}  // namespace
}  // namespace edge::tier
