// The memory store: whole responses within a budget of octets, overhead included.
//
// What goes when room is short: eviction.h.  The budget is one for all shards
// (eviction_shards.h).  A part of it, 1/32, is left to bodies that are being read: with it, what
// arrives has to be worth its place among what is there before anything goes for it; beyond it,
// bodies under way push out what is stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/cache/eviction_shards.h"
#include "edge/cache/object.h"

namespace edge::cache {

// At most this many variants of one key; the oldest gives way.
inline constexpr std::size_t kMaxVariants = 16;

// Thread-safe: sharded by key, each shard under its own short lock.
class Store {
 public:
  // `shards` >= 1
  Store(std::uint64_t budget_octets, std::size_t shards, Favour favour = {});
  // As many as there may be without being too small to be alike: one for each 16 MiB, at most 64.
  static std::size_t shards_for(std::uint64_t budget_octets);

  struct Found {
    ObjectRef object;            // the newest variant that matches, fresh or not; may be null
    bool other_variant = false;  // there are responses, but for other requests
  };
  Found find(const std::string& key, const http::Fields& request);

  // Replaces the variants `request` (the one that fetched it) would have matched.  What is worth
  // less than all else is gone again at once, and what is larger than the budget is not stored.
  // REQUIRES: object->body->complete()
  void insert(const std::string& key, const http::Fields& request, const ObjectRef& object);
  // Removes every variant.
  void remove(const std::string& key);
  // The body has grown by a coding: what it costs is taken anew from the budget.  False: there is
  // no room.  True also when it is not stored (any more).
  bool recount(const std::string& key, const Body& body);

  // Room for a body that is being read.  False: the budget can't give it even after evicting; the
  // body must not be kept.
  bool reserve(std::size_t octets);
  void release(std::size_t octets);

  // Another budget from now on; of what is over it the least worthy goes before this returns, but
  // what is being read ends in its own time.
  void resize(std::uint64_t budget_octets);

  struct Stats {
    std::uint64_t octets = 0;  // stored and reserved
    std::uint64_t objects = 0;
    std::uint64_t evictions = 0;
    std::uint64_t budget_octets = 0;
  };
  Stats stats() const;

 private:
  using Handle = Eviction::Handle;
  using Gone = std::vector<ObjectRef>;  // freed when no lock is held
  struct Key {
    const std::string& text;
    std::uint64_t hash;
  };
  struct Newcomer {
    Key key;
    const http::Fields& request;
    const ObjectRef& object;
    std::uint64_t octets = 0;
  };
  struct Entry {
    std::string key;
    ObjectRef object;
    std::uint64_t hash = 0;
    Handle next = Eviction::kNone;  // of the same place in `heads`, newest first
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Entry> entries;  // by handle
    // By hash; a power of two of them.
    std::vector<Handle> heads = std::vector<Handle>(16, Eviction::kNone);
    std::uint64_t evictions = 0;
  };
  Shard& shard_of(std::uint64_t hash) { return *shards_[hash % shards_.size()]; }
  Eviction& order_of(std::uint64_t hash) { return orders_.order(hash % shards_.size()); }

  // The following REQUIRE the shard's mutex.
  static std::size_t place_of(const Shard& shard, std::uint64_t hash);
  static Handle head_of(const Shard& shard, std::uint64_t hash);
  // All of that key, newest first.
  static std::vector<Handle> of_key(const Shard& shard, const Key& key);
  static void link(Shard& shard, Handle handle, const Key& key, ObjectRef object);
  static void widen(Shard& shard);
  static void push_front(Shard& shard, Handle handle);
  static ObjectRef unlink(Shard& shard, Handle handle);
  // `same`: they are replaced, not just too many.
  static std::vector<Handle> gives_way_to(const Shard& shard, const Newcomer& newcomer, bool& same);
  // Stores it if what it replaces and `credit` pay for it: 0, or the octets that are wanting.
  std::uint64_t put(const Newcomer& newcomer, std::uint64_t credit, Gone& gone);
  // What `body` costs more than its entry has been charged and `credit`; 0: paid.
  std::uint64_t settle(const Key& key, const Body& body, std::uint64_t credit);

  // Of the budget, evicting where it has to.  REQUIRES (here and below): no shard's mutex is held.
  bool take(std::uint64_t octets);
  void give_back(std::uint64_t octets) { octets_.fetch_sub(octets, std::memory_order_relaxed); }
  // False: there is nothing left.
  bool evict_one();
  void learn();

  std::atomic<std::uint64_t> budget_;
  std::atomic<std::uint64_t> octets_{
      0};  // stored and reserved; not over the budget, but for what is reserved when it shrinks
  std::atomic<std::uint64_t> reserved_{0};  // of these
  EvictionShards orders_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace edge::cache
