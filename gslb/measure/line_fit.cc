#include "gslb/measure/line_fit.h"

#include <algorithm>
#include <cmath>

#include "gslb/measure/pair_track.h"

namespace gslb::measure {
namespace {

constexpr int kRounds = 12;
constexpr double kHuber = 0.3;  // of the logarithm: residuals beyond count by their sign only
// How far the line may be from what was believed, one standard deviation; and the spread of points
// around a line, which sets how many points outweigh the belief.
constexpr double kBaseSigmaMs = 5;
constexpr double kSlopeSigma = 0.005;
constexpr double kPointSigma = 0.3;
constexpr double kMostBaseMs = 60;
constexpr double kLeastSlope = 0.009;
constexpr double kMostSlope = 0.06;

}  // namespace

PriorLine fit_line(const std::vector<LinePoint>& points, const PriorLine& line) {
  if (points.empty()) { return line; }
  PriorLine fitted = line;
  for (int round = 0; round < kRounds; ++round) {
    // Normal equations of the two parameters.
    const double base_weight = kPointSigma * kPointSigma / (kBaseSigmaMs * kBaseSigmaMs);
    const double slope_weight = kPointSigma * kPointSigma / (kSlopeSigma * kSlopeSigma);
    double aa = base_weight;
    double bb = slope_weight;
    double ab = 0;
    double ar = base_weight * (line.base_ms - fitted.base_ms);
    double br = slope_weight * (line.ms_per_km - fitted.ms_per_km);
    for (const LinePoint& point : points) {
      const double expected = fitted.base_ms + fitted.ms_per_km * point.km + kLogOffsetMs;
      const double residual = point.log_rtt - std::log(expected);
      const double weight = std::min(1.0, kHuber / std::max(1e-9, std::abs(residual)));
      const double by_base = 1 / expected;
      const double by_slope = point.km / expected;
      aa += weight * by_base * by_base;
      ab += weight * by_base * by_slope;
      bb += weight * by_slope * by_slope;
      ar += weight * by_base * residual;
      br += weight * by_slope * residual;
    }
    const double determinant = aa * bb - ab * ab;
    if (determinant <= 0) { break; }
    fitted.base_ms =
        std::clamp(fitted.base_ms + (ar * bb - br * ab) / determinant, 0.0, kMostBaseMs);
    fitted.ms_per_km =
        std::clamp(fitted.ms_per_km + (br * aa - ar * ab) / determinant, kLeastSlope, kMostSlope);
  }
  return fitted;
}

}  // namespace gslb::measure
