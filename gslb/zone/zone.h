// One zone's data, immutable, in a few compact arrays, and the lookup of RFC 1034 4.3.2 over it.
//
// Source: RFC 1034 4.3.2 and 4.3.3, RFC 4592 (wildcards, closest encloser, empty non-terminals),
// RFC 6672 (DNAME), RFC 4035 3.1 and RFC 5155 7.2 (proofs), RFC 9499 (vocabulary).
//
// Why compact: a million A records should take about a hundred octets each, so nodes and RRsets
// live in arenas addressed by 32-bit offsets, and names are found by hash, one probe a label.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/dns/name.h"
#include "gslb/dns/rrset.h"
#include "gslb/zone/nsec3_hash.h"

namespace gslb::zone {

using RouteIndex = std::uint32_t;  // into the snapshot's list of routes
inline constexpr RouteIndex kNoRoute = 0xffffffffU;
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xffffffffU;

// Whether a zone that is ours has data to answer with.
enum class ZoneState : std::uint8_t {
  kServed,
  kNotReady,  // a secondary without a first copy
  kExpired,   // a secondary whose copy is older than SOA EXPIRE (RFC 1035 3.3.13)
};

class ZoneBuilder;
class Zone;
struct Found;

Found find(const Zone& zone, const dns::QuestionName& qname, dns::RrType qtype) noexcept;

// How a zone proves that something does not exist.
enum class DenialKind : std::uint8_t { kNone, kNsec, kNsec3 };

// Where a hash falls in the NSEC3 chain: on the owner of an NSEC3 or in the interval after it.
struct Nsec3Place {
  NodeIndex node = kNoNode;  // has the NSEC3 RRset
  bool matches = false;      // else it covers the hash
};

// Immutable after ZoneBuilder::build(); shared by snapshots; thread-safe.
class Zone {
 public:
  // A zone that holds its name but no record: queries at or below `apex` get SERVFAIL.
  // REQUIRES: why != kServed
  static std::shared_ptr<const Zone> without_data(const dns::Name& apex, ZoneState why);
  class Key {  // only builders make zones
    friend class Zone;
    friend class ZoneBuilder;
    Key() = default;
  };
  explicit Zone(Key key) noexcept;
  ~Zone();
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  const dns::Name& apex() const noexcept { return apex_; }
  ZoneState state() const noexcept { return state_; }
  std::uint32_t serial() const noexcept { return serial_; }
  // min(SOA TTL, SOA MINIMUM): the TTL of negative answers (RFC 2308 3).
  std::uint32_t negative_ttl_s() const noexcept { return negative_ttl_s_; }
  std::size_t node_count() const noexcept;
  std::size_t record_count() const noexcept { return record_count_; }
  std::size_t memory_octets() const noexcept;

  // `lower_wire`: lower-case wire form of a name at or below the apex.  O(1).
  NodeIndex find_node(Octets lower_wire) const noexcept;
  static constexpr NodeIndex kApexNode = 0;

  // Lower-case wire owner of a node.
  Octets owner(NodeIndex node) const noexcept;
  // nullopt when the node has no such RRset.
  std::optional<dns::RrsetView> rrset(NodeIndex node, dns::RrType type) const noexcept;
  // RRsets of a node by position, for ANY (RFC 8482), AXFR and checks.  The RRSIG records are as
  // many sets as there are types covered, for their TTLs differ; each stands after the set it
  // covers.  So rrset(node, kRrsig) is only the first of them.
  std::size_t rrset_count(NodeIndex node) const noexcept;
  dns::RrsetView rrset_at(NodeIndex node, std::size_t position) const noexcept;
  // The route bound to this owner, or kNoRoute.
  RouteIndex route(NodeIndex node) const noexcept;
  bool has_cut(NodeIndex node) const noexcept;  // NS below the apex
  bool has_dname(NodeIndex node) const noexcept;
  bool has_cname(NodeIndex node) const noexcept;
  // The node "*.<owner of node>", or kNoNode.
  NodeIndex wildcard_child(NodeIndex node) const noexcept;

  // The RRSIG records over the node's RRset of type `covered`.
  std::optional<dns::RrsetView> signatures(NodeIndex node, dns::RrType covered) const noexcept;
  // The SOA is signed and there is a chain of denial: answers with DO carry proofs.
  bool is_signed() const noexcept { return is_signed_; }
  // Names this version of a zone that denies compactly (RFC 9824) where that has been signed on
  // demand, by its NSEC3 chain elsewhere; unique in the process.  0: it doesn't.
  std::uint64_t compact_id() const noexcept { return compact_id_; }
  // kNsec3 rather than kNsec when the zone has both chains.
  DenialKind denial() const noexcept;
  // True for what only an NSEC3 RRset makes a node: to find() it does not exist (RFC 5155 7.2.8).
  bool is_nsec3_owner(NodeIndex node) const noexcept;

  // The node whose NSEC matches or covers a name at or below the apex: the last owner of one that
  // is not after it in canonical order.  REQUIRES: denial() == kNsec.  O(log names)
  NodeIndex nsec_of(Octets lower_wire) const noexcept;
  // The same for "*.<owner of node>".
  NodeIndex nsec_of_wildcard(NodeIndex node) const noexcept;

  // The functions below REQUIRE: denial() == kNsec3.
  Nsec3Hash hash_of(Octets lower_wire) const noexcept;
  // O(log names)
  Nsec3Place nsec3_of(const Nsec3Hash& hash) const noexcept;
  // Of the owner of a node that is no NSEC3 owner.  No hashing, O(1).
  Nsec3Place nsec3_of(NodeIndex node) const noexcept;
  // Of "*.<owner of node>", there or not.  Hashes only when nothing lies below the node.
  Nsec3Place nsec3_of_wildcard(NodeIndex node) const noexcept;

 private:
  friend class ZoneBuilder;
  friend Found find(const Zone& zone, const dns::QuestionName& qname, dns::RrType qtype) noexcept;
  struct Storage;  // arenas and the hash table; defined in zone_storage.h of this folder

  dns::Name apex_;
  ZoneState state_ = ZoneState::kServed;
  std::uint32_t serial_ = 0;
  std::uint32_t negative_ttl_s_ = 0;
  std::size_t record_count_ = 0;
  bool is_signed_ = false;
  std::uint64_t compact_id_ = 0;
  std::unique_ptr<const Storage> storage_;
};

// What 4.3.2 found.  Node indexes are kNoNode where they make no sense.
struct Found {
  enum class Kind : std::uint8_t {
    kExact,       // `node` owns the name (it may be an empty non-terminal: no RRsets, no route)
    kWildcard,    // `node` is the source of synthesis "*.<closest encloser>"
    kDelegation,  // `node` is the zone cut at or above the name (never the apex)
    kDname,       // `node` owns a DNAME above the name
    kNxDomain,    // nothing; `closest_encloser` is set
  };
  Kind kind = Kind::kNxDomain;
  NodeIndex node = kNoNode;
  NodeIndex closest_encloser = kNoNode;
  // Labels of the QNAME to the left of `node`'s owner (kDelegation, kDname) or of the closest
  // encloser (kWildcard, kNxDomain).
  std::size_t labels_below = 0;
};

// The walk from the apex down to `qname`.  At a zone cut exactly matching `qname`, a DS query is
// answered by the parent side: pass `qtype` so that kExact is returned for it (RFC 4035 3.1.4.1).
// A wildcard that owns an NS or DNAME is not followed when it is the source of synthesis (RFC 4592
// 4.2 and 4.4 leave it open): it is kWildcard, and those RRsets are like any other.
// REQUIRES: qname lies at or below zone.apex().  Cost: the walk ends at the first name that does
// not exist, so at most (labels of the closest encloser below the apex) + 1 labels are hashed and
// probed, however long qname is.
Found find(const Zone& zone, const dns::QuestionName& qname, dns::RrType qtype) noexcept;

// Builds a Zone from records in any order.  Thread-compatible; used by the loader and by tests.
class ZoneBuilder {
 public:
  explicit ZoneBuilder(const dns::Name& apex);
  ~ZoneBuilder();
  ZoneBuilder(const ZoneBuilder&) = delete;
  ZoneBuilder& operator=(const ZoneBuilder&) = delete;

  // Adds one record; duplicates are dropped (RFC 2181 5).  `rdata` uncompressed wire form.  The
  // lowest TTL of a set wins (RFC 2181 5.2); RRSIG records are a set with those that cover the
  // same type.  REQUIRES: owner at or below the apex.
  void add(const dns::Name& owner, dns::RrType type, std::uint32_t ttl_s, Octets rdata);
  // Binds a route to an owner; makes the node (and empty non-terminals above it) when absent.
  void bind_route(const dns::Name& owner, RouteIndex route);
  // The zone will deny compactly.  REQUIRES: it gets an NSEC3 chain without opt-out.
  void deny_compactly() noexcept { is_compact_ = true; }
  // REQUIRES: an SOA at the apex was added.  The builder is empty afterwards.
  std::shared_ptr<const Zone> build();

 private:
  struct Work;
  std::unique_ptr<Work> work_;
  bool is_compact_ = false;
};

}  // namespace gslb::zone
