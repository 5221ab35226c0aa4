#include "gslb/measure/kriging.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gslb::measure {
namespace {

// Of a unit's deviation, the share that is on all of its paths: the last mile.
constexpr float kCommon = 0.35F;
// Two clusters that are as far from each other as they are from the unit share little else; two
// that are near each other beyond a long way share nearly all.
constexpr float kReach = 0.5F;
constexpr float kNearbyKm = 300;
// The share of a deviation that is the pair's own, and no other pair of the unit learns from.
constexpr float kPrivate = 0.2F;
// Detours of a single pair have a heavy tail: what is farther than so many standard deviations from
// the unit's median is taken for one, and others learn no more from it.
constexpr float kMostSurprise = 1.8F;
// Units differ in how odd they are: Student's t process with so many degrees of freedom (Shah et
// al., "Student-t Processes as Alternatives to Gaussian Processes", 2014).
constexpr float kFreedom = 20;

float correlation(std::size_t a, std::size_t b, const Paths& paths) {
  if (a == b) { return 1; }
  const float between = paths.between_km[a * paths.unit_km.size() + b];
  const float way = 0.5F * (paths.unit_km[a] + paths.unit_km[b]) + kNearbyKm;
  return (1 - kPrivate) * (kCommon + (1 - kCommon) * std::exp(-between / (kReach * way)));
}

using Vector = std::array<float, kMostOwn>;
using Matrix = std::array<Vector, kMostOwn>;

// Cholesky factor in place, lower half.  The kernel is no proven covariance: a pivot that isn't
// positive is made a small one, which leaves that measurement little to say.
void factorise(Matrix& matrix, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      float sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) { sum -= matrix[i][k] * matrix[j][k]; }
      matrix[i][j] = i == j ? std::sqrt(std::max(sum, 1e-5F)) : sum / matrix[j][j];
    }
  }
}

void solve_lower(const Matrix& lower, std::size_t size, Vector& vector) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) { vector[i] -= lower[i][k] * vector[k]; }
    vector[i] /= lower[i][i];
  }
}

// Standard deviations, limited around their median → logarithms.
void limit(Vector& surprise, const Vector& deviation, std::size_t size) {
  Vector sorted = surprise;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(size);
  std::sort(sorted.begin(), end);
  const float median = sorted[(size - 1) / 2];
  for (std::size_t i = 0; i < size; ++i) {
    surprise[i] =
        deviation[i] * std::clamp(surprise[i], median - kMostSurprise, median + kMostSurprise);
  }
}

}  // namespace

void condition(std::span<Belief> beliefs, std::span<const Residual> own, const Paths& paths) {
  std::array<Residual, kMostOwn> used;
  const auto used_end = std::partial_sort_copy(
      own.begin(), own.end(), used.begin(), used.end(), [](const Residual& a, const Residual& b) {
        return a.variance != b.variance ? a.variance < b.variance : a.cluster < b.cluster;
      });
  const auto size = static_cast<std::size_t>(used_end - used.begin());
  if (size == 0) { return; }
  Matrix covariance{};
  Vector surprise{};
  Vector deviation{};
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t cluster = used[i].cluster;
    deviation[i] = std::sqrt(beliefs[cluster].variance);
    surprise[i] = (used[i].value - beliefs[cluster].mean) / deviation[i];
    for (std::size_t j = 0; j <= i; ++j) {
      covariance[i][j] = deviation[i] * deviation[j] * correlation(cluster, used[j].cluster, paths);
    }
    covariance[i][i] += used[i].variance;
  }
  limit(surprise, deviation, size);
  // What was measured itself needs no neighbours.
  std::array<Belief, kMostOwn> measured;
  for (std::size_t i = 0; i < size; ++i) {
    Belief& belief = measured[i] = beliefs[used[i].cluster];
    // The farther from what was expected, the less was the expectation worth.
    const float apart = used[i].value - belief.mean;
    belief.variance = std::max(belief.variance, apart * apart);
    const float gain = belief.variance / (belief.variance + used[i].variance);
    belief.mean += gain * apart;
    belief.variance *= 1 - gain;
  }
  factorise(covariance, size);
  solve_lower(covariance, size, surprise);
  float oddity = kFreedom;
  for (std::size_t i = 0; i < size; ++i) { oddity += surprise[i] * surprise[i]; }
  oddity /= kFreedom + static_cast<float>(size);
  for (std::size_t c = 0; c < beliefs.size(); ++c) {
    const float own_deviation = std::sqrt(beliefs[c].variance);
    Vector with{};
    for (std::size_t i = 0; i < size; ++i) {
      with[i] = own_deviation * deviation[i] * correlation(c, used[i].cluster, paths);
    }
    solve_lower(covariance, size, with);
    float known = 0;
    for (std::size_t i = 0; i < size; ++i) {
      beliefs[c].mean += with[i] * surprise[i];
      known += with[i] * with[i];
    }
    beliefs[c].variance = std::max(1e-4F, (beliefs[c].variance - known) * oddity);
  }
  for (std::size_t i = 0; i < size; ++i) { beliefs[used[i].cluster] = measured[i]; }
}

}  // namespace gslb::measure
