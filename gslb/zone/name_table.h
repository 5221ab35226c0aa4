// The owner names of one zone, each with a dense index, found by a hash over its labels.
//
// Source: Knuth vol. 3, 6.4 (linear probing).
//
// Why labels: the hash of a name is built from the root downwards, one label onto the hash of its
// parent.  The walk of RFC 1034 4.3.2 and the search for the zone so hash each octet once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/dns/ascii_case.h"
#include "gslb/dns/name_hash.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// A view of names that stand in order of their index, and of a table to find them by.
struct NameTable {
  using Hash = dns::NameHash;

  struct Slot {
    std::uint32_t tag = 0;  // upper half of the hash: spares most looks at the name itself
    NodeIndex node = kNoNode;
  };
  static std::uint32_t tag_of(Hash hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

  Octets octets;
  std::span<const std::uint32_t> starts;  // in octets; one more than there are names
  std::span<const Slot> slots;            // size a power of two, at most 3/4 full

  // REQUIRES: `hash` is that of `lower_wire`.
  NodeIndex find(Octets lower_wire, Hash hash) const noexcept {
    if (slots.empty()) { return kNoNode; }
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = hash & mask; slots[at].node != kNoNode; at = (at + 1) & mask) {
      const Slot& slot = slots[at];
      if (slot.tag == tag_of(hash) && is_name(slot.node, lower_wire)) { return slot.node; }
    }
    return kNoNode;
  }
  Octets name(NodeIndex node) const noexcept {
    return octets.subspan(starts[node], starts[node + 1] - starts[node]);
  }
  std::size_t size() const noexcept { return starts.size() - 1; }

 private:
  bool is_name(NodeIndex node, Octets lower_wire) const noexcept {
    const Octets own = name(node);
    return own.size() == lower_wire.size() &&
           dns::equal_octets(own.data(), lower_wire.data(), own.size());
  }
};

// Thread-compatible.  Index 0 is the first name inserted.
class NameTableBuilder {
 public:
  // REQUIRES: the name is not in the table.
  NodeIndex insert(Octets lower_wire, NameTable::Hash hash);
  // Valid until the next insert().
  NameTable table() const noexcept { return {octets_, starts_, slots_}; }

 private:
  void place(NameTable::Hash hash, NodeIndex node) noexcept;
  void grow();

  std::vector<std::uint8_t> octets_;
  std::vector<std::uint32_t> starts_{0};
  std::vector<NameTable::Hash> hashes_;
  std::vector<NameTable::Slot> slots_;
};

}  // namespace gslb::zone
