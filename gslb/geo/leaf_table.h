// Leaves of one address family, laid out for lookup.
//
// Two indexes and a short search: the top 16 bits of an address choose a slot, as many further
// bits as the slot has leaves (log2) choose a bucket, and what is left in the bucket, mostly one
// leaf, is found by a search without branches on data.  A leaf's unit and length share one word,
// so a lookup touches about four cache lines.  Costs 8 (IPv4) or 12 octets (IPv6) a leaf and at
// most 8 more for its buckets.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "gslb/base/check.h"
#include "gslb/geo/geo_map.h"

namespace gslb::geo {

// Key: std::uint32_t for IPv4; std::uint64_t for the upper half of IPv6 addresses.
// Filled by append() in address order, then finish(); immutable and thread-safe after that.
template <typename Key>
class LeafTable {
 public:
  static constexpr int kKeyBits = static_cast<int>(sizeof(Key) * 8);
  // 7 bits of a word hold a prefix length up to 64, the other 25 the unit.
  static constexpr UnitIndex kMaxUnits = UnitIndex{1} << 25;

  // REQUIRES: first is where the leaf before ended; unit < kMaxUnits.
  void append(Key first, int bits, UnitIndex unit) {
    starts_.push_back(first);
    words_.push_back(unit << 7 | static_cast<std::uint32_t>(bits));
  }

  // REQUIRES: the leaves cover the whole key space.
  void finish() {
    starts_.shrink_to_fit();
    words_.shrink_to_fit();
    CHECK(!starts_.empty() && starts_.front() == 0 && starts_.size() <= kIndexMask);
    slots_.resize(kSlots);
    std::size_t leaf = 0;  // the leaf that holds the first key of the bucket at hand
    for (std::size_t s = 0; s < kSlots; ++s) {
      const Key first = static_cast<Key>(s) << kSlotShift;
      const auto last = static_cast<Key>(first | kSlotMask);
      leaf = advance(leaf, first);
      const std::size_t count = advance(leaf, last) - leaf + 1;
      int extra = std::bit_width(count - 1);
      if (extra > kSlotShift) { extra = kSlotShift; }
      const int shift = kSlotShift - extra;
      slots_[s] = {static_cast<std::uint32_t>(buckets_.size()), static_cast<std::uint32_t>(shift)};
      for (std::size_t b = 0; b < std::size_t{1} << extra; ++b) {
        const auto bucket_first = static_cast<Key>(first | static_cast<Key>(b) << shift);
        leaf = advance(leaf, bucket_first);
        buckets_.push_back(static_cast<std::uint32_t>(leaf) |
                           (starts_[leaf] == bucket_first ? kStartsHere : 0));
      }
    }
    buckets_.push_back(static_cast<std::uint32_t>(starts_.size() - 1));
    buckets_.shrink_to_fit();
  }

  Leaf find(Key key) const noexcept {
    const Slot slot = slots_[key >> kSlotShift];
    const std::uint32_t* bucket =
        buckets_.data() + slot.base + static_cast<std::size_t>((key & kSlotMask) >> slot.shift);
    std::uint32_t at = bucket[0] & kIndexMask;
    // The next bucket's leaf may begin in this one, unless it starts right at that bucket.
    std::uint32_t count = (bucket[1] & kIndexMask) + 1 - (bucket[1] >> 31) - at;
    while (count > 1) {
      const std::uint32_t half = count / 2;
      at += starts_[at + half] <= key ? half : 0;
      count -= half;
    }
    const std::uint32_t word = words_[at];
    return {word >> 7, static_cast<std::uint8_t>(word & 0x7f)};
  }

  std::size_t size() const noexcept { return starts_.size(); }
  Key first_of(std::size_t index) const noexcept { return starts_[index]; }
  Leaf leaf_of(std::size_t index) const noexcept {
    return {words_[index] >> 7, static_cast<std::uint8_t>(words_[index] & 0x7f)};
  }
  std::size_t memory_octets() const noexcept {
    return slots_.capacity() * sizeof(Slot) + buckets_.capacity() * sizeof(std::uint32_t) +
           starts_.capacity() * sizeof(Key) + words_.capacity() * sizeof(std::uint32_t);
  }

 private:
  struct Slot {
    std::uint32_t base;   // of its first bucket
    std::uint32_t shift;  // of the key's lower part, giving the bucket
  };
  static constexpr std::size_t kSlots = std::size_t{1} << 16;
  static constexpr int kSlotShift = kKeyBits - 16;
  static constexpr Key kSlotMask = static_cast<Key>((Key{1} << kSlotShift) - 1);
  static constexpr std::uint32_t kStartsHere = 0x80000000U;
  static constexpr std::uint32_t kIndexMask = kStartsHere - 1;

  // The leaf that holds `key`, at or after `leaf`.
  std::size_t advance(std::size_t leaf, Key key) const noexcept {
    while (leaf + 1 < starts_.size() && starts_[leaf + 1] <= key) { ++leaf; }
    return leaf;
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> buckets_;  // leaf index, and kStartsHere; one sentinel at the end
  std::vector<Key> starts_;
  std::vector<std::uint32_t> words_;
};

}  // namespace gslb::geo
