// Sources written to a folder of the test's own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "gslb/geo/compile.h"

#include "tests/support/folder.h"
#include "tests/support/mmdb_writer.h"

namespace gslb::geo {

class GeoFixture : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& octets) const {
    return folder_.write(name, octets);
  }

  // Flat shape: country_code, latitude, longitude, accuracy_radius, autonomous_system_*.
  static Source flat(const std::string& file) {
    Source source;
    source.file = file;
    source.at = {"proxima.toml", 7, 3};
    source.country_field = "country_code";
    source.latitude_field = "latitude";
    source.longitude_field = "longitude";
    return source;
  }
  static Source asn_csv(const std::string& file) {
    Source source;
    source.file = file;
    source.at = {"proxima.toml", 8, 3};
    source.kind = SourceKind::kCsv;
    source.asn_field = "2";
    source.operator_field = "3";
    return source;
  }
  static std::string flat_record(const std::string& country, double latitude, double longitude) {
    return tests::mmdb_map({{"country_code", tests::mmdb_string(country)},
                            {"latitude", tests::mmdb_double(latitude)},
                            {"longitude", tests::mmdb_double(longitude)}});
  }

  // Compiles; the test fails when it has errors.
  std::shared_ptr<const GeoMap> good(const CompileOptions& options) {
    problems_ = {};
    auto map = compile(options, problems_);
    EXPECT_FALSE(problems_.has_errors()) << problems_.to_string();
    return map ? map : GeoMap::empty();
  }
  // What compile() complains of; the test fails when it gives a map.
  std::string bad(const CompileOptions& options) {
    problems_ = {};
    EXPECT_EQ(compile(options, problems_), nullptr);
    EXPECT_TRUE(problems_.has_errors());
    return problems_.to_string();
  }
  static const Unit& unit_at(const GeoMap& map, const std::string& address) {
    return map.units()[map.find(*Address::parse(address)).unit];
  }
  static std::string country_at(const GeoMap& map, const std::string& address) {
    const auto& code = unit_at(map, address).country;
    return code[0] == 0 ? "" : std::string(code.begin(), code.end());
  }

  Problems problems_;
  const tests::Folder folder_;
};

inline Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }

}  // namespace gslb::geo
