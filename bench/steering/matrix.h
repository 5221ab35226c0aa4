// A matrix of round-trip times between places: read from CSV, or a planet made up from a seed.
//
// Source: bench/README.md "steering", the CSV form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gslb/geo/geo_map.h"

namespace bench::steering {

struct Site {
  std::string id;
  std::string name;
  bool has_place = false;
  gslb::geo::Place place;
  std::string country;    // two letters; may be empty
  std::uint32_t asn = 0;  // 0: not given
  double weight = 1;      // of the clients there
};

struct RttMatrix {
  std::vector<Site> sites;
  std::vector<float> rtt_ms;  // from * sites + to; every pair known, symmetric not required

  double rtt(std::size_t from, std::size_t to) const { return rtt_ms[from * sites.size() + to]; }
  // 0 where a place is not known.
  double distance_km(std::size_t from, std::size_t to) const;
};

// Missing pairs are filled by their way back, then by the best way through one other place.
// Throws std::runtime_error on a file that can't be read, with file and line.
RttMatrix read_matrix(const std::string& places_file, const std::string& pairs_file);

// Cities on continents; paths over hubs of regions, longer than the great circle by a factor of
// each pair of countries, some of them the long way round.  The same seed gives the same planet.
RttMatrix make_planet(std::size_t sites, std::uint64_t seed);

}  // namespace bench::steering
