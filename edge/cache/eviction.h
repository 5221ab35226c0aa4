// Which object goes first: the one of the least worth, its expected requests per tick (reuse.h)
// over size^e.
//
// The exponent says what a hit is worth.  1: every hit is worth the same, so small objects win
// (hits of objects); 0: a hit is worth its octets (hits of octets); between them is a front, and
// 0.6 takes most of both (bench/README.md has the figures).
//
// Objects stand in queues by (count class, half octave of size), the longest asleep in front.
// Within a queue the front has the least worth, so an eviction compares the fronts alone.  A hit
// moves nothing: it writes the object's own record, and an object that was asked for meanwhile
// moves to its new queue when it gets to the front (as in CLOCK and SIEVE).
//
// Refused: one queue with one bit (SIEVE, S3-FIFO), which knows neither sizes nor how long;
// sampling some dozen objects an eviction, for its cache misses and because a newcomer of little
// worth then stays until a sample meets it; an order kept in a heap, for its work at every hit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "edge/cache/ghosts.h"
#include "edge/cache/reuse.h"

namespace edge::cache {

// The exponent of size.
struct Favour {
  float exponent = 0.6F;
};

// One shard's objects in order: an index of hashes and sizes, the objects are the caller's.
// Thread-compatible: the caller's lock.
class Eviction {
 public:
  using Handle = std::uint32_t;
  static constexpr Handle kNone = 0xffffffff;

  // `rates` outlives this.
  Eviction(const ReuseRates& rates, Favour favour);

  // A newcomer or one that comes back.  Handles are dense: below the most there ever were at once.
  Handle insert(std::uint64_t hash, std::uint64_t octets, Tick now);
  // Asked for.  No allocation.  REQUIRES (here and below): a handle that was not removed since.
  void touch(Handle handle, Tick now);
  void resize(Handle handle, std::uint64_t octets);
  // Purged or replaced: forgotten.
  void remove(Handle handle);
  // What should go next; kNone when there is nothing.
  Handle coldest(Tick now);
  // Removes and remembers it.
  void evict(Handle handle, Tick now);

  bool holds(Handle handle) const { return handle < nodes_.size() && nodes_[handle].count > 0; }
  std::uint64_t octets_of(Handle handle) const { return nodes_[handle].octets; }
  std::size_t size() const noexcept { return size_; }
  // Adds what happened since the last time, and what waits (of many a sample).
  void survey(ReuseSurvey& into, Tick now);
  // Of the index itself, for each object and in all.
  static constexpr std::size_t node_octets() noexcept { return sizeof(Node) + 3 * sizeof(Ghost); }

 private:
  static constexpr std::size_t kSizeSteps = 64;  // half octaves from 64 octets on
  struct Node {
    std::uint64_t hash = 0;
    std::uint64_t octets = 0;
    Handle newer = kNone;  // in its queue; of a free node: the next free one
    Handle older = kNone;
    Tick last = 0;
    std::uint16_t queue = 0;
    std::uint8_t count = 0;  // requests, at most 255; 0: free
    bool touched = false;    // since it was queued.  Never true at a queue's front.
  };
  struct Queue {
    Handle newest = kNone;
    Handle oldest = kNone;
    Tick oldest_last = 0;  // of the oldest, here so that coldest() reads no nodes
    bool listed = false;   // in used_
  };
  static std::size_t size_step(std::uint64_t octets) noexcept;
  float worth(std::size_t queue, Tick last, Tick now) const;
  void count_request(Node& node, Tick now);
  void enqueue(Handle handle);
  void unlink(Handle handle);
  void settle(std::size_t queue);
  void release(Handle handle);

  const ReuseRates& rates_;
  std::array<float, kSizeSteps> size_factor_{};
  std::vector<Node> nodes_;
  Handle free_ = kNone;
  std::size_t size_ = 0;
  std::array<Queue, kCountClasses * kSizeSteps> queues_{};
  std::vector<std::uint16_t> used_;  // queues that may hold something
  Ghosts ghosts_;
  ReuseCounts requests_{};  // since the last survey
  ReuseCounts lost_{};
  std::size_t surveys_ = 0;  // so that each samples others
};

}  // namespace edge::cache
