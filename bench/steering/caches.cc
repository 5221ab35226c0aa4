#include "bench/steering/caches.h"

#include <algorithm>
#include <cmath>

namespace bench::steering {

ResolverCaches::ResolverCaches(const Shares& first, double ttl_s, bool real) : traffic_(first) {
  const auto add = [&](double life_s, float share) {
    const auto steps = static_cast<std::size_t>(std::max(1L, std::lround(life_s / kStepS)));
    lives_.push_back({steps, share, first});
    for (float& each : lives_.back().sum) { each *= static_cast<float>(steps); }
  };
  if (real) {
    add(ttl_s, 0.48F);
    add(ttl_s + 30, 0.40F);
    add(300, 0.10F);
    add(1800, 0.02F);
  } else {
    add(kStepS, 1);
  }
  std::size_t longest = 0;
  for (const Life& life : lives_) { longest = std::max(longest, life.steps); }
  ring_.assign(longest, first);
}

void ResolverCaches::step(const Shares& answers) {
  std::fill(traffic_.begin(), traffic_.end(), 0.0F);
  for (Life& life : lives_) {
    const Shares& leaving = ring_[(at_ + ring_.size() - life.steps) % ring_.size()];
    const float part = life.share / static_cast<float>(life.steps);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      life.sum[i] += answers[i] - leaving[i];
      traffic_[i] += part * life.sum[i];
    }
  }
  ring_[at_] = answers;
  at_ = (at_ + 1) % ring_.size();
}

}  // namespace bench::steering
