// Where a client is: the address space cut into leaves, each belonging to one unit.
//
// Source: RFC 7871 7.2.1 (scopes must not overlap), RFC 6890; shared vocabulary: unit, leaf.
//
// Compiled from MMDB and CSV files by geo::compile(); looked up by workers.  Leaves are a
// partition of both address families, so the length of the leaf that holds an address is a correct
// ECS scope.  Leaves are no longer than /24 and /48 unless an operator's prefix override asks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gslb/base/ip.h"

namespace gslb::geo {

using UnitIndex = std::uint32_t;

// Degrees, WGS 84.
struct Place {
  double latitude = 0;
  double longitude = 0;
};

// Great-circle distance in km (haversine, mean radius 6371.0088 km).
double distance_km(const Place& a, const Place& b) noexcept;

// What follows the hyphen of an ISO 3166-2 code ("CA" of US-CA), upper case, zeros behind; all
// zeros: not known.
using Subdivision = std::array<char, 3>;

// One map unit: clients steered alike.  Key: (asn, ~100 km cell, country[, subdivision][,
// override]).
struct Unit {
  std::uint64_t id = 0;           // stable: hash of the key, the same in every run
  std::uint32_t asn = 0;          // 0: not known
  std::array<char, 2> country{};  // ISO 3166-1 alpha-2, upper case; {0,0}: not known
  Subdivision subdivision{};      // only where the configuration asks for them
  bool has_place = false;
  Place place;                       // address-weighted mean of what the leaves say
  double place_sigma_km = 0;         // how wrong `place` may be: radius or the sources' spread
  double address_weight = 0;         // IPv4 /24s or IPv6 /48s of its leaves, capped; a demand prior
  std::int32_t override_index = -1;  // into Config::overrides when a prefix override made the unit
};

// "US", with its subdivision where that is known "US-CA"; "" when the country isn't.
std::string country_text(const Unit& unit);

// What a lookup gives.
struct Leaf {
  UnitIndex unit = 0;
  std::uint8_t bits = 0;  // prefix length of the leaf: the ECS scope
};

struct Compiled;  // arrays; geo_map.cc

// Immutable; thread-safe.
class GeoMap {
 public:
  // Everything in one unknown unit: what is used when no geo source is configured.
  static std::shared_ptr<const GeoMap> empty();
  // The units alone, every address of the first: for plans without clients.
  // REQUIRES: !units.empty()
  static std::shared_ptr<const GeoMap> of_units(std::vector<Unit> units);

  // Total: every address has a leaf.  No allocation, no branch on data but the depth.
  Leaf find(const Address& address) const noexcept;

  // units()[0] is the unit of addresses nothing is known about.
  const std::vector<Unit>& units() const noexcept;
  // Name of the ASN's organisation, "" when no source gave one.  Control path only.
  std::string operator_name(std::uint32_t asn) const;
  std::size_t leaf_count() const noexcept;
  std::size_t memory_octets() const noexcept;
  // "DB-IP City Lite: IP Geolocation by DB-IP (CC BY 4.0)" …, to be printed where results are.
  const std::vector<std::string>& attributions() const noexcept;

  // Calls `visit(prefix, unit)` for every leaf in address order, IPv4 first; for tests and tools.
  template <typename Visit>
  void for_each_leaf(Visit&& visit) const {
    for (const bool is_v6 : {false, true}) {
      // The leaf's first address as the upper bits of a word; 0 again after the last leaf.
      std::uint64_t first = 0;
      do {
        const Leaf leaf = find(address_of(first, is_v6));
        visit(Prefix(address_of(first, is_v6), leaf.bits), leaf.unit);
        if (leaf.bits == 0) { break; }
        first += std::uint64_t{1} << (64 - leaf.bits);
      } while (first != 0);
    }
  }

  explicit GeoMap(std::unique_ptr<Compiled> compiled);
  ~GeoMap();

  // The arrays, for the cache file.
  const Compiled& compiled() const noexcept { return *compiled_; }

 private:
  static Address address_of(std::uint64_t upper, bool is_v6) noexcept;

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace gslb::geo
