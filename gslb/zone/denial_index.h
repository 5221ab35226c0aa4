// The chain of a signed zone in searchable form: NSEC owners in canonical order, NSEC3 owners in
// the order of their hashes.
//
// Source: RFC 4034 6.1, RFC 5155 7.1 and 7.2.
//
// Why the hashes of nodes are kept: what denies a name next to the closest encloser, and what
// matches the encloser itself, is then known without hashing; a query costs one hash, that of the
// next closer name.
#pragma once

#include <memory>
#include <vector>

#include "gslb/zone/nsec3_hash.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// Immutable once built.  Private to gslb/zone.
struct DenialIndex {
  struct Hashed {
    Nsec3Hash hash;
    NodeIndex node;
  };
  // The first octets of a name as canonical order compares it: equal keys leave the order open,
  // others decide it without looking at the names.
  struct Keyed {
    std::uint64_t key;
    NodeIndex node;
  };
  struct OfNode {
    Nsec3Place own;
    Nsec3Place wildcard;  // of "*" below the node; unknown for nodes without children
  };

  DenialKind kind = DenialKind::kNone;
  std::uint16_t iterations = 0;
  std::vector<std::uint8_t> salt;
  std::size_t apex_labels = 0;
  std::vector<Keyed> nsec;
  std::vector<Hashed> nsec3;
  std::vector<OfNode> of_node;  // index = NodeIndex

  // `has_children` by node.  Null when the zone has no chain that can be used.
  // O(n log n), two hashes a node for NSEC3.
  static std::unique_ptr<const DenialIndex> build(const Zone& zone,
                                                  const std::vector<bool>& has_children);

  // The last owner of an NSEC that is not after a name at or below the apex, which is the first.
  NodeIndex find(const Zone& zone, Octets lower_wire) const noexcept;
  Nsec3Place find(const Nsec3Hash& hash) const noexcept;
  Nsec3Hash hash_of(Octets lower_wire) const noexcept {
    return nsec3_hash(lower_wire, salt, iterations);
  }
  std::size_t memory_octets() const noexcept;

 private:
  void build_nsec3(const Zone& zone, const std::vector<bool>& has_children);
  void build_nsec(const Zone& zone);
};

// "*.<owner>".  `lower_owner` at most 255 octets; the result may be longer than any name.
class WildcardName {
 public:
  explicit WildcardName(Octets lower_owner) noexcept;
  Octets wire() const noexcept { return {octets_.data(), size_}; }

 private:
  std::array<std::uint8_t, 2 + dns::kMaxNameOctets> octets_;
  std::size_t size_;
};

}  // namespace gslb::zone
