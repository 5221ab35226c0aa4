#include "gslb/measure/estimate.h"

#include <cmath>

namespace gslb::measure {
namespace {

// With no place every cluster looks the same: half the way round the Earth, give or take as much.
constexpr double kUnknownKm = 10'000;
// Routes are not great circles: the spread of RTT around the line, as a share of the mean.
constexpr double kPathSpread = 0.3;

}  // namespace

std::string_view to_string(RttSource source) noexcept {
  switch (source) {
    case RttSource::kUnknownPlace:
      return "unknown-place";
    case RttSource::kDistance:
      return "distance";
    case RttSource::kNeighbours:
      return "neighbours";
    case RttSource::kUnit:
      return "unit";
    case RttSource::kMixture:
      return "mixture";
    case RttSource::kProbe:
      return "probe";
    case RttSource::kMeasured:
      return "measured";
  }
  return "";
}

std::string_view to_string(LossSource source) noexcept {
  switch (source) {
    case LossSource::kNone:
      return "configured";
    case LossSource::kUnit:
      return "unit";
    case LossSource::kPair:
      return "measured";
  }
  return "";
}

RttEstimate estimate_prior(const geo::Unit& unit, const geo::Place& cluster,
                           const PriorLine& line) noexcept {
  if (!unit.has_place) {
    const double mean_ms = line.base_ms + line.ms_per_km * kUnknownKm;
    return {mean_ms, mean_ms, RttSource::kUnknownPlace};
  }
  const double mean_ms = line.base_ms + line.ms_per_km * geo::distance_km(unit.place, cluster);
  const double sigma_ms = std::hypot(kPathSpread * mean_ms, line.ms_per_km * unit.place_sigma_km);
  return {mean_ms, sigma_ms, RttSource::kDistance};
}

}  // namespace gslb::measure
