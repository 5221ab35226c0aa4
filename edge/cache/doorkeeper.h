// Remembers which keys were seen of late: what comes a second time is worth writing to disk.
//
// Source: second-hit admission, as content networks do it: most responses are asked for once, and
// to write these would wear the disk out for nothing.
//
// Thread-compatible.  A tag of 16 bits a key in buckets of four, the oldest of which gives way:
// 2 MiB remember a million keys; of keys never seen one in 16,000 is taken for seen.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace edge::cache {

class Doorkeeper {
 public:
  // True if `key` was here before; it has been from now on.
  bool pass(std::uint64_t key) {
    Bucket& bucket = buckets_[key % kBuckets];
    const auto tag = static_cast<std::uint16_t>((key >> 48) | 1);
    for (const std::uint16_t seen : bucket) {
      if (seen == tag) { return true; }
    }
    for (std::size_t i = bucket.size() - 1; i > 0; --i) { bucket[i] = bucket[i - 1]; }
    bucket[0] = tag;
    return false;
  }

 private:
  static constexpr std::size_t kBuckets = std::size_t{1} << 18;
  using Bucket = std::array<std::uint16_t, 4>;
  std::vector<Bucket> buckets_ = std::vector<Bucket>(kBuckets);
};

}  // namespace edge::cache
