// The orders of a store's shards as one: a common clock, common learning, and which shard has to
// give when room is short.
//
// Why the budget is not divided among shards: an object may be nearly as large as the whole.  The
// shards give in turn, each its coldest: being chosen by a hash they are alike, and with some
// hundred objects in each this costs 0.3 points of hit ratio (bench/README.md).  Refused: to ask
// the shard whose coldest was last seen to be worth least; what it was worth then says little
// now, and a shard with a good name keeps its rubbish.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "edge/cache/eviction.h"

namespace edge::cache {

// Thread-safe but for order() and tick(), which need the shard's lock.
class EvictionShards {
 public:
  // `shards` >= 1
  EvictionShards(std::size_t shards, Favour favour);

  std::size_t size() const noexcept { return shards_.size(); }
  Eviction& order(std::size_t shard) { return shards_[shard]->order; }
  const Eviction& order(std::size_t shard) const { return shards_[shard]->order; }

  // Requests so far; a shard adds its own sixteen at a time.
  Tick now() const noexcept { return now_.load(std::memory_order_relaxed); }
  // One more request to that shard; returns now().
  Tick tick(std::size_t shard);
  // The shard that should give now; it may be empty.
  std::size_t next_to_give() noexcept {
    return turn_.fetch_add(1, std::memory_order_relaxed) % shards_.size();
  }

  // True for one caller a period of as many requests as there are objects (at least 4096): it has
  // to learn(), with no shard's lock held.
  bool is_learning_due();
  // `with_shard(i, survey)` takes the lock of shard i, calls survey(), and gives the lock back.
  void learn(const std::function<void(std::size_t, const std::function<void()>&)>& with_shard);

 private:
  static constexpr Tick kTicks = 16;
  static constexpr Tick kShortestPeriod = 4096;
  struct Shard {
    Shard(const ReuseRates& rates, Favour favour) : order(rates, favour) {}
    Eviction order;
    Tick ticks = 0;  // not yet in now_
  };

  ReuseRates rates_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<Tick> now_{0};
  std::atomic<std::size_t> turn_{0};
  std::atomic<Tick> learnt_{0};  // when last
  std::atomic<Tick> period_{kShortestPeriod};
  std::atomic<bool> learning_{false};
};

}  // namespace edge::cache
