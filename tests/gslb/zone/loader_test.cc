#include "gslb/zone/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gslb::zone {
namespace {

constexpr std::string_view kHead =
    "$TTL 3600\n"
    "@ SOA ns hostmaster 7 3600 1200 604800 300\n"
    "@ NS ns\n"
    "ns A 192.0.2.1\n";

std::shared_ptr<const Zone> load(const std::string& body, Problems& problems,
                                 const std::vector<RouteBinding>& routes = {}) {
  return load_zone_text(dns::Name::parse("example.com").value(), std::string(kHead) + body,
                        "example.zone", routes, problems);
}

TEST(Loader, LoadsAZone) {
  Problems problems;
  const auto zone = load("www A 192.0.2.2\n", problems);
  ASSERT_NE(zone, nullptr) << problems.to_string();
  EXPECT_EQ(problems.to_string(), "");
  EXPECT_EQ(zone->serial(), 7U);
  EXPECT_EQ(zone->negative_ttl_s(), 300U);
  EXPECT_EQ(zone->record_count(), 4U);
}

}  // namespace
}  // namespace gslb::zone
