// Random sources and overrides against a model that looks at single addresses.
#include <map>
#include <random>

#include "tests/gslb/geo/geo_fixture.h"

namespace gslb::geo {
namespace {

struct Entry {
  Prefix prefix;
  std::string country;
  std::uint32_t asn = 0;
  double latitude = 0;
  double longitude = 0;
};

const std::array<Entry, 5> kPlaces = {{{{}, "DE", 0, 50.1, 8.7},
                                       {{}, "DE", 0, 52.5, 13.4},
                                       {{}, "US", 0, 40.7, -74.0},
                                       {{}, "JP", 0, 35.7, 139.7},
                                       {{}, "NZ", 0, -41.3, 174.8}}};

class Partition : public GeoFixture, public ::testing::WithParamInterface<unsigned> {
 protected:
  Partition() : random_(GetParam()) {}

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  // In 20.0.0.0/12 or 2600::/28, so that prefixes meet.
  Prefix random_prefix(bool is_v6, int longest) {
    if (!is_v6) {
      const int bits = 12 + static_cast<int>(below(static_cast<unsigned>(longest - 11)));
      return {Address::v4(20U << 24 | below(1U << 20)), bits};
    }
    std::array<std::uint8_t, 16> octets{0x26, 0x00, 0x00};
    octets[3] = static_cast<std::uint8_t>(below(16));
    for (std::size_t i = 4; i < 8; ++i) { octets[i] = static_cast<std::uint8_t>(below(256)); }
    return {Address::from_octets(octets),
            28 + static_cast<int>(below(static_cast<unsigned>(longest - 27)))};
  }

  std::string make_mmdb(std::vector<Entry>& entries, int name) {
    tests::MmdbOptions options;
    options.record_bits = std::array{24, 28, 32}[below(3)];
    tests::MmdbWriter writer(options);
    for (int i = 0; i < 60; ++i) {
      Entry entry = kPlaces[below(kPlaces.size())];
      const bool is_v6 = below(2) == 0;
      entry.prefix = random_prefix(is_v6, is_v6 ? 48 : 28);
      entry.asn = 64496 + below(3);
      writer.insert(
          entry.prefix,
          tests::mmdb_map({{"country_code", tests::mmdb_string(entry.country)},
                           {"latitude", tests::mmdb_double(entry.latitude)},
                           {"longitude", tests::mmdb_float(static_cast<float>(entry.longitude))},
                           {"asn", tests::mmdb_uint32(entry.asn)}}));
      entries.push_back(entry);
    }
    return write(std::to_string(name) + ".mmdb", writer.finish());
  }

  void make_overrides() {
    for (int i = 0; i < 25; ++i) {
      PrefixOverride entry;
      const bool is_v6 = below(2) == 0;
      entry.prefix = random_prefix(is_v6, is_v6 ? 64 : 32);
      if (below(2) == 0) { entry.asn = 65000 + below(2); }
      if (below(2) == 0) {
        const Entry& place = kPlaces[below(kPlaces.size())];
        entry.country = place.country;
        entry.place = Place{place.latitude, place.longitude};
      }
      entry.override_index = i;
      options_.overrides.push_back(entry);
    }
  }

  // The last entry around the address, as the writer has it.
  static const Entry* entry_at(const std::vector<Entry>& entries, const Address& address) {
    for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
      if (it->prefix.contains(address)) { return &*it; }
    }
    return nullptr;
  }

  // What holds most addresses of the address's /24 (IPv6 entries are no longer than /48).
  static std::optional<Entry> folded_at(const std::vector<Entry>& entries, const Address& address) {
    if (address.is_v6()) {
      const Entry* entry = entry_at(entries, address);
      return entry == nullptr ? std::nullopt : std::optional(*entry);
    }
    using Key = std::tuple<std::string, std::uint32_t, double>;
    std::map<Key, std::tuple<int, int, Entry>> votes;  // count, -first address
    for (unsigned i = 0; i < 256; ++i) {
      const Entry* entry =
          entry_at(entries, Address::v4((address.v4_host_order() & 0xffffff00U) + i));
      if (entry == nullptr) { continue; }
      auto& [count, order, which] = votes[{entry->country, entry->asn, entry->latitude}];
      if (count++ == 0) {
        order = -static_cast<int>(i);
        which = *entry;
      }
    }
    std::optional<Entry> best;
    std::pair<int, int> best_vote{0, 0};
    for (const auto& [key, vote] : votes) {
      const std::pair<int, int> this_vote{std::get<0>(vote), std::get<1>(vote)};
      if (this_vote > best_vote || !best) {
        best = std::get<2>(vote);
        best_vote = this_vote;
      }
    }
    return best;
  }

  void check_address(const GeoMap& map, const Address& address) {
    SCOPED_TRACE(address.to_string());
    std::optional<Entry> expected;
    for (const auto& entries : sources_) {
      if (!expected) { expected = folded_at(entries, address); }
    }
    const PrefixOverride* above = nullptr;
    for (const auto& entry : options_.overrides) {
      if (!entry.prefix.contains(address)) { continue; }
      if (above == nullptr || entry.prefix.bits() > above->prefix.bits()) { above = &entry; }
    }
    if (!expected) { expected = Entry{}; }
    if (above != nullptr && above->asn) { expected->asn = *above->asn; }
    if (above != nullptr && above->place) {
      expected->country = above->country;
      expected->latitude = above->place->latitude;
      expected->longitude = above->place->longitude;
    }
    const Leaf leaf = map.find(address);
    const Unit& unit = map.units()[leaf.unit];
    EXPECT_EQ(unit.asn, expected->asn);
    EXPECT_EQ(unit.override_index, above == nullptr ? -1 : above->override_index);
    EXPECT_EQ(unit.has_place, expected->latitude != 0);
    EXPECT_EQ(country_at(map, address.to_string()), expected->country);
    if (unit.has_place) {
      EXPECT_LT(distance_km(unit.place, {expected->latitude, expected->longitude}), 1);
    }
    if (above == nullptr) { EXPECT_LE(leaf.bits, address.is_v6() ? 48 : 24); }
    EXPECT_LE(leaf.bits, address.is_v6() ? 64 : 32);
  }

  static std::vector<std::pair<Prefix, UnitIndex>> leaves_of(const GeoMap& map) {
    std::vector<std::pair<Prefix, UnitIndex>> leaves;
    map.for_each_leaf([&](const Prefix& leaf, UnitIndex unit) { leaves.emplace_back(leaf, unit); });
    EXPECT_EQ(leaves.size(), map.leaf_count());
    return leaves;
  }

  // Leaves follow each other without gap, overlap or needless cut; find() gives the same.
  static void check_partition(const GeoMap& map) {
    std::optional<Prefix> before;
    UnitIndex before_unit = 0;
    map.for_each_leaf([&](const Prefix& leaf, UnitIndex unit) {
      const bool first_of_family = !before || before->is_v6() != leaf.is_v6();
      if (first_of_family) {
        ASSERT_TRUE(leaf.address().is_unspecified());
        if (before) { ASSERT_EQ(before->last(), Address::v4(0xffffffffU)); }
      } else if (!leaf.is_v6()) {
        ASSERT_EQ(leaf.address().v4_host_order(), before->last().v4_host_order() + 1);
      } else {
        ASSERT_EQ(leaf.address().high64(), before->last().high64() + 1);
      }
      if (!first_of_family && before_unit == unit && before->bits() == leaf.bits()) {
        ASSERT_FALSE(Prefix(leaf.address(), leaf.bits() - 1).contains(*before))
            << leaf.to_string() << " and its sibling are one";
      }
      for (const Address& address : {leaf.address(), leaf.last()}) {
        ASSERT_EQ(map.find(address).unit, unit);
        ASSERT_EQ(map.find(address).bits, leaf.bits());
      }
      before = leaf;
      before_unit = unit;
    });
    ASSERT_EQ(before->last(), *Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  }

  std::mt19937_64 random_;
  std::vector<std::vector<Entry>> sources_;
  CompileOptions options_;
};

TEST_P(Partition, AgreesWithAModelOfSingleAddresses) {
  for (int i = 0; i < 2; ++i) {
    sources_.emplace_back();
    Source source = flat(make_mmdb(sources_.back(), i));
    source.asn_field = "asn";
    options_.sources.push_back(source);
  }
  make_overrides();
  const auto map = good(options_);
  check_partition(*map);
  for (int i = 0; i < 150; ++i) {
    check_address(*map, random_prefix(false, 32).address());
    check_address(*map, random_prefix(true, 64).address());
  }
  for (const auto& entry : options_.overrides) {
    check_address(*map, entry.prefix.address());
    check_address(*map, entry.prefix.last());
  }
  // The same files give the same map.
  const auto again = good(options_);
  EXPECT_EQ(leaves_of(*again), leaves_of(*map));
  ASSERT_EQ(again->units().size(), map->units().size());
  for (std::size_t i = 0; i < map->units().size(); ++i) {
    EXPECT_EQ(again->units()[i].id, map->units()[i].id);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Partition, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace gslb::geo
