// Conditioning of a unit's beliefs on what the unit itself has measured.
//
// Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2.2; simple kriging.
#pragma once

#include <span>

#include "gslb/measure/levels.h"

namespace gslb::measure {

// At most so many own measurements are used: those of least variance.
inline constexpr std::size_t kMostOwn = 12;

// Geometry the correlation of two clusters' residuals for one unit is drawn from.
struct Paths {
  std::span<const float> unit_km;     // by cluster: from the unit
  std::span<const float> between_km;  // clusters x clusters
};

// Beliefs given the residuals `own` (by cluster).  No allocation.
void condition(std::span<Belief> beliefs, std::span<const Residual> own, const Paths& paths);

}  // namespace gslb::measure
