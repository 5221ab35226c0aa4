#include "gslb/steer/ttl.h"

#include <algorithm>
#include <cmath>

namespace gslb::steer {

TtlSteps make_ttl_steps(std::uint32_t shortest_s, std::uint32_t usual_s, std::uint32_t longest_s) {
  TtlSteps steps{};
  for (std::size_t step = 0; step < kTtlSteps; ++step) {
    const bool below = step <= kUsualTtl;
    const double from = std::max(1.0, static_cast<double>(below ? shortest_s : usual_s));
    const double to = std::max(1.0, static_cast<double>(below ? usual_s : longest_s));
    const double part = below ? static_cast<double>(step) / kUsualTtl
                              : static_cast<double>(step - kUsualTtl) / (kTtlSteps - 1 - kUsualTtl);
    steps[step] = static_cast<std::uint32_t>(std::lround(from * std::pow(to / from, part)));
  }
  // As they were given, 0 too.
  steps.front() = shortest_s;
  steps[kUsualTtl] = usual_s;
  steps.back() = longest_s;
  return steps;
}

std::uint8_t next_ttl_step(std::uint8_t last, const TtlSigns& signs) noexcept {
  if (signs.changed || signs.is_crowded) { return 0; }
  const std::uint8_t wanted = signs.is_clear ? kTtlSteps - 1 : kUsualTtl;
  return std::min<std::uint8_t>(wanted, last + 1);
}

}  // namespace gslb::steer
