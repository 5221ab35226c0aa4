// Which entry of a map holds for a client.
#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "gslb/config/config.h"
#include "gslb/steer/policy.h"

#include "tests/support/world.h"

namespace {

TEST(Map, ASubdivisionIsMoreExactThanItsCountry) {
  gslb::Problems problems;
  const auto config = gslb::config::parse(
      "[[zone]]\nname = 'example.'\nfile = 'z'\n"
      "[cluster.a]\nlatitude = 1\nlongitude = 1\nhealth = 'none'\n"
      "node = [{ id = 'n', ipv4 = '192.0.2.1' }]\n"
      "[map.m]\ndefault = 'a'\n[map.m.country]\nUS = 'a'\nCA = 'a'\n"
      "[map.m.subdivision]\nUS-CA = 'a'\nCA-QC = 'a'\n[map.m.asn]\n64500 = 'a'\n"
      "[service.s]\npolicy = 'geo'\nmap = 'm'\n",
      "f", problems);
  ASSERT_TRUE(config) << problems.to_string();
  const gslb::steer::Variant variant(*config, config->services[0].choosing);
  const auto order = [&](const char* country, const char* part, std::uint32_t asn = 0) {
    gslb::geo::Unit unit;
    unit.asn = asn;
    unit.country = {country[0], country[1]};
    std::copy_n(part, std::min<std::size_t>(3, std::strlen(part)), unit.subdivision.begin());
    return &variant.order_of(unit);
  };
  EXPECT_NE(order("US", "CA"), order("US", ""));
  EXPECT_EQ(order("US", "NV"), order("US", ""));
  EXPECT_NE(order("CA", "QC"), order("CA", "ON"));
  EXPECT_EQ(order("FR", "CA"), order("FR", "")) << "another country's";
  EXPECT_EQ(order("US", "CA", 64500), order("FR", "", 64500)) << "the network is more exact";
}

TEST(Map, AnOverrideMayPutClientsIntoASubdivision) {
  const std::string tables =
      "[cluster.a]\nlatitude = 1\nlongitude = 1\nhealth = 'none'\n"
      "node = [{ id = 'n', ipv4 = '192.0.2.1' }]\n"
      "[[override]]\nprefix = '10.9.0.0/24'\nset_country = 'us-ca'\n"
      "[[override]]\nprefix = '10.9.1.0/24'\nset_country = 'DE'\n"
      "[service.s]\n";
  const std::string map =
      "[map.m]\ndefault = 'a'\n[map.m.subdivision]\nUS-CA = 'a'\n"
      "[service.t]\npolicy = 'geo'\nmap = 'm'\n";
  const auto country = [&](const std::string& config, const char* client) {
    const tests::World world(
        tests::text_of_zone("example.", "z") + config,
        {{"z", "$ORIGIN example.\n@ 60 SOA ns. ns. 1 1 1 1 1\n@ 60 NS ns.\n"}});
    const auto& geo = *world.epoch->compiled->geo;
    return gslb::geo::country_text(geo.units()[geo.find(*gslb::Address::parse(client)).unit]);
  };
  EXPECT_EQ(country(tables + map, "10.9.0.1"), "US-CA");
  EXPECT_EQ(country(tables + map, "10.9.1.1"), "DE");
  EXPECT_EQ(country(tables, "10.9.0.1"), "US") << "units are only cut where a map asks for it";

  gslb::Problems problems;
  gslb::config::parse("[[override]]\nprefix = '10.0.0.0/24'\nset_country = 'US-California'\n", "f",
                      problems);
  EXPECT_NE(problems.to_string().find("not a country code"), std::string::npos);
}

}  // namespace
