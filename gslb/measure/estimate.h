// Round-trip time from a unit to a cluster: how much, how sure, and where the figure is from.
//
// Source: steering.md (2): prior a + b·km; an error bar from the start, because two good city
// databases disagree by 129 km at the median and by 2,118 km at p90.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gslb/geo/geo_map.h"

namespace gslb::measure {

// Ordered by how much stands behind the figure.
enum class RttSource : std::uint8_t {
  kUnknownPlace,  // nothing known about the client's place
  kDistance,      // prior from the great-circle distance
  kNeighbours,    // units near by, of the country or of the network have measured this cluster
  kUnit,          // the unit has measured other clusters
  kMixture,       // of a resolver: the mean over its clients, whatever those are from
  kProbe,         // the cluster has probed the unit
  kMeasured,      // the unit's clients have been measured at this cluster
};
std::string_view to_string(RttSource source) noexcept;

enum class LossSource : std::uint8_t {
  kNone,  // not known: what is configured stands
  kUnit,  // the unit's at all clusters, or the mean of all units'
  kPair,  // the unit's own at this cluster
};
std::string_view to_string(LossSource source) noexcept;  // "configured" "unit" "measured"

// How well data gets through, beside the RTT.
struct PathQuality {
  double loss = 0;  // share of TCP segments sent again, 0 … 1
  LossSource loss_source = LossSource::kNone;
  double bits_per_s = 0;              // of a connection that fills its path; 0: not known
  double trouble_ms = 0;              // the way is broken for this unit, see reach.h
  std::optional<double> hit_ratio{};  // of the cluster's cache, whoever asks
};

struct RttEstimate {
  double mean_ms = 0;
  double sigma_ms = 0;  // one standard deviation
  RttSource source = RttSource::kUnknownPlace;
  PathQuality path{};
};

// What a decision goes by: the mean, and a margin for what is not known.  An unmeasured cluster has
// to look better by that much, for of many uncertain candidates the one that looks best is mostly
// one whose error is in its favour (winner's curse).
constexpr double kCaution = 0.6;
constexpr double cautious_ms(const RttEstimate& rtt) noexcept {
  return rtt.mean_ms + kCaution * rtt.sigma_ms;
}

// The prior's line, from [steering].
struct PriorLine {
  double base_ms = 5;
  double ms_per_km = 0.0125;
};

// Pure; O(1).
RttEstimate estimate_prior(const geo::Unit& unit, const geo::Place& cluster,
                           const PriorLine& line) noexcept;

}  // namespace gslb::measure
