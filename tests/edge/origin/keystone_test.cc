#include "edge/origin/keystone.h"

#include <gtest/gtest.h>

namespace edge::origin {
namespace {

TEST(Keystone, AsksByPasswordWithinAProject) {
  config::Swift swift;
  swift.user = "ed\"ge";
  swift.key = "secret";
  swift.keystone.emplace();
  swift.keystone->project = "cdn";
  EXPECT_EQ(keystone_request(swift),
            R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"ed\"ge",)"
            R"("domain":{"name":"Default"},"password":"secret"}}},)"
            R"("scope":{"project":{"name":"cdn","domain":{"name":"Default"}}}}})");
}

TEST(Keystone, AsksByApplicationCredentialWithoutAScope) {
  config::Swift swift;
  swift.key = "secret";
  swift.keystone.emplace();
  swift.keystone->credential_id = "abc";
  EXPECT_EQ(keystone_request(swift),
            R"({"auth":{"identity":{"methods":["application_credential"],)"
            R"("application_credential":{"id":"abc","secret":"secret"}}}})");
}

TEST(Keystone, ReadsHowLongATokenLivesByItsOwnClock) {
  EXPECT_EQ(keystone_life_s(R"({"token":{"issued_at":"2026-11-22T17:00:00.000000Z",)"
                            R"("expires_at":"2026-11-22T18:00:01.999999Z","catalog":[]}})"),
            3601);
  for (const char* body :
       {"", "[]", "{}", R"({"token":1})", R"({"token":{"expires_at":"soon"}})",
        R"({"token":{"issued_at":"2026-11-22T17:00:00Z","expires_at":"2026-11-22T17:00:00Z"}})"}) {
    EXPECT_FALSE(keystone_life_s(body)) << body;
  }
}

}  // namespace
}  // namespace edge::origin
