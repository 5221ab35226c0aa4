#include "gslb/geo/cache.h"

#include "gslb/base/hash.h"

#include "tests/gslb/geo/geo_fixture.h"

namespace gslb::geo {
namespace {

constexpr std::size_t kHead = 16 + 4 + 8;  // magic, byte order, checksum

class Cache : public GeoFixture {
 protected:
  // A small world with an operator's name, a credit and overrides finer than the sources' floor.
  std::shared_ptr<const GeoMap> world() {
    Source source;
    source.file = write("asn.csv",
                        "192.0.2.0,192.0.2.255,64496,Example Net\n"
                        "2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,64497,Six\n");
    source.kind = SourceKind::kCsv;
    source.asn_field = "2";
    source.operator_field = "3";
    source.attribution = "data by somebody";
    CompileOptions options{{source}, {}};
    for (const char* text : {"192.0.2.128/27", "198.51.100.7/32", "2001:db8:0:1::/64"}) {
      options.overrides.push_back({.prefix = *Prefix::parse(text),
                                   .place = Place{50, 8},
                                   .country = "DE",
                                   .asn = std::nullopt,
                                   .override_index = 3});
    }
    return good(options);
  }
  static std::vector<std::pair<Prefix, UnitIndex>> leaves_of(const GeoMap& map) {
    std::vector<std::pair<Prefix, UnitIndex>> leaves;
    map.for_each_leaf([&](const Prefix& leaf, UnitIndex unit) { leaves.emplace_back(leaf, unit); });
    return leaves;
  }
  static void put_checksum(std::string& cache) {
    const std::uint64_t sum = hash_text(std::string_view(cache).substr(kHead));
    std::memcpy(cache.data() + kHead - sizeof(sum), &sum, sizeof(sum));
  }
};

TEST_F(Cache, GivesTheMapThatWasWritten) {
  const auto map = world();
  const auto again = read_cache(as_octets(write_cache(*map, "these files")), "these files");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(leaves_of(*again), leaves_of(*map));
  EXPECT_EQ(again->leaf_count(), map->leaf_count());
  EXPECT_EQ(again->operator_name(64496), "Example Net");
  EXPECT_EQ(again->attributions(), map->attributions());
  ASSERT_EQ(again->units().size(), map->units().size());
  for (std::size_t i = 0; i < map->units().size(); ++i) {
    const Unit& unit = map->units()[i];
    const Unit& same = again->units()[i];
    EXPECT_EQ(same.id, unit.id);
    EXPECT_EQ(same.asn, unit.asn);
    EXPECT_EQ(same.country, unit.country);
    EXPECT_EQ(same.has_place, unit.has_place);
    EXPECT_EQ(same.place.latitude, unit.place.latitude);
    EXPECT_EQ(same.place.longitude, unit.place.longitude);
    EXPECT_EQ(same.place_sigma_km, unit.place_sigma_km);
    EXPECT_EQ(same.address_weight, unit.address_weight);
    EXPECT_EQ(same.override_index, unit.override_index);
  }
}

TEST_F(Cache, OfOtherFilesIsVoid) {
  const std::string cache = write_cache(*world(), "these files");
  EXPECT_EQ(read_cache(as_octets(cache), "those files"), nullptr);
  EXPECT_EQ(read_cache(as_octets(cache), ""), nullptr);
}

TEST_F(Cache, CutShortOrWithAnyOctetChangedIsVoid) {
  const std::string cache = write_cache(*world(), "x");
  EXPECT_EQ(read_cache({}, "x"), nullptr);
  for (std::size_t size = 0; size < cache.size(); size += 1 + size / 64) {
    EXPECT_EQ(read_cache(as_octets(cache.substr(0, size)), "x"), nullptr) << size;
  }
  EXPECT_EQ(read_cache(as_octets(cache + '\0'), "x"), nullptr);
  for (std::size_t at = 0; at < cache.size(); at += 1 + at / 64) {
    std::string damaged = cache;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    EXPECT_EQ(read_cache(as_octets(damaged), "x"), nullptr) << at;
  }
}

// A checksum says nothing of what a faulty program wrote: look-ups stay within the map all the
// same.
TEST_F(Cache, WithARightChecksumOverDamageIsVoidOrSafe) {
  const std::string cache = write_cache(*world(), "x");
  unsigned voided = 0;
  for (std::size_t at = kHead; at < cache.size(); at += 1 + at / 64) {
    for (const unsigned flip : {0x01U, 0x80U}) {
      std::string damaged = cache;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
      put_checksum(damaged);
      const auto map = read_cache(as_octets(damaged), "x");
      voided += map == nullptr ? 1 : 0;
      if (map == nullptr) { continue; }
      for (const char* text : {"0.0.0.0", "192.0.2.130", "198.51.100.7", "255.255.255.255",
                               "::", "2001:db8:0:1::", "2001:db8::", "ffff::"}) {
        const Leaf leaf = map->find(*Address::parse(text));
        ASSERT_LT(leaf.unit, map->units().size());
        ASSERT_LE(leaf.bits, 64);
      }
    }
  }
  EXPECT_GT(voided, 0U);
}

}  // namespace
}  // namespace gslb::geo
