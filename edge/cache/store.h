// The memory store: whole responses within a budget of octets, overhead included.
//
// Source: SIEVE (Zhang et al., NSDI 2024): one queue, one bit per object, one hand.  A hit only
// sets the bit, so nothing moves on the hot path; the hand evicts the first object whose bit is
// clear and clears bits as it passes.  Chosen over LRU for scan resistance and fewer writes under
// the lock, over S3-FIFO for having no ghost queue to account for.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/cache/object.h"

namespace edge::cache {

// At most this many variants of one key; the oldest gives way.
inline constexpr std::size_t kMaxVariants = 16;

// Thread-safe: sharded by key, each shard under its own short lock.
class Store {
 public:
  // `budget_octets` is divided evenly among `shards` (>= 1).  An object larger than a shard's
  // part is not stored.
  Store(std::uint64_t budget_octets, std::size_t shards);

  struct Found {
    ObjectRef object;            // the newest variant that matches, fresh or not; may be null
    bool other_variant = false;  // there are responses, but for other requests
  };
  Found find(const std::string& key, const http::Fields& request);

  // Replaces the variants `request` (the one that fetched it) would have matched.
  // REQUIRES: object->body->complete()
  void insert(const std::string& key, const http::Fields& request, ObjectRef object);
  // Removes every variant.
  void remove(const std::string& key);

  // Room for a body that is being read, counted against the key's shard.  False: the budget can't
  // give it even after evicting; the body must not be kept.
  bool reserve(const std::string& key, std::size_t octets);
  void release(const std::string& key, std::size_t octets);

  struct Stats {
    std::uint64_t octets = 0;  // stored and reserved
    std::uint64_t objects = 0;
    std::uint64_t evictions = 0;
    std::uint64_t budget_octets = 0;
  };
  Stats stats() const;

 private:
  struct Entry {
    std::string key;
    ObjectRef object;
    std::size_t octets = 0;
    bool visited = false;
  };
  using Queue = std::list<Entry>;
  struct Shard {
    mutable std::mutex mutex;
    Queue queue;  // newest first
    std::unordered_map<std::string, std::vector<Queue::iterator>> index;
    Queue::iterator hand = queue.end();
    std::uint64_t octets = 0;
    std::uint64_t evictions = 0;
  };
  Shard& shard_of(const std::string& key);
  // The following REQUIRE the shard's mutex.
  static void erase(Shard& shard, Queue::iterator entry);
  // Frees until `octets` more fit; false when that is not possible.
  bool make_room(Shard& shard, std::size_t octets);
  static void drop_replaced(Shard& shard, const std::string& key, const http::Fields& request);

  std::uint64_t shard_budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace edge::cache
