#include "gslb/measure/histogram.h"

#include <algorithm>

namespace gslb::measure {
namespace {

// Nearer than this (2 %) is the same point.
constexpr float kSame = 0.02F;

}  // namespace

void LogHistogram::add(float value, float weight) noexcept {
  std::size_t at = 0;
  while (at < count_ && points_[at].value < value) { ++at; }
  for (std::size_t i = count_; i > at; --i) { points_[i] = points_[i - 1]; }
  points_[at] = {value, weight};
  ++count_;
  if (at + 1 < count_ && points_[at + 1].value - value < kSame) { return merge_at(at); }
  if (at > 0 && value - points_[at - 1].value < kSame) { return merge_at(at - 1); }
  if (count_ <= kPoints) { return; }
  std::size_t closest = 0;
  for (std::size_t i = 1; i + 1 < count_; ++i) {
    const float gap = points_[i + 1].value - points_[i].value;
    if (gap < points_[closest + 1].value - points_[closest].value) { closest = i; }
  }
  merge_at(closest);
}

void LogHistogram::merge_at(std::size_t left) noexcept {
  Point& into = points_[left];
  const Point& from = points_[left + 1];
  const float weight = into.weight + from.weight;
  into.value += (from.value - into.value) * (from.weight / weight);
  into.weight = weight;
  for (std::size_t i = left + 1; i + 1 < count_; ++i) { points_[i] = points_[i + 1]; }
  --count_;
}

void LogHistogram::decay(float keep) noexcept {
  // A point that has all but faded would hold its place against a mode that is there.
  constexpr float kFaded = 1e-3F;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    points_[i].weight *= keep;
    if (points_[i].weight < kFaded) { continue; }
    points_[kept++] = points_[i];
  }
  count_ = kept;
}

float LogHistogram::weight() const noexcept {
  float sum = 0;
  for (const Point& point : *this) { sum += point.weight; }
  return sum;
}

float LogHistogram::quantile(float q) const noexcept {
  if (empty()) { return 0; }
  const float wanted = q * weight();
  // A point's weight is taken to lie evenly around it, so its middle is where it stands.
  float middle = points_[0].weight / 2;
  if (wanted <= middle) { return points_[0].value; }
  for (std::size_t i = 0; i + 1 < count_; ++i) {
    const float next = middle + (points_[i].weight + points_[i + 1].weight) / 2;
    if (wanted <= next) {
      const float share = (wanted - middle) / (next - middle);
      return points_[i].value + share * (points_[i + 1].value - points_[i].value);
    }
    middle = next;
  }
  return points_[count_ - 1].value;
}

float LogHistogram::trimmed_mean() const noexcept {
  if (empty()) { return 0; }
  const float total = weight();
  const float low = 0.1F * total;
  const float high = 0.9F * total;
  float below = 0;
  float sum = 0;
  for (const Point& point : *this) {
    const float from = std::max(below, low);
    const float to = std::min(below + point.weight, high);
    if (to > from) { sum += (to - from) * point.value; }
    below += point.weight;
  }
  return sum / (high - low);
}

}  // namespace gslb::measure
