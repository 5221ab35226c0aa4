// Files that are wrong, by accident or on purpose: a problem, never a crash or an endless loop.
#include <random>

#include <maxminddb.h>

#include "tests/gslb/geo/geo_fixture.h"

// libmaxminddb 1.7 leaks a few KB when a file's metadata turns out bad half way through opening.
extern "C" const char* __lsan_default_suppressions() { return "leak:libmaxminddb"; }

namespace gslb::geo {
namespace {

class HostileFile : public GeoFixture {
 protected:
  static Source nested(const std::string& file) {
    Source source = flat(file);
    source.country_field = "country.iso_code";
    source.latitude_field = "location.latitude";
    source.longitude_field = "location.longitude";
    source.radius_field = "location.accuracy_radius";
    source.asn_field = "autonomous_system_number";
    source.operator_field = "autonomous_system_organization";
    return source;
  }
  // A map, or errors that say why there is none.
  std::shared_ptr<const GeoMap> try_compile(const Source& source) {
    problems_ = {};
    auto map = compile({{source}, {}}, problems_);
    EXPECT_EQ(map == nullptr, problems_.has_errors()) << source.file << problems_.to_string();
    return map;
  }
  std::string small_database() {
    tests::MmdbOptions options;
    options.ipv4_aliases = true;
    tests::MmdbWriter writer(options);
    writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
    writer.insert(prefix("192.0.3.0/26"), flat_record("FR", 48.9, 2.3));
    writer.insert(prefix("2001:db8::/32"), flat_record("JP", 35.7, 139.7));
    return writer.finish();
  }
};

TEST_F(HostileFile, OfMaxMindsCollectionGivesAMapOrAProblem) {
  const std::string root = std::string(SHARED_DATA_DIR) + "/maxmind-test";
  if (!std::filesystem::exists(root)) { GTEST_SKIP() << "no " << root; }
  std::size_t files = 0;
  for (const char* folder : {"/test-data", "/bad-data"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root + folder)) {
      if (entry.path().extension() != ".mmdb") { continue; }
      ++files;
      try_compile(nested(entry.path()));
      try_compile(flat(entry.path()));
      Source csv = asn_csv(entry.path());
      try_compile(csv);
    }
  }
  EXPECT_GT(files, 50U);
  for (const char* name :
       {"GeoIP2-City-Test-Broken-Double-Format", "MaxMind-DB-test-broken-pointers-24",
        "GeoIP2-City-Test-Invalid-Node-Count"}) {
    EXPECT_EQ(try_compile(nested(root + "/test-data/" + name + ".mmdb")), nullptr) << name;
  }
}

TEST_F(HostileFile, CutAnywhereGivesAMapOrAProblem) {
  const std::string whole = small_database();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try_compile(flat(write("cut.mmdb", whole.substr(0, size))));
  }
}

TEST_F(HostileFile, WithFlippedBitsGivesAMapOrAProblem) {
  const std::string whole = small_database();
  std::mt19937_64 random(1);
  for (int i = 0; i < 600; ++i) {
    std::string broken = whole;
    for (int flips = 0; flips < 3; ++flips) {
      broken[random() % broken.size()] ^= static_cast<char>(1U << random() % 8);
    }
    try_compile(flat(write("flip.mmdb", broken)));
  }
}

TEST_F(HostileFile, WithNodesInACircleIsRefused) {
  tests::MmdbOptions options;
  options.record_bits = 32;
  options.ip_version = 4;
  tests::MmdbWriter writer(options);
  writer.insert(prefix("192.0.2.0/24"), flat_record("DE", 50.1, 8.7));
  std::string file = writer.finish();
  // Node 3's left record: back to node 1 (a way to node 0 the library refuses itself).
  file.replace(8 * 3, 4, std::string("\0\0\0\1", 4));
  EXPECT_NE(bad({{flat(write("a.mmdb", file))}, {}}).find("its nodes form no tree"),
            std::string::npos);
}

// Against libmaxminddb itself: every address near a leaf's border has the country it reports.
TEST_F(HostileFile, IfGoodAgreesWithTheLibrarysOwnLookup) {
  const std::string file =
      std::string(SHARED_DATA_DIR) + "/maxmind-test/test-data/GeoLite2-Country-Test.mmdb";
  if (!std::filesystem::exists(file)) { GTEST_SKIP() << "no " << file; }
  const auto map = try_compile(nested(file));
  ASSERT_NE(map, nullptr) << problems_.to_string();
  MMDB_s mmdb;
  ASSERT_EQ(MMDB_open(file.c_str(), MMDB_MODE_MMAP, &mmdb), MMDB_SUCCESS);
  std::size_t with_country = 0;
  map->for_each_leaf([&](const Prefix& leaf, UnitIndex) {
    // A /24 or /48 may be a mixture.
    if (leaf.bits() >= (leaf.is_v6() ? 48 : 24)) { return; }
    if (leaf.is_v6() && Prefix(*Address::parse("2002::"), 16).contains(leaf)) { return; }
    const std::string address = leaf.address().to_string();
    int resolve = 0;
    int status = 0;
    auto found = MMDB_lookup_string(&mmdb, address.c_str(), &resolve, &status);
    ASSERT_EQ(resolve, 0);
    ASSERT_EQ(status, MMDB_SUCCESS);
    std::string expected;
    MMDB_entry_data_s value{};
    if (found.found_entry &&
        MMDB_get_value(&found.entry, &value, "country", "iso_code", nullptr) == MMDB_SUCCESS) {
      expected.assign(value.utf8_string, value.data_size);
    }
    const bool alias = leaf.is_v6() && (leaf.address().high64() >> 32 == 0x20010000U ||
                                        leaf.address().high64() == 0);
    if (!alias) { EXPECT_EQ(country_at(*map, address), expected) << leaf.to_string(); }
    with_country += expected.empty() ? 0 : 1;
  });
  EXPECT_GT(with_country, 50U);
  MMDB_close(&mmdb);
}

}  // namespace
}  // namespace gslb::geo
