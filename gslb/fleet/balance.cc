#include "gslb/fleet/balance.h"

#include <algorithm>
#include <cmath>

namespace gslb::fleet {
namespace {

constexpr double kLeastStep = 1.0 / 512;
constexpr unsigned kRest = 40;
constexpr unsigned kFewestLooks = 2;

// (3 × name + client) / 4 of two uniform draws: the value below which a share of them lies.
double quantile(double share) noexcept {
  constexpr double kTwiceSides = 0.375;  // 2 × 3/4 × 1/4
  constexpr double kCorner = 1.0 / 6;
  if (share < kCorner) { return std::sqrt(kTwiceSides * share); }
  if (share > 1 - kCorner) { return 1 - std::sqrt(kTwiceSides * (1 - share)); }
  return 0.75 * share + 0.125;
}

}  // namespace

std::uint16_t Yield::below() const noexcept {
  return static_cast<std::uint16_t>(std::lround(65'535 * quantile(share)));
}

void Yield::decide(double ratio, bool may_take_back) noexcept {
  load_ratio = ratio;
  if (rest > 0) {
    --rest;
    return;
  }
  const bool is_too_much = ratio > kYieldFrom;
  const bool has_room = ratio < kTakeBackBelow && share > 0 && may_take_back;
  if (!is_too_much && !has_room) { return; }
  // As if the load went with what is kept.
  const double kept = ratio > 0 ? (1 - share) * kYieldTo / ratio : 1;
  double step = std::max(1 - kept, 0.0) - share;
  if (step * last_step < 0) {
    if (std::abs(last_step) <= kLeastStep) {
      rest = kRest;
      if (has_room) { return; }  // else on the other side
    }
    step_limit = std::max(kLeastStep, std::abs(last_step) / 2);
  } else {
    step_limit = std::min(1.0, step_limit * 2);
  }
  step = std::clamp(step, -step_limit, step_limit);
  share = std::clamp(share + step, 0.0, 1.0);
  last_step = step;
}

void Balance::begin(std::uint64_t serving, MonoTime now) {
  serving_ = serving;
  since_ = now;
  looks_ = 0;
  sums_.fill(0);
}

bool Balance::look(std::uint64_t serving, std::span<const double> ratios, MonoTime now,
                   milliseconds lag) {
  if (serving != serving_ || ratios.empty()) {
    begin(serving, now);
    return false;
  }
  if (now < since_ + lag) { return false; }
  for (std::size_t n = 0; n < ratios.size(); ++n) { sums_[n] += ratios[n]; }
  ++looks_;
  if (now < since_ + lag + lag / 2 || looks_ < kFewestLooks) { return false; }
  for (std::size_t n = 0; n < ratios.size(); ++n) { means_[n] = sums_[n] / looks_; }
  begin(serving, now);
  return true;
}

}  // namespace gslb::fleet
