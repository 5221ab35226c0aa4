// The words by which workers see who is alive, and who of them has too much: written by the fleet
// state, read at answer time.
//
// Source: gdnsd's one word per monitored thing; architecture.md "health word".
//
// A flip is two relaxed stores, visible to every worker within nanoseconds and without a new
// snapshot.  A board belongs to one list of clusters (one configuration); snapshots hold it by
// shared_ptr, indexes are those of the fleet model.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace gslb::fleet {

using ClusterIndex = std::uint16_t;
inline constexpr ClusterIndex kNoCluster = 0xffff;
inline constexpr std::size_t kMaxNodes = 64;  // of a cluster: one bit each in a word

// What the nodes of a cluster yield to each other; balance.h.  A view into a board;
// value.
class NodeYields {
 public:
  NodeYields() = default;  // nobody yields
  NodeYields(const std::atomic<std::uint16_t>* of_node, std::uint64_t nodes) noexcept
      : of_node_(of_node), nodes_(nodes) {}
  bool none() const noexcept { return nodes_ == 0; }
  // Whether the node yields what has this draw (0 … 65535).
  bool yields(std::size_t node, std::uint32_t draw) const noexcept {
    return ((nodes_ >> node) & 1) != 0 && draw < of_node_[node].load(std::memory_order_relaxed);
  }

 private:
  const std::atomic<std::uint16_t>* of_node_ = nullptr;
  std::uint64_t nodes_ = 0;
};

// Who serves, as far as one service is concerned.
struct HealthWord {
  std::atomic<std::uint64_t> serving{0};
  std::atomic<std::uint64_t> last_good{0};
};

// A board as one service sees it; value, as long as the board lives.
class HealthView {
 public:
  explicit HealthView(const HealthWord* words) noexcept : words_(words) {}

  // Bit n: node n of the cluster may be named in an answer now (up, not draining, cluster not
  // forced down, no monitor of the service against it).  0: the cluster can't serve.
  std::uint64_t serving_nodes(ClusterIndex cluster) const noexcept {
    return words_[cluster].serving.load(std::memory_order_relaxed);
  }
  // The last non-zero value of serving_nodes(), for `fallback = "last_good"`.
  std::uint64_t last_good_nodes(ClusterIndex cluster) const noexcept {
    return words_[cluster].last_good.load(std::memory_order_relaxed);
  }

 private:
  const HealthWord* words_;
};

// Thread-safe: one writer (the control thread), any number of readers.  View 0 is that of services
// without monitors of their own, the others are FleetModel::view_of()'s.
class HealthBoard {
 public:
  explicit HealthBoard(std::size_t cluster_count, std::size_t view_count = 1)
      : words_(std::make_unique<HealthWord[]>(cluster_count * view_count)),
        yields_(std::make_unique<Yielding[]>(cluster_count)),
        count_(cluster_count) {}

  std::size_t cluster_count() const noexcept { return count_; }

  HealthView view(std::size_t view = 0) const noexcept {
    return HealthView(words_.get() + view * count_);
  }
  std::uint64_t serving_nodes(ClusterIndex cluster, std::size_t view = 0) const noexcept {
    return this->view(view).serving_nodes(cluster);
  }
  std::uint64_t last_good_nodes(ClusterIndex cluster, std::size_t view = 0) const noexcept {
    return this->view(view).last_good_nodes(cluster);
  }
  NodeYields yields(ClusterIndex cluster) const noexcept {
    const Yielding& each = yields_[cluster];
    return {each.of_node.data(), each.nodes.load(std::memory_order_relaxed)};
  }

  // Writer only.
  void set_serving(ClusterIndex cluster, std::uint64_t nodes, std::size_t view = 0) noexcept {
    HealthWord& word = words_[view * count_ + cluster];
    if (nodes != 0) { word.last_good.store(nodes, std::memory_order_relaxed); }
    word.serving.store(nodes, std::memory_order_relaxed);
  }
  // The node yields what has a draw below `below`.
  void set_yield(ClusterIndex cluster, unsigned node, std::uint16_t below) noexcept {
    Yielding& each = yields_[cluster];
    const std::uint64_t bit = std::uint64_t{1} << node;
    const std::uint64_t others = each.nodes.load(std::memory_order_relaxed) & ~bit;
    each.of_node[node].store(below, std::memory_order_relaxed);
    each.nodes.store(below == 0 ? others : others | bit, std::memory_order_relaxed);
  }

 private:
  struct Yielding {
    std::atomic<std::uint64_t> nodes{0};  // bit n: of_node[n] is not 0
    std::array<std::atomic<std::uint16_t>, kMaxNodes> of_node{};
  };
  std::unique_ptr<HealthWord[]> words_;  // by view, by cluster
  std::unique_ptr<Yielding[]> yields_;   // by cluster
  std::size_t count_;
};

}  // namespace gslb::fleet
