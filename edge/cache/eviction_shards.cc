#include "edge/cache/eviction_shards.h"

#include <algorithm>

namespace edge::cache {

EvictionShards::EvictionShards(std::size_t shards, Favour favour) {
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(rates_, favour));
  }
}

Tick EvictionShards::tick(std::size_t shard) {
  if (++shards_[shard]->ticks < kTicks) { return now(); }
  shards_[shard]->ticks = 0;
  return now_.fetch_add(kTicks, std::memory_order_relaxed) + kTicks;
}

bool EvictionShards::is_learning_due() {
  if (now() - learnt_.load(std::memory_order_relaxed) < period_.load(std::memory_order_relaxed)) {
    return false;
  }
  return !learning_.exchange(true, std::memory_order_acquire);
}

void EvictionShards::learn(
    const std::function<void(std::size_t, const std::function<void()>&)>& with_shard) {
  ReuseSurvey survey;
  std::size_t objects = 0;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    with_shard(i, [&] {
      shards_[i]->order.survey(survey, now());
      objects += shards_[i]->order.size();
    });
  }
  rates_.learn(survey);
  period_.store(std::max(kShortestPeriod, static_cast<Tick>(objects)), std::memory_order_relaxed);
  learnt_.store(now(), std::memory_order_relaxed);
  learning_.store(false, std::memory_order_release);
}

}  // namespace edge::cache
