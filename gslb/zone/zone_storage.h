// What a Zone keeps: names, nodes, and one block of octets per node, all in one piece of memory.
//
// Why one piece: a zone of half a dozen records has as many arrays as one of a million, and a heap
// that serves 100,000 such zones would spend a third on the seams.
//
// Why blocks: a node costs 8 octets plus what it really has.  A block is, in host order and without
// alignment: [u32 route, with kHasRoute] [u32 wildcard child, with kHasWildcard], then for every
// RRset 12 octets (u16 type, u16 count, u32 ttl, u32 size) and its rdata as RrsetView wants it.
// RRSIG records are one such set for every type they cover.
#pragma once

#include <cstring>
#include <memory>
#include <span>

#include "gslb/zone/denial_index.h"
#include "gslb/zone/name_table.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

enum NodeFlag : std::uint8_t {
  kIsCut = 1,
  kIsDname = 2,
  kIsCname = 4,
  kHasRoute = 8,
  kHasWildcard = 16,
  kIsNsec3Owner = 32,
};

struct NodeRecord {
  std::uint32_t block = 0;  // offset in blocks
  std::uint16_t rrset_count = 0;
  std::uint8_t flags = 0;
};

struct RrsetHeader {
  std::uint16_t type = 0;
  std::uint16_t count = 0;
  std::uint32_t ttl_s = 0;
  std::uint32_t size = 0;
};
static_assert(sizeof(NodeRecord) == 8 && sizeof(RrsetHeader) == 12);

// Immutable once ZoneBuilder::build() has filled it.  The views are of `piece`.
struct Zone::Storage {
  NameTable names;
  std::span<const NodeRecord> nodes;  // index = NodeIndex
  Octets blocks;
  std::unique_ptr<const DenialIndex> denial;  // null: there is no chain
  std::unique_ptr<const std::uint8_t[]> piece;
  std::size_t piece_octets = 0;
  std::size_t apex_labels = 0;

  // Copies what it is given.
  static std::unique_ptr<Storage> pack(const NameTable& names, std::span<const NodeRecord> nodes,
                                       Octets blocks, std::size_t apex_labels);

  template <typename T>
  T load(std::size_t at) const noexcept {
    T value;
    std::memcpy(&value, blocks.data() + at, sizeof value);
    return value;
  }
  bool has(NodeIndex node, NodeFlag flag) const noexcept { return (nodes[node].flags & flag) != 0; }
  // Offset of the wildcard child or, without one, of the first RRset.
  std::size_t after_route(NodeIndex node) const noexcept {
    return nodes[node].block + (has(node, kHasRoute) ? sizeof(RouteIndex) : 0);
  }
  std::size_t first_rrset(NodeIndex node) const noexcept {
    return after_route(node) + (has(node, kHasWildcard) ? sizeof(NodeIndex) : 0);
  }
  // Octets before the covered type of an RRSIG set: the header and the first record's length.
  static constexpr std::size_t kCoveredAt = sizeof(RrsetHeader) + 2;
  dns::RrsetView view(const RrsetHeader& header, std::size_t at) const noexcept {
    return {static_cast<dns::RrType>(header.type),
            header.ttl_s,
            header.count,
            {blocks.data() + at + sizeof header, header.size}};
  }
};

}  // namespace gslb::zone
