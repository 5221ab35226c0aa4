// Where the operator knows better than the origin.
#include <gtest/gtest.h>

#include "edge/cache/policy.h"

namespace edge::cache {
namespace {

using namespace std::chrono_literals;

class Ttl : public testing::Test {
 protected:
  http::ResponseHead response(int status, const char* name = nullptr, const char* value = "") {
    http::ResponseHead head;
    head.status = status;
    if (name != nullptr) { head.fields.add(name, value); }
    return head;
  }
  std::int64_t left(const http::ResponseHead& head) {
    const Freshness freshness = freshness_of(head, moments, policy);
    return freshness.lifetime_s - freshness.initial_age_s;
  }
  bool stored(const http::ResponseHead& head) { return is_storable({}, head, moments, policy); }

  config::CachePolicy policy;
  Exchange moments{gslb::WallTime(1000h), gslb::WallTime(1000h)};
};

TEST_F(Ttl, IsForWhatSaysNothingOfItself) {
  policy.ttl_s = 300;
  EXPECT_EQ(left(response(200)), 300);
  EXPECT_TRUE(stored(response(200)));
  EXPECT_EQ(left(response(200, "Cache-Control", "max-age=10")), 10);
  EXPECT_EQ(left(response(404)), 0) << "negative_ttl is for these";
  EXPECT_EQ(left(response(500)), 0);
  EXPECT_EQ(left(response(302)), 0);
  EXPECT_FALSE(stored(response(200, "Cache-Control", "no-store")));
}

TEST_F(Ttl, BeginsWhenTheResponseComesIn) {
  policy.ttl_s = 300;
  EXPECT_EQ(left(response(200, "Age", "100")), 300);
}

TEST_F(Ttl, BoundsHoldForWhatMayBeStored) {
  policy.min_ttl_s = 60;
  policy.max_ttl_s = 600;
  EXPECT_EQ(left(response(200, "Cache-Control", "max-age=1")), 60);
  EXPECT_EQ(left(response(200, "Cache-Control", "max-age=100")), 100);
  EXPECT_EQ(left(response(200, "Cache-Control", "max-age=100000")), 600);
  EXPECT_FALSE(stored(response(200, "Cache-Control", "private, max-age=100")));
  EXPECT_TRUE(
      freshness_of(response(200, "Cache-Control", "no-cache"), moments, policy).always_validate);
}

TEST_F(Ttl, TheOriginsWordMayBeIgnored) {
  policy.ignore_origin = true;
  policy.ttl_s = 120;
  for (const char* said : {"no-store", "private", "max-age=1", "no-cache", "s-maxage=9999"}) {
    EXPECT_EQ(left(response(200, "Cache-Control", said)), 120) << said;
    EXPECT_TRUE(stored(response(200, "Cache-Control", said))) << said;
  }
  EXPECT_EQ(left(response(200, "Expires", "0")), 120);
  auto cookie = response(200, "Set-Cookie", "a=b");
  EXPECT_FALSE(stored(cookie)) << "that would hand one client's cookie to all";
}

}  // namespace
}  // namespace edge::cache
