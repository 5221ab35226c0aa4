// The words by which workers see who is alive: written by the fleet state, read at answer time.
//
// Source: gdnsd's one word per monitored thing; architecture.md "health word".
//
// A flip is two relaxed stores, visible to every worker within nanoseconds and without a new
// snapshot.  A board belongs to one list of clusters (one configuration); snapshots hold it by
// shared_ptr, indexes are those of the fleet model.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace gslb::fleet {

using ClusterIndex = std::uint16_t;
inline constexpr ClusterIndex kNoCluster = 0xffff;

// Thread-safe: one writer (the control thread), any number of readers.
class HealthBoard {
 public:
  explicit HealthBoard(std::size_t cluster_count)
      : words_(std::make_unique<Word[]>(cluster_count)), count_(cluster_count) {}

  std::size_t cluster_count() const noexcept { return count_; }

  // Bit n: node n of the cluster may be named in an answer now (up, not draining, cluster not
  // forced down).  0: the cluster can't serve.
  std::uint64_t serving_nodes(ClusterIndex cluster) const noexcept {
    return words_[cluster].serving.load(std::memory_order_relaxed);
  }
  // The last non-zero value of serving_nodes(), for `fallback = "last_good"`.
  std::uint64_t last_good_nodes(ClusterIndex cluster) const noexcept {
    return words_[cluster].last_good.load(std::memory_order_relaxed);
  }

  // Writer only.
  void set_serving(ClusterIndex cluster, std::uint64_t nodes) noexcept {
    if (nodes != 0) { words_[cluster].last_good.store(nodes, std::memory_order_relaxed); }
    words_[cluster].serving.store(nodes, std::memory_order_relaxed);
  }

 private:
  struct Word {
    std::atomic<std::uint64_t> serving{0};
    std::atomic<std::uint64_t> last_good{0};
  };
  std::unique_ptr<Word[]> words_;
  std::size_t count_;
};

}  // namespace gslb::fleet
