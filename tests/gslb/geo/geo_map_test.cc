#include "gslb/geo/geo_map.h"

#include <gtest/gtest.h>

namespace gslb::geo {
namespace {

TEST(Distance, IsGreatCircle) {
  EXPECT_NEAR(distance_km({52.52, 13.405}, {48.8566, 2.3522}), 877.5, 1);  // Berlin, Paris
  EXPECT_NEAR(distance_km({0, 179.5}, {0, -179.5}), 111.2, 0.1);           // over the date line
  EXPECT_NEAR(distance_km({90, 0}, {-90, 77}), 20015.1, 0.1);
  EXPECT_EQ(distance_km({1, 2}, {1, 2}), 0);
}

TEST(EmptyMap, PutsEveryAddressIntoTheUnknownUnit) {
  const auto map = GeoMap::empty();
  ASSERT_EQ(map->units().size(), 1U);
  EXPECT_EQ(map->units()[0].asn, 0U);
  EXPECT_FALSE(map->units()[0].has_place);
  EXPECT_EQ(map->units()[0].override_index, -1);
  EXPECT_EQ(map->leaf_count(), 2U);
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    const Leaf leaf = map->find(*Address::parse(text));
    EXPECT_EQ(leaf.unit, 0U);
    EXPECT_EQ(leaf.bits, 0);
  }
  std::vector<std::string> leaves;
  map->for_each_leaf([&](const Prefix& leaf, UnitIndex) { leaves.push_back(leaf.to_string()); });
  EXPECT_EQ(leaves, (std::vector<std::string>{"0.0.0.0/0", "::/0"}));
  EXPECT_EQ(map->operator_name(64496), "");
}

}  // namespace
}  // namespace gslb::geo
