#include <gmock/gmock.h>

#include "tests/gslb/geo/geo_fixture.h"

namespace gslb::geo {
namespace {

using ::testing::HasSubstr;

class Override : public GeoFixture {
 protected:
  Override() {
    tests::MmdbWriter writer({});
    writer.insert(prefix("192.0.0.0/16"), flat_record("DE", 50.1, 8.7));
    writer.insert(prefix("2001:db8::/32"), flat_record("DE", 50.1, 8.7));
    options_.sources.push_back(flat(write("a.mmdb", writer.finish())));
  }
  void add(const std::string& text, std::int32_t index, std::string country = {},
           std::optional<Place> place = {}, std::optional<std::uint32_t> asn = {}) {
    options_.overrides.push_back({prefix(text), place, std::move(country), asn, index});
  }
  int bits_at(const GeoMap& map, const std::string& address) {
    return map.find(*Address::parse(address)).bits;
  }
  CompileOptions options_;
};

TEST_F(Override, CutsExactlyAtItsLengthBeyondTheFloorsToo) {
  add("192.0.2.64/27", 0, "FR", Place{48.9, 2.3});
  add("192.0.2.77/32", 1, "IT", Place{45.5, 9.2});
  add("2001:db8:1:2::/64", 2, "FR", Place{48.9, 2.3});
  const auto map = good(options_);
  EXPECT_EQ(country_at(*map, "192.0.2.63"), "DE");
  EXPECT_EQ(country_at(*map, "192.0.2.64"), "FR");
  EXPECT_EQ(country_at(*map, "192.0.2.77"), "IT");
  EXPECT_EQ(bits_at(*map, "192.0.2.77"), 32);
  EXPECT_EQ(bits_at(*map, "192.0.2.76"), 32);  // its sibling
  EXPECT_EQ(country_at(*map, "192.0.2.95"), "FR");
  EXPECT_EQ(country_at(*map, "192.0.2.96"), "DE");
  EXPECT_EQ(country_at(*map, "2001:db8:1:2:3::"), "FR");
  EXPECT_EQ(bits_at(*map, "2001:db8:1:2:3::"), 64);
  EXPECT_EQ(country_at(*map, "2001:db8:1:3::"), "DE");
  EXPECT_EQ(unit_at(*map, "2001:db8:1:2::").override_index, 2);
  EXPECT_DOUBLE_EQ(unit_at(*map, "192.0.2.77").place_sigma_km, 25);
}

TEST_F(Override, OfTheLongestPrefixCountsAloneInAnyOrder) {
  add("192.0.2.0/25", 0, {}, {}, 64500);
  add("192.0.0.0/8", 1, {}, {}, 64501);
  add("192.0.2.0/24", 2, "FR", Place{48.9, 2.3});
  const auto map = good(options_);
  EXPECT_EQ(unit_at(*map, "192.0.2.1").asn, 64500U);
  EXPECT_EQ(country_at(*map, "192.0.2.1"), "DE") << "the /24's country is not inherited";
  EXPECT_EQ(unit_at(*map, "192.0.2.200").asn, 0U);
  EXPECT_EQ(country_at(*map, "192.0.2.200"), "FR");
  EXPECT_EQ(unit_at(*map, "192.200.0.0").asn, 64501U);
  EXPECT_EQ(unit_at(*map, "193.0.0.0").override_index, -1);
}

TEST_F(Override, OfAllAddressesWorks) {
  add("0.0.0.0/0", 0, "FR", Place{48.9, 2.3});
  add("::/0", 1, {}, {}, 64500);
  add("255.255.255.255/32", 2, "IT", Place{45.5, 9.2});
  add("ffff:ffff:ffff:ffff::/64", 3, "IT");
  const auto map = good(options_);
  EXPECT_EQ(country_at(*map, "0.0.0.0"), "FR");
  EXPECT_EQ(country_at(*map, "255.255.255.254"), "FR");
  EXPECT_EQ(country_at(*map, "255.255.255.255"), "IT");
  EXPECT_EQ(unit_at(*map, "::").asn, 64500U);
  EXPECT_EQ(country_at(*map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "IT");
}

TEST_F(Override, OfTheCountryAloneDropsAPlaceInAnother) {
  add("192.0.2.0/24", 0, "BR");
  add("192.0.3.0/24", 1, "DE");
  const auto map = good(options_);
  EXPECT_LT(distance_km(unit_at(*map, "192.0.2.1").place, {-15.8, -47.9}), 600);
  EXPECT_LT(distance_km(unit_at(*map, "192.0.3.1").place, {50.1, 8.7}), 1);
}

TEST_F(Override, NeedsNoSources) {
  options_.sources.clear();
  add("192.0.2.0/24", 0, "FR", Place{48.9, 2.3});
  const auto map = good(options_);
  EXPECT_EQ(country_at(*map, "192.0.2.1"), "FR");
  EXPECT_EQ(map->units().size(), 2U);
  EXPECT_EQ(map->find(*Address::parse("192.0.3.1")).unit, 0U);
}

TEST_F(Override, OfIpv6HostsIsRefusedWithWhatToDo) {
  add("2001:db8::1/128", 0, "FR");
  EXPECT_THAT(bad(options_), HasSubstr("override of 2001:db8::1/128 is longer than /64 (give"));
}

TEST_F(Override, GivenTwiceCountsOnceWithAWarning) {
  add("192.0.2.0/24", 0, "FR");
  add("192.0.2.0/24", 1, "IT");
  const auto map = good(options_);
  EXPECT_THAT(problems_.to_string(), HasSubstr("two overrides of 192.0.2.0/24: the first counts"));
  EXPECT_EQ(unit_at(*map, "192.0.2.1").override_index, 0);
}

// Deployments keep learnt state under these ids.
TEST_F(Override, UnitIdsAreTheSameInEveryRun) {
  add("192.0.2.0/24", 3, "FR", Place{48.9, 2.3}, 64496);
  const auto map = good(options_);
  EXPECT_EQ(map->units()[0].id, 12450512326616124698U);
  EXPECT_EQ(unit_at(*map, "192.0.2.1").id, 15429481105675003230U);
}

}  // namespace
}  // namespace gslb::geo
