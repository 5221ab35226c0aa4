#include <gmock/gmock.h>

#include "tests/gslb/geo/geo_fixture.h"
#include "tests/support/folder.h"

namespace gslb::geo {
namespace {

using ::testing::HasSubstr;
using CsvSource = GeoFixture;

TEST_F(CsvSource, ReadsTextualAndDecimalAddressesOfBothFamilies) {
  const auto map = good({{asn_csv(write("a.csv",
                                        "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\r\n"
                                        "16778240,16779263,AS38803,\"Say \"\"hi\"\"\"\n"
                                        "\n"
                                        "2001:200::,2001:200:1b9:ffff:ffff:ffff:ffff:ffff,2500,\n"
                                        "42540488161975842760550356425300246528,"
                                        "42540488241204005274814694018844196863,6939,HE"))},
                         {}});
  EXPECT_EQ(unit_at(*map, "1.0.0.9").asn, 13335U);
  EXPECT_EQ(map->operator_name(13335), "Cloudflare, Inc.");
  EXPECT_EQ(unit_at(*map, "1.0.7.255").asn, 38803U);
  EXPECT_EQ(map->operator_name(38803), "Say \"hi\"");
  EXPECT_EQ(unit_at(*map, "1.0.8.0").asn, 0U);
  EXPECT_EQ(unit_at(*map, "2001:200:1b9::").asn, 2500U);
  EXPECT_EQ(unit_at(*map, "2001:200:1ba::").asn, 0U);
  EXPECT_EQ(map->operator_name(2500), "");
  EXPECT_EQ(unit_at(*map, "2001::1").asn, 6939U);
  EXPECT_EQ(map->find(*Address::parse("2001::1")).bits, 32);
}

TEST_F(CsvSource, CoversBothEndsOfTheAddressSpace) {
  const auto map =
      good({{asn_csv(write("a.csv",
                           "255.255.255.0,255.255.255.255,7,\n0.0.0.0,0.0.0.255,8,\n"
                           "ffff:ffff:ffff::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,9,\n"
                           "::,::ffff,10,\n"))},
            {}});
  EXPECT_EQ(unit_at(*map, "255.255.255.255").asn, 7U);
  EXPECT_EQ(unit_at(*map, "0.0.0.0").asn, 8U);
  EXPECT_EQ(unit_at(*map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").asn, 9U);
  EXPECT_EQ(unit_at(*map, "::").asn, 10U);
}

TEST_F(CsvSource, GivesOverlapsToTheRangeThatBeginsLaterAndWarns) {
  const std::string file = write("a.csv",
                                 "10.0.8.0,10.0.11.255,3,\n"
                                 "10.0.0.0,10.0.9.255,1,\n"
                                 "10.0.2.0,10.0.3.255,2,\n");
  const auto map = good({{asn_csv(file)}, {}});
  EXPECT_THAT(problems_.to_string(), HasSubstr(file + ":3:1: warning: ranges that overlap: 2"));
  EXPECT_EQ(unit_at(*map, "10.0.1.0").asn, 1U);
  EXPECT_EQ(unit_at(*map, "10.0.2.0").asn, 2U);
  EXPECT_EQ(unit_at(*map, "10.0.4.0").asn, 1U);
  EXPECT_EQ(unit_at(*map, "10.0.9.0").asn, 3U);
  EXPECT_EQ(unit_at(*map, "10.0.11.0").asn, 3U);
  EXPECT_EQ(unit_at(*map, "10.0.12.0").asn, 0U);
}

TEST_F(CsvSource, ReadsPlacesAndCountries) {
  Source source = asn_csv(write("a.csv", "1.0.0.0,1.0.3.255,x,AU,-33.86,151.2,15\n"));
  source.asn_field = source.operator_field = "";
  source.country_field = "3";
  source.latitude_field = "4";
  source.longitude_field = "5";
  source.radius_field = "6";
  const auto map = good({{source}, {}});
  const Unit& unit = unit_at(*map, "1.0.1.1");
  EXPECT_EQ(country_at(*map, "1.0.1.1"), "AU");
  EXPECT_LT(distance_km(unit.place, {-33.86, 151.2}), 0.1);
  EXPECT_NEAR(unit.place_sigma_km, 15, 0.1);
  EXPECT_DOUBLE_EQ(unit.address_weight, 4);
}

TEST_F(CsvSource, PointsAtEveryBadLine) {
  const std::string file = write("a.csv",
                                 "1.0.0.0,1.0.0.255,1,\n"
                                 "1.0.1.0,1.0.1.256,1,\n"
                                 "1.0.2.0\n"
                                 "1.0.3.0,1.0.3.255,1,\"open\n"
                                 "1.0.4.0,1.0.4.255,1,\"a\"b\n"
                                 "1.0.5.0,2001::,1,\n"
                                 "1.0.7.0,1.0.6.0,1,\n"
                                 "1.0.8.0,1.0.8.255,Org,1\n"
                                 "340282366920938463463374607431768211456,1.0.9.9,1,\n");
  const std::string text = bad({{asn_csv(file)}, {}});
  for (const char* expected :
       {":2:9: error: '1.0.1.256' is not an IP address",
        ":3:1: error: a line needs the start and the end", ":4:21: error: a quote is not closed",
        ":5:24: error: text after a closing quote",
        ":6:9: error: a range from one address family to the other",
        ":7:9: error: the range ends before it begins",
        ":8:19: error: 'Org' is not a number, for asn_field",
        ":9:1: error: '34028236692093846346"}) {
    EXPECT_THAT(text, HasSubstr(file + expected));
  }
  EXPECT_EQ(problems_.error_count(), 8U);
}

TEST_F(CsvSource, StopsAtTheTenthBadLine) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) { lines += "x,y\n"; }
  bad({{asn_csv(write("a.csv", lines))}, {}});
  EXPECT_EQ(problems_.error_count(), 10U);
}

TEST_F(CsvSource, ReportsColumnsFilesAndFields) {
  const std::string file = write("a.csv", "1.0.0.0,1.0.0.255,1,One\n");
  Source source = asn_csv(file);
  source.asn_field = "asn";
  EXPECT_THAT(bad({{source}, {}}),
              HasSubstr("proxima.toml:8:3: error: asn_field 'asn' is not a column number"));
  source.asn_field = "1";
  EXPECT_THAT(bad({{source}, {}}), HasSubstr("asn_field '1' is not a column number"));
  source.asn_field = "9";
  source.operator_field = "";
  EXPECT_THAT(bad({{source}, {}}), HasSubstr("no record of " + file + " has any of the fields"));
  EXPECT_THAT(bad({{asn_csv(folder_ / "none.csv")}, {}}),
              HasSubstr("proxima.toml:8:3: error: can't read"));
  EXPECT_THAT(bad({{asn_csv(write("empty.csv", "\n"))}, {}}), HasSubstr("holds no ranges"));
}

}  // namespace
}  // namespace gslb::geo
