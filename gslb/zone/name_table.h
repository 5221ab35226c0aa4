// The owner names of one zone, each with a dense index, found by a hash over its labels.
//
// Source: Knuth vol. 3, 6.4 (linear probing).
//
// Why labels: the hash of a name is built from the apex downwards, one label onto the hash of its
// parent.  The walk of RFC 1034 4.3.2 so hashes each octet once, and stops hashing at the first
// name that does not exist.
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/hash.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// Thread-compatible; read-only once its zone is built.  Index 0 is the first name inserted.
class NameTable {
 public:
  using Hash = std::uint64_t;
  static constexpr Hash kApexHash = 0;
  // `label` with its length octet, lower case.
  static Hash child_hash(Hash parent, Octets label) noexcept { return hash_octets(label, parent); }

  // REQUIRES: `hash` is that of `lower_wire`.
  NodeIndex find(Octets lower_wire, Hash hash) const noexcept;
  // REQUIRES: the name is not in the table.
  NodeIndex insert(Octets lower_wire, Hash hash);

  Octets name(NodeIndex node) const noexcept {
    const std::uint32_t at = starts_[node];
    return {octets_.data() + at, starts_[node + 1] - at};
  }
  std::size_t size() const noexcept { return starts_.size() - 1; }
  std::size_t memory_octets() const noexcept;
  // No insert() may follow.
  void finish();

 private:
  struct Slot {
    std::uint32_t tag = 0;  // upper half of the hash: spares most looks at the name itself
    NodeIndex node = kNoNode;
  };
  void place(Hash hash, NodeIndex node) noexcept;
  void grow();

  std::vector<std::uint8_t> octets_;
  std::vector<std::uint32_t> starts_{0};  // one more than there are names
  std::vector<Hash> hashes_;              // only until finish()
  std::vector<Slot> slots_;               // size a power of two, at most 3/4 full
};

}  // namespace gslb::zone
