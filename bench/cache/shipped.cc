// The eviction of edge/cache as the store uses it, without the objects: of the capacity, 1/32 is
// for bodies under way, and what is larger than half is not stored (as much as max_object may be).
#include "edge/cache/eviction_shards.h"
#include "gslb/base/hash.h"

#include "bench/cache/policy.h"

namespace bench::cache {
namespace {

using edge::cache::Eviction;
using edge::cache::EvictionShards;
using edge::cache::Favour;

class Shipped final : public Policy {
 public:
  Shipped(std::uint32_t keys, std::uint64_t capacity, Favour favour, std::size_t shards)
      : handles_(keys, Eviction::kNone),
        keys_(shards),
        shards_(shards, favour),
        capacity_(capacity) {}

  bool request(const Request& request, std::uint32_t) override {
    const std::uint64_t hash = gslb::mix64(request.key);
    const std::size_t at = hash % shards_.size();
    Eviction& order = shards_.order(at);
    const edge::cache::Tick now = shards_.tick(at);
    if (shards_.is_learning_due()) {
      shards_.learn([](std::size_t, const auto& survey) { survey(); });
    }
    Eviction::Handle& handle = handles_[request.key];
    if (handle != Eviction::kNone) {
      order.touch(handle, now);
      return true;
    }
    if (request.size > capacity_ / 2) { return false; }
    while (used_ + request.size > capacity_) { evict(); }
    handle = order.insert(hash, request.size, now);
    if (keys_[at].size() <= handle) { keys_[at].resize(handle + 1); }
    keys_[at][handle] = request.key;
    used_ += request.size;
    while (used_ > capacity_ / 32 * 31) { evict(); }
    return false;
  }

 private:
  void evict() {
    const std::size_t at = shards_.next_to_give();
    Eviction& order = shards_.order(at);
    const Eviction::Handle handle = order.coldest(shards_.now());
    if (handle == Eviction::kNone) { return; }
    used_ -= order.octets_of(handle);
    order.evict(handle, shards_.now());
    handles_[keys_[at][handle]] = Eviction::kNone;
  }

  std::vector<Eviction::Handle> handles_;         // by key
  std::vector<std::vector<std::uint32_t>> keys_;  // by shard and handle
  EvictionShards shards_;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
};

template <int kHundredths, std::size_t kShards>
std::unique_ptr<Policy> make(std::uint32_t keys, std::uint64_t capacity) {
  return std::make_unique<Shipped>(keys, capacity, Favour{kHundredths / 100.0F}, kShards);
}

}  // namespace

std::vector<Contender> shipped() {
  return {{"Proxima", &make<60, 16>},
          {"Proxima, one shard", &make<60, 1>},
          {"Proxima, for objects", &make<100, 16>},
          {"Proxima, for bytes", &make<0, 16>}};
}

}  // namespace bench::cache
