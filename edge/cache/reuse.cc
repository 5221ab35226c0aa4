#include "edge/cache/reuse.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace edge::cache {
namespace {

constexpr unsigned kFirstWidth = 5;    // ages below 2^4 share the first step
constexpr double kMemory = 0.9;        // of earlier surveys
constexpr double kPriorRequests = 8;   // weight of what all classes do, in requests
constexpr std::size_t kLookAhead = 8;  // steps: four octaves

using Row = std::array<double, kAgeSteps>;

// Ticks from the start of an age step to its end.
double begin_of(std::size_t step) {
  if (step == 0) { return 0; }
  const std::size_t bits = kFirstWidth - 1 + (step - 1) / 2;
  const double octave = std::exp2(static_cast<double>(bits));
  return step % 2 == 1 ? octave : octave * 1.5;
}
double width_of(std::size_t step) { return begin_of(step + 1) - begin_of(step); }

// Ticks all objects together spent in each step: whole ones by who got past it, half of it by who
// ended there.
Row time_spent(const std::array<float, kAgeSteps>& requests,
               const std::array<float, kAgeSteps>& lost,
               const std::array<float, kAgeSteps>& waiting) {
  Row spent{};
  double past = 0;
  for (std::size_t a = kAgeSteps; a-- > 0;) {
    const double ends = requests[a] + lost[a] + waiting[a];
    spent[a] = (past + ends / 2) * width_of(a);
    past += ends;
  }
  return spent;
}

// With one request's worth of belief that a rate falls as one over the age, which is also how it
// goes on where nothing was seen.
Row smoothed(const Row& requests, const Row& spent) {
  Row rates{};
  double expected = 1.0 / 16;
  for (std::size_t a = 0; a < kAgeSteps; ++a) {
    if (a > 0) { expected = rates[a - 1] * begin_of(a) / begin_of(a + 1); }
    rates[a] = (requests[a] + 1) / (spent[a] + 1 / expected);
  }
  return rates;
}

// The largest of: requests expected until step b, over ticks waited until then or the request.
double best_mean(const Row& rates, std::size_t from) {
  double requests = 0;
  double ticks = 0;
  double alive = 1;
  double best = 0;
  for (std::size_t a = from; a < std::min(kAgeSteps, from + kLookAhead); ++a) {
    const double ends = alive * (1 - std::exp(-rates[a] * width_of(a)));
    requests += ends;
    ticks += ends / rates[a];
    alive -= ends;
    best = std::max(best, requests / ticks);
    if (alive < 1e-6) { break; }
  }
  return best;
}

}  // namespace

std::size_t count_class(std::uint32_t requests) noexcept {
  constexpr std::array<std::uint32_t, kCountClasses> kMost = {1, 2, 3, 5, 8, 14, 24, 0xffffffff};
  std::size_t at = 0;
  while (requests > kMost[at]) { ++at; }
  return at;
}

std::size_t age_step(Tick age) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(age));
  if (width < kFirstWidth) { return 0; }
  return (width - kFirstWidth) * 2 + 1 + ((age >> (width - 2)) & 1U);
}

ReuseRates::ReuseRates() { learn({}); }

void ReuseRates::learn(const ReuseSurvey& survey) {
  std::array<Row, kCountClasses> spent{};
  Row all_requests{};
  Row all_spent{};
  for (std::size_t c = 0; c < kCountClasses; ++c) {
    for (std::size_t a = 0; a < kAgeSteps; ++a) {
      requests_[c][a] += survey.requests[c][a];
      lost_[c][a] += survey.lost[c][a];
      all_requests[a] += requests_[c][a];
    }
    spent[c] = time_spent(requests_[c], lost_[c], survey.waiting[c]);
    for (std::size_t a = 0; a < kAgeSteps; ++a) { all_spent[a] += spent[c][a]; }
  }
  const Row common = smoothed(all_requests, all_spent);
  for (std::size_t c = 0; c < kCountClasses; ++c) {
    Row rates{};
    for (std::size_t a = 0; a < kAgeSteps; ++a) {
      rates[a] = (requests_[c][a] + kPriorRequests) / (spent[c][a] + kPriorRequests / common[a]);
      requests_[c][a] *= kMemory;
      lost_[c][a] *= kMemory;
    }
    for (std::size_t a = 0; a < kAgeSteps; ++a) {
      rates_[c][a].store(static_cast<float>(best_mean(rates, a)), std::memory_order_relaxed);
    }
  }
}

}  // namespace edge::cache
