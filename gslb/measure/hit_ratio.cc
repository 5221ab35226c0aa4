#include "gslb/measure/hit_ratio.h"

#include <cmath>

namespace gslb::measure {
namespace {

constexpr double kLeastRequests = 200;
constexpr double kGain = 0.1;
constexpr double kStep = 0.02;

}  // namespace

bool HitRatio::add(const CacheCount& count) noexcept {
  waiting_.requests += count.requests;
  waiting_.hits += count.hits;
  if (waiting_.requests < kLeastRequests) { return false; }
  const double seen = waiting_.hits / waiting_.requests;
  waiting_ = {};
  ratio_ = ratio_ ? *ratio_ + kGain * (seen - *ratio_) : seen;
  if (shown_ && std::abs(*ratio_ - *shown_) < kStep) { return false; }
  shown_ = ratio_;
  return true;
}

}  // namespace gslb::measure
