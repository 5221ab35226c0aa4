// The arrays behind a GeoMap.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gslb/geo/geo_map.h"
#include "gslb/geo/leaf_table.h"

namespace gslb::geo {

// Built by compile(), then immutable.
struct Compiled {
  LeafTable<std::uint32_t> ipv4;
  LeafTable<std::uint64_t> ipv6;  // keys are the upper 64 bits: no leaf is longer than /64
  std::vector<Unit> units;
  std::vector<std::pair<std::uint32_t, std::string>> operator_names;  // sorted by ASN
  std::vector<std::string> attributions;
};

}  // namespace gslb::geo
