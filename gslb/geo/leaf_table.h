// Leaves of one address family, laid out for lookup: a trie with compressed nodes.
//
// Source: after Asai, Ohara, "Poptrie: A Compressed Trie with Population Count for Fast and
// Scalable Software IP Routing Table Lookup", SIGCOMM 2015.
//
// The top bits of an address choose a root entry by index; below, each node splits what is left
// into 64 or 256 parts.  A node is a bit set of the parts where something new begins, followed by
// one entry for each: a leaf, or a node further down.  Counting bits finds the entry.  Unlike the
// paper's, entries stand right behind their bit set, so that a level is one cache line or two
// neighbours: look-ups of random addresses wait for memory and for nothing else.  A sorted table
// with buckets had four misses a lookup and 21 octets a leaf; this has two or three, and 6 to 8.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gslb/base/check.h"
#include "gslb/base/huge_pages.h"
#include "gslb/geo/geo_map.h"

namespace gslb::geo {

// Key: std::uint32_t for IPv4; std::uint64_t for the upper half of IPv6 addresses.
// Filled by append() in address order, then finish(); immutable and thread-safe after that.
template <typename Key>
class LeafTable {
 public:
  static constexpr int kKeyBits = static_cast<int>(sizeof(Key) * 8);
  // 7 bits of an entry hold a prefix length up to 64, the other 25 the unit.
  static constexpr UnitIndex kMaxUnits = UnitIndex{1} << 25;

  // REQUIRES: first is where the leaf before ended; unit < kMaxUnits.
  void append(Key first, int bits, UnitIndex unit) {
    starts_.push_back(first);
    leaves_.push_back(unit << kLengthBits | static_cast<std::uint32_t>(bits));
  }

  // REQUIRES: the leaves cover the whole key space.
  void finish() {
    CHECK(!starts_.empty() && starts_.front() == 0);
    size_ = starts_.size();
    cells_.resize(kParts[0]);
    std::size_t leaf = 0;
    for (std::size_t part = 0; part < kParts[0]; ++part) {
      const Cut cut = cut_at(leaf, std::uint64_t{part} << kShifts[0], kShifts[0]);
      leaf = cut.leaf;
      // Two steps: to add a node may move the cells.
      const std::uint32_t entry = cut.is_whole ? leaves_[leaf] : add_node<1>(cut);
      cells_[part] = entry;
    }
    CHECK(cells_.size() / kNodeAlignment < kMaxUnits);
    cells_.shrink_to_fit();
    starts_ = {};
    leaves_ = {};
  }

  Leaf find(Key key) const noexcept {
    const std::uint64_t wide = widen(key);
    const std::uint32_t entry = walk<1>(cells_[wide >> kShifts[0]], wide);
    return {entry >> kLengthBits, static_cast<std::uint8_t>(entry & kLengthMask)};
  }

  // Leaves; one may show in several nodes.
  std::size_t size() const noexcept { return size_; }
  std::size_t memory_octets() const noexcept { return cells_.capacity() * sizeof(cells_[0]); }

  // All there is to keep of it.
  const HugeVector<std::uint32_t>& cells() const noexcept { return cells_; }

  // Takes what cells() and size() of a finished table gave.  False, and the table unusable, when a
  // find() could leave the cells or give a unit that is not below `units`: such a file is damaged.
  // O(cells).
  bool restore(HugeVector<std::uint32_t> cells, std::size_t size, std::size_t units) {
    cells_ = std::move(cells);
    size_ = size;
    if (cells_.size() < kParts[0]) { return false; }
    std::size_t end = kParts[0];  // of what nodes have been found to use; they follow each other
    for (std::size_t part = 0; part < kParts[0]; ++part) {
      if (!is_sound<1>(cells_[part], end, units)) { return false; }
    }
    return true;
  }

 private:
  // What holds from the first key of a part.
  struct Cut {
    std::uint64_t first;
    std::size_t leaf;
    bool is_whole;  // the leaf holds the whole part
  };
  static constexpr int kLengthBits = 7;
  static constexpr std::uint32_t kLengthMask = (1U << kLengthBits) - 1;
  // In place of a prefix length: the rest of the entry is a node's place / kNodeAlignment.
  static constexpr std::uint32_t kNodeLength = kLengthMask;
  static constexpr std::size_t kNodeAlignment = 4;  // 16 octets

  // How many bits each level takes.  Nearly all leaves end at the /24 and the /48; IPv6 registries
  // gave out /32s.
  static constexpr auto kStrides = [] {
    if constexpr (kKeyBits == 32) {
      return std::array{18, 6, 8};
    } else {
      return std::array{16, 16, 8, 8, 8, 8};
    }
  }();
  static constexpr std::size_t kLevels = kStrides.size();
  static constexpr auto kShifts = [] {
    std::array<int, kLevels> shifts{};
    int left = 64;
    for (std::size_t i = 0; i < kLevels; ++i) { shifts[i] = left -= kStrides[i]; }
    return shifts;
  }();
  static constexpr auto kParts = [] {
    std::array<std::size_t, kLevels> parts{};
    for (std::size_t i = 0; i < kLevels; ++i) { parts[i] = std::size_t{1} << kStrides[i]; }
    return parts;
  }();

  // What stands before a node's entries.  kDirectStride: nothing, there is an entry a part.
  static constexpr int kDirectStride = 16;
  static constexpr std::size_t header_cells(int stride) {
    return stride == kDirectStride ? 0 : stride == 6 ? 2 : 9;
  }

  static constexpr bool is_node(std::uint32_t entry) noexcept {
    return (entry & kLengthMask) == kNodeLength;
  }
  static constexpr std::size_t node_of(std::uint32_t entry) noexcept {
    return std::size_t{entry >> kLengthBits} * kNodeAlignment;
  }
  // All walks go over keys of 64 bits.
  static constexpr std::uint64_t widen(Key key) noexcept {
    return std::uint64_t{key} << (64 - kKeyBits);
  }

  std::uint64_t bits_at(std::size_t cell) const noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, cells_.data() + cell, sizeof(bits));
    return bits;
  }
  static std::size_t count_to(std::uint64_t bits, std::size_t last) noexcept {
    return static_cast<std::size_t>(std::popcount(bits & ((std::uint64_t{2} << last) - 1)));
  }

  template <std::size_t Level>
  std::uint32_t walk(std::uint32_t entry, std::uint64_t wide) const noexcept {
    if constexpr (Level < kLevels) {
      if (is_node(entry)) {
        const std::size_t part = wide >> kShifts[Level] & (kParts[Level] - 1);
        return walk<Level + 1>(cells_[entry_of<Level>(node_of(entry), part)], wide);
      }
    }
    return entry;
  }

  // The cell with the entry that holds for `part`.
  template <std::size_t Level>
  std::size_t entry_of(std::size_t node, std::size_t part) const noexcept {
    constexpr int kStride = kStrides[Level];
    constexpr std::size_t kBefore = header_cells(kStride) - 1;  // a count of 1 is the first entry
    if constexpr (kStride == kDirectStride) {
      return node + part;
    } else if constexpr (kStride == 6) {
      return node + kBefore + count_to(bits_at(node), part);
    } else {
      // Four words of bits, then for each the count in those before it, an octet each.
      const std::size_t word = part / 64;
      const std::size_t skipped = cells_[node + 8] >> (8 * word) & 0xff;
      return node + kBefore + skipped + count_to(bits_at(node + 2 * word), part % 64);
    }
  }

  Cut cut_at(std::size_t leaf, std::uint64_t first, int shift) const noexcept {
    while (leaf + 1 < starts_.size() && widen(starts_[leaf + 1]) <= first) { ++leaf; }
    const std::uint64_t last = first + ((std::uint64_t{1} << shift) - 1);
    return {first, leaf, leaf + 1 == starts_.size() || widen(starts_[leaf + 1]) > last};
  }

  // The entry of a new node for all keys from whole.first, and of all nodes below it, which follow.
  template <std::size_t Level>
  std::uint32_t add_node(const Cut& whole) {
    if constexpr (Level == kLevels) {
      CHECK(whole.is_whole);  // no key bits are left to cut by
      return 0;
    } else {
      constexpr int kStride = kStrides[Level];
      std::array<std::uint64_t, 4> bits{};
      std::vector<Cut> cuts;  // one an entry
      std::size_t leaf = whole.leaf;
      for (std::size_t part = 0; part < kParts[Level]; ++part) {
        const Cut cut =
            cut_at(leaf, whole.first | std::uint64_t{part} << kShifts[Level], kShifts[Level]);
        leaf = cut.leaf;
        const bool continues =
            !cuts.empty() && cut.is_whole && cuts.back().is_whole && cuts.back().leaf == cut.leaf;
        if (kStride != kDirectStride && continues) { continue; }
        if (kStride != kDirectStride) { bits[part / 64] |= std::uint64_t{1} << part % 64; }
        cuts.push_back(cut);
      }
      const std::size_t node = (cells_.size() + kNodeAlignment - 1) & ~(kNodeAlignment - 1);
      std::size_t at = node + header_cells(kStride);
      cells_.resize(at + cuts.size());
      if (kStride != kDirectStride) { put_header(node, bits, kStride); }
      for (const Cut& cut : cuts) {
        const std::uint32_t entry = cut.is_whole ? leaves_[cut.leaf] : add_node<Level + 1>(cut);
        cells_[at++] = entry;  // not in one step: to add a node may move the cells
      }
      return static_cast<std::uint32_t>(node / kNodeAlignment) << kLengthBits | kNodeLength;
    }
  }

  void put_header(std::size_t node, const std::array<std::uint64_t, 4>& bits, int stride) {
    const std::size_t words = stride == 6 ? 1 : 4;
    std::memcpy(cells_.data() + node, bits.data(), words * sizeof(bits[0]));
    if (words == 4) { cells_[node + 8] = skipped_counts(bits); }
  }
  static std::uint32_t skipped_counts(const std::array<std::uint64_t, 4>& bits) noexcept {
    std::uint32_t counts = 0;
    int sum = 0;
    for (std::size_t word = 1; word < 4; ++word) {
      sum += std::popcount(bits[word - 1]);
      counts |= static_cast<std::uint32_t>(sum) << (8 * word);
    }
    return counts;
  }

  // Whether `entry` and all below it are as add_node() makes them; `end` moves behind the last
  // cell they use.
  template <std::size_t Level>
  bool is_sound(std::uint32_t entry, std::size_t& end, std::size_t units) const noexcept {
    if (!is_node(entry)) {
      return (entry & kLengthMask) <= kKeyBits && (entry >> kLengthBits) < units;
    }
    if constexpr (Level == kLevels) {
      return false;
    } else {
      constexpr int kStride = kStrides[Level];
      const std::size_t node = node_of(entry);
      std::size_t at = node + header_cells(kStride);
      if (node < end || at > cells_.size()) { return false; }
      std::size_t count = kParts[Level];
      if constexpr (kStride != kDirectStride) {
        std::array<std::uint64_t, 4> bits{};
        for (std::size_t word = 0; word < kParts[Level] / 64; ++word) {
          bits[word] = bits_at(node + 2 * word);
        }
        if ((bits[0] & 1) == 0) { return false; }
        if (kStride == 8 && cells_[node + 8] != skipped_counts(bits)) { return false; }
        count = 0;
        for (const std::uint64_t word : bits) {
          count += static_cast<std::size_t>(std::popcount(word));
        }
      }
      if (count > cells_.size() - at) { return false; }
      end = at + count;
      for (; count > 0; --count, ++at) {
        if (!is_sound<Level + 1>(cells_[at], end, units)) { return false; }
      }
      return true;
    }
  }

  std::size_t size_ = 0;
  HugeVector<std::uint32_t> cells_;  // the first level's entries, then nodes
  std::vector<Key> starts_;          // of leaves, until finish()
  std::vector<std::uint32_t> leaves_;
};

}  // namespace gslb::geo
