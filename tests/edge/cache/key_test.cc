#include "edge/cache/key.h"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::cache {
namespace {

// Requests that differ in form, in meaning, or not at all.
http::Fields random_request(gslb::Random& random) {
  constexpr std::array<std::string_view, 12> values = {
      "",         "gzip",        "gzip, br", "br,gzip", " br ,, gzip", "gzip;q=0",
      "identity", "\"a, b\", c", "en",       "en, de",  "en,de",       "*"};
  http::Fields request;
  for (const char* name : {"Accept-Encoding", "accept-language", "X-Kind"}) {
    for (std::uint64_t count = random.below(3); count > 0; --count) {
      request.add(name, std::string(values.at(random.below(values.size()))));
    }
  }
  return request;
}

TEST(Key, ARequestMatchesWhenItWouldHaveSelectedTheSame) {
  gslb::Random random(11);
  http::Fields response;
  response.add("Vary", "Accept-Encoding, X-Kind");
  response.add("Vary", "accept-language");
  int same = 0;
  for (int i = 0; i < 10'000; ++i) {
    const http::Fields first = random_request(random);
    const http::Fields second = random_request(random);
    const Variant variant = variant_of(first, response);
    EXPECT_TRUE(matches(variant, first));
    const bool is_same = variant == variant_of(second, response);
    EXPECT_EQ(matches(variant, second), is_same);
    same += is_same ? 1 : 0;
  }
  EXPECT_GT(same, 20);
}

}  // namespace
}  // namespace edge::cache
