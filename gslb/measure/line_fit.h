// The prior's line fitted to measured pairs, so that it is the network's that is there.
//
// Source: Huber, "Robust Estimation of a Location Parameter" (1964); Gauss-Newton with reweighting.
//
// Why in ln(rtt + 5): a detour of 20 ms is much over 300 km and little over 15,000.
#pragma once

#include <vector>

#include "gslb/measure/estimate.h"

namespace gslb::measure {

struct LinePoint {
  double km = 0;
  double log_rtt = 0;  // log_of_ms
};

// `line` is what is believed before; it counts as much as a few points and keeps few or odd points
// from bending the line.  Always a line that grows with distance, no faster than light.
PriorLine fit_line(const std::vector<LinePoint>& points, const PriorLine& line);

}  // namespace gslb::measure
