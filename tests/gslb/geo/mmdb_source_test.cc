#include <gmock/gmock.h>

#include "tests/gslb/geo/geo_fixture.h"
#include "tests/support/folder.h"

namespace gslb::geo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::MmdbOptions;
using tests::MmdbWriter;

using MmdbSource = GeoFixture;

TEST_F(MmdbSource, ReadsEveryRecordSizeAndIpVersion) {
  for (const int version : {4, 6}) {
    for (const int bits : {24, 28, 32}) {
      MmdbOptions options;
      options.ip_version = version;
      options.record_bits = bits;
      MmdbWriter writer(options);
      writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
      writer.insert(prefix("198.51.0.0/16"), flat_record("FR", 48.9, 2.3));
      if (version == 6) { writer.insert(prefix("2001:db8::/33"), flat_record("JP", 35.7, 139.7)); }
      const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
      SCOPED_TRACE(testing::Message() << "version " << version << " bits " << bits);
      EXPECT_EQ(country_at(*map, "192.0.2.77"), "DE");
      EXPECT_EQ(country_at(*map, "198.51.255.255"), "FR");
      EXPECT_EQ(country_at(*map, "198.52.0.0"), "");
      EXPECT_EQ(map->find(*Address::parse("198.51.7.7")).bits, 16);
      EXPECT_EQ(country_at(*map, "2001:db8:7fff::1"), version == 6 ? "JP" : "");
      EXPECT_EQ(map->find(*Address::parse("2001:db8::")).unit == 0, version == 4);
      EXPECT_NEAR(unit_at(*map, "192.0.2.1").place.latitude, 50.1, 1e-4);
    }
  }
}

TEST_F(MmdbSource, TakesNestedFieldsFloatsAndTheRadius) {
  MmdbWriter writer({});
  writer.insert(
      prefix("192.0.2.0/24"),
      tests::mmdb_map(
          {{"country", tests::mmdb_map({{"names", tests::mmdb_array({tests::mmdb_string("x")})},
                                        {"iso_code", tests::mmdb_string("se")}})},
           {"location", tests::mmdb_map({{"latitude", tests::mmdb_float(59.25F)},
                                         {"longitude", tests::mmdb_float(18.5F)},
                                         {"accuracy_radius", tests::mmdb_uint16(50)}})}}));
  Source source = flat(write("a.mmdb", writer.finish()));
  source.country_field = "country.iso_code";
  source.latitude_field = "location.latitude";
  source.longitude_field = "location.longitude";
  source.radius_field = "location.accuracy_radius";
  const auto map = good({{source}, {}});
  const Unit& unit = unit_at(*map, "192.0.2.1");
  EXPECT_EQ(country_at(*map, "192.0.2.1"), "SE");
  EXPECT_DOUBLE_EQ(unit.place.latitude, 59.25);
  EXPECT_DOUBLE_EQ(unit.place.longitude, 18.5);
  EXPECT_DOUBLE_EQ(unit.place_sigma_km, 50);
  EXPECT_DOUBLE_EQ(unit.address_weight, 1);
}

TEST_F(MmdbSource, CutsUnitsBySubdivisionsWhereTheyAreAskedFor) {
  const auto record = [](const char* code) {
    const auto part = tests::mmdb_map({{"iso_code", tests::mmdb_string(code)}});
    return tests::mmdb_map({{"country", tests::mmdb_map({{"iso_code", tests::mmdb_string("US")}})},
                            {"subdivisions", tests::mmdb_array({part, tests::mmdb_map({})})}});
  };
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/24"), record("ca"));
  writer.insert(prefix("192.0.3.0/24"), record("NV"));
  writer.insert(prefix("198.51.100.0/24"), record("CA"));
  writer.insert(prefix("198.51.101.0/24"), record("California"));
  Source source = flat(write("a.mmdb", writer.finish()));
  source.latitude_field = source.longitude_field = "";
  source.country_field = "country.iso_code";
  const auto plain = good({{source}, {}});
  EXPECT_EQ(country_text(unit_at(*plain, "192.0.2.1")), "US");
  EXPECT_EQ(plain->find(*Address::parse("192.0.2.1")).bits, 23);
  source.subdivision_field = "subdivisions.0.iso_code";
  const auto map = good({{source}, {}});
  EXPECT_EQ(country_text(unit_at(*map, "192.0.2.1")), "US-CA");
  EXPECT_EQ(country_text(unit_at(*map, "192.0.3.1")), "US-NV");
  EXPECT_EQ(country_text(unit_at(*map, "198.51.101.1")), "US") << "a name is no code";
  EXPECT_EQ(unit_at(*map, "198.51.100.1").id, unit_at(*map, "192.0.2.1").id);
  EXPECT_EQ(unit_at(*map, "198.51.101.1").id, unit_at(*plain, "192.0.2.1").id)
      << "ids of units without stay what they were";
}

TEST_F(MmdbSource, GivesAPlaceWithoutRadiusTheErrorOfCityDatabases) {
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/24"), flat_record("SE", 59, 18));
  const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
  EXPECT_DOUBLE_EQ(unit_at(*map, "192.0.2.1").place_sigma_km, 250);
}

TEST_F(MmdbSource, PutsACountryWithoutPlaceInItsMiddleWithALargeError) {
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/24"),
                tests::mmdb_map({{"country_code", tests::mmdb_string("BR")}}));
  const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
  const Unit& unit = unit_at(*map, "192.0.2.1");
  ASSERT_TRUE(unit.has_place);
  EXPECT_LT(distance_km(unit.place, {-15.8, -47.9}), 600);
  EXPECT_GT(unit.place_sigma_km, 1000);
  EXPECT_EQ(problems_.list().size(), 2U) << "latitude and longitude are missing: warnings";
}

TEST_F(MmdbSource, TakesPlacesThatCanNotBeAsAbsent) {
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/24"), flat_record("ZZ", 0, 0));
  writer.insert(prefix("192.0.3.0/24"), flat_record("D", 91, 8));
  writer.insert(prefix("192.0.4.0/24"), flat_record("D1", 50, -181));
  writer.insert(prefix("192.0.5.0/24"), flat_record("", std::nan(""), 8));
  const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
  EXPECT_EQ(map->units().size(), 1U);
}

TEST_F(MmdbSource, DoesNotExpandIpv4Aliases) {
  MmdbOptions options;
  options.ipv4_aliases = true;
  MmdbWriter writer(options);
  writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
  writer.insert(prefix("198.51.100.0/24"), flat_record("FR", 48.9, 2.3));
  const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
  EXPECT_EQ(country_at(*map, "192.0.2.1"), "DE");
  EXPECT_EQ(country_at(*map, "::ffff:192.0.2.1"), "DE");
  EXPECT_EQ(map->find(*Address::parse("2002:c000:201::")).unit, 0U);
  EXPECT_EQ(map->find(*Address::parse("2002:c000:201::")).bits, 0);
}

TEST_F(MmdbSource, FoldsToFloorsByMostAddresses) {
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/26"), flat_record("FR", 48.9, 2.3));
  writer.insert(prefix("192.0.2.128/25"), flat_record("DE", 50.1, 8.7));
  writer.insert(prefix("192.0.3.0/25"), flat_record("IT", 45.5, 9.2));  // of equals the first
  writer.insert(prefix("192.0.3.128/25"), flat_record("ES", 40.4, -3.7));
  writer.insert(prefix("192.0.4.9/32"), flat_record("PT", 38.7, -9.1));  // better than nothing
  writer.insert(prefix("2001:db8:1::/50"), flat_record("FR", 48.9, 2.3));
  writer.insert(prefix("2001:db8:1:8000::/49"), flat_record("DE", 50.1, 8.7));
  writer.insert(prefix("2001:db8:2::1/128"), flat_record("PT", 38.7, -9.1));
  const auto map = good({{flat(write("a.mmdb", writer.finish()))}, {}});
  for (const auto& [address, country, bits] :
       std::vector<std::tuple<std::string, std::string, int>>{{"192.0.2.1", "DE", 24},
                                                              {"192.0.3.200", "IT", 24},
                                                              {"192.0.4.200", "PT", 24},
                                                              {"2001:db8:1::1", "DE", 48},
                                                              {"2001:db8:2:7::", "PT", 48}}) {
    EXPECT_EQ(country_at(*map, address), country) << address;
    EXPECT_EQ(map->find(*Address::parse(address)).bits, bits) << address;
  }
}

TEST_F(MmdbSource, NamesTheFieldsThatNoRecordHas) {
  MmdbWriter writer({});
  writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
  const std::string file = write("a.mmdb", writer.finish());
  Source source = flat(file);
  source.country_field = "contry_code";
  good({{source}, {}});
  EXPECT_THAT(problems_.to_string(), HasSubstr("proxima.toml:7:3: warning: no record of " + file +
                                               " has the country_field 'contry_code'"));
  source.latitude_field = "lat";
  source.longitude_field = "location.longitude";
  EXPECT_THAT(bad({{source}, {}}), HasSubstr("proxima.toml:7:3: error: no record of " + file +
                                             " has any of the fields"));
  source.country_field = "a.b.c.d.e.f.g.h.i";
  EXPECT_THAT(bad({{source}, {}}), HasSubstr("country_field has more than 8 parts"));
}

TEST_F(MmdbSource, ReportsMissingEmptyAndForeignFilesAllAtOnce) {
  const std::string text = bad({{flat(folder_ / "none.mmdb"), flat(write("e.mmdb", "")),
                                 flat(write("t.mmdb", "not a database")), flat(folder_.path())},
                                {}});
  EXPECT_EQ(problems_.error_count(), 4U);
  EXPECT_THAT(text, HasSubstr("proxima.toml:7:3: error: can't read " + folder_.path() +
                              "/none.mmdb: No such file or directory (geodata/fetch.sh"));
  EXPECT_THAT(text, HasSubstr("e.mmdb is not a good MMDB file"));
  EXPECT_THAT(text, HasSubstr("t.mmdb is not a good MMDB file"));
  EXPECT_THAT(text, HasSubstr("Is a directory"));
  EXPECT_THAT(bad({{flat(write("n.mmdb", MmdbWriter({}).finish()))}, {}}),
              HasSubstr("holds no data"));
}

TEST_F(MmdbSource, FillsInFromLaterSourcesFieldByField) {
  MmdbWriter city({});
  city.insert(prefix("192.0.2.0/24"), flat_record("DE", 50, 8));
  MmdbWriter second({});
  second.insert(prefix("192.0.2.0/23"), flat_record("FR", 50, 9));
  const auto map =
      good({{flat(write("a.mmdb", city.finish())), flat(write("b.mmdb", second.finish())),
             asn_csv(write("c.csv", "192.0.2.0,192.0.2.255,64496,One\n"))},
            {}});
  EXPECT_EQ(country_at(*map, "192.0.2.1"), "DE");
  EXPECT_EQ(country_at(*map, "192.0.3.1"), "FR");
  EXPECT_EQ(unit_at(*map, "192.0.2.1").asn, 64496U);
  EXPECT_EQ(unit_at(*map, "192.0.3.1").asn, 0U);
  EXPECT_EQ(map->operator_name(64496), "One");
  EXPECT_DOUBLE_EQ(unit_at(*map, "192.0.2.1").place.longitude, 8);
  // The sources differ by 71 km only: the default error stands.
  EXPECT_DOUBLE_EQ(unit_at(*map, "192.0.2.1").place_sigma_km, 250);
}

TEST_F(MmdbSource, BelievesTheDistanceOfTwoSourcesAsTheError) {
  MmdbWriter first({});
  first.insert(prefix("192.0.2.0/24"), flat_record("DE", 50, 8));
  MmdbWriter second({});
  second.insert(prefix("192.0.2.0/24"), flat_record("US", 40, -74));
  const auto map =
      good({{flat(write("a.mmdb", first.finish())), flat(write("b.mmdb", second.finish()))}, {}});
  EXPECT_NEAR(unit_at(*map, "192.0.2.1").place_sigma_km, distance_km({50, 8}, {40, -74}), 1);
}

TEST_F(MmdbSource, CreditsKnownDatabasesOnce) {
  MmdbOptions options;
  options.database_type = "DBIP-City-Lite";
  MmdbWriter writer(options);
  writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
  const std::string dbip = writer.finish();
  MmdbWriter plain({});
  plain.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
  Source own = flat(write("own.mmdb", plain.finish()));
  own.attribution = "Ours";
  const auto map = good({{flat(write("a.mmdb", dbip)), flat(write("b.mmdb", dbip)), own,
                          asn_csv(write("asn-ipv4.csv", "192.0.2.0,192.0.2.255,64496,One\n"))},
                         {}});
  EXPECT_THAT(map->attributions(),
              ElementsAre("IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0", "Ours",
                          HasSubstr("RouteViews")));
}

}  // namespace
}  // namespace gslb::geo
