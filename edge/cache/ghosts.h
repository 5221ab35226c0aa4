// What was evicted, remembered for a while in 12 octets each: how often it was asked for and when
// last, so that it comes back with its past and the eviction learns what it missed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "edge/cache/reuse.h"

namespace edge::cache {

struct Ghost {
  std::uint32_t tag = 0;  // of the hash
  Tick last = 0;
  std::uint8_t count = 0;  // requests so far, at most 255; 0: nothing here
};

// Thread-compatible.  A table of small buckets in which the longest asleep gives way.
class Ghosts {
 public:
  // Takes the ghost of `hash` out.  Another object of like hash may answer: one in some 10^8.
  std::optional<Ghost> take(std::uint64_t hash);
  // Returns the one that had to go for it.
  std::optional<Ghost> put(std::uint64_t hash, Tick last, std::uint8_t count, Tick now);
  // For at least `ghosts`; grows only.  Allocates.
  void make_room_for(std::size_t ghosts);

  std::size_t memory_octets() const noexcept { return slots_.size() * sizeof(Ghost); }
  const std::vector<Ghost>& slots() const noexcept { return slots_; }

 private:
  static constexpr std::size_t kBucket = 8;
  std::size_t bucket_of(std::uint64_t hash) const noexcept;

  std::vector<Ghost> slots_;
};

}  // namespace edge::cache
