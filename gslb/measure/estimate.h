// Round-trip time from a unit to a cluster: how much, how sure, and where the figure is from.
//
// Source: steering.md (2): prior a + b·km; an error bar from the start, because two good city
// databases disagree by 129 km at the median and by 2,118 km at p90.
#pragma once

#include <cstdint>
#include <string_view>

#include "gslb/geo/geo_map.h"

namespace gslb::measure {

enum class RttSource : std::uint8_t {
  kUnknownPlace,  // nothing known about the client's place
  kDistance,      // prior from the great-circle distance
};
std::string_view to_string(RttSource source) noexcept;

struct RttEstimate {
  double mean_ms = 0;
  double sigma_ms = 0;  // one standard deviation
  RttSource source = RttSource::kUnknownPlace;
};

// The prior's line, from [steering].
struct PriorLine {
  double base_ms = 5;
  double ms_per_km = 0.0125;
};

// Pure; O(1).
RttEstimate estimate_prior(const geo::Unit& unit, const geo::Place& cluster,
                           const PriorLine& line) noexcept;

}  // namespace gslb::measure
