// The RRsets a routed name of a signed zone can be answered with, each with its signatures.
//
// Source: RFC 4035 3.1 (what a signed answer holds), RFC 6840 5 and 9 (a bitmap that names a type
// forbids NODATA for it).
//
// Why a table: a worker must not sign (a P-256 signature costs thirty answers, and the private key
// would be on the query path), and a health flip must not wait for signatures.  So every set an
// answer may need is signed beforehand: for each (route, cluster, family) the sets of one node, and
// for services with more answers a bounded family of sets by their first node.  With the first
// node's four standbys, every choice of as many as are wanted and then of fewer is there, so that
// an answer has all its addresses while enough of these five serve, and never a dead one.
//
// Whoever publishes snapshots makes a new table when the services, the fleet model, the served
// zones or the keys change, and before signatures expire:
//   snapshot.routed_sets = RoutedSets::build({zones, services, fleet, config}, signing,
//                                            previous.routed_sets.get());
// What the previous table holds and `is_fresh` accepts is not signed again, whatever its indexes
// were.  The signer of a zone must give routed owners the types routed_types() says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gslb/answer/nodes.h"
#include "gslb/config/config.h"
#include "gslb/dns/rrset.h"
#include "gslb/fleet/model.h"
#include "gslb/steer/service.h"
#include "gslb/zone/zone_set.h"

namespace gslb::answer {

// What the sets are made from: parts of one epoch, `zones` as they are served (signed).
struct RoutedSource {
  const zone::ZoneSet& zones;
  const steer::ServiceTable& services;
  const fleet::FleetModel& fleet;
  const config::Config& config;
};

struct SignRequest {
  const zone::Zone& zone;     // its apex is the signer's name
  Octets lower_owner;         // wire form; the wildcard itself for a wildcard route
  const dns::RrsetView& set;  // the TTL is the original TTL; records in any order
};

struct RoutedSigning {
  // RDATA of the RRSIG records over the set, each behind its 16-bit length as RrsetView has it.
  // Empty: can't be signed; answers that need the set are SERVFAIL.
  std::function<std::vector<std::uint8_t>(const SignRequest&)> sign;
  // Whether signatures made earlier over the same set may stay: right keys, not about to expire.
  std::function<bool(const SignRequest&, const dns::RrsetView& signatures)> is_fresh;
};

// In a tier of the service, and for clients of any network.
bool is_open_to_all(const steer::Service& service, const config::Cluster& cluster);

// The address types a routed owner can always answer with, whoever asks: what its NSEC or NSEC3
// bitmap must name.  Families that only clusters for clients of some networks or the fallback pool
// have are answered, but not promised.
std::vector<dns::RrType> routed_types(const RoutedSource& source, zone::RouteIndex route);

// A view into the table that gave it.
struct SignedSet {
  dns::RrsetView set;
  dns::RrsetView signatures;  // count 0: could not be signed, must not be served
};

// Immutable, thread-safe.  Indexes are those of the source it was built from.
class RoutedSets {
 public:
  // Calls the functions of `signing` on this thread.  O(routes in signed zones × clusters × sets);
  // at most kMaxSets + 64 signatures a (route, cluster, family).
  static std::shared_ptr<const RoutedSets> build(const RoutedSource& source,
                                                 const RoutedSigning& signing,
                                                 const RoutedSets* previous);

  static constexpr std::size_t kStandbys = kMaxAnswers;
  static constexpr std::size_t kMaxSets = 256;  // of more than one node, in a cluster

  // False: the route lies in no signed zone.
  bool has_route(zone::RouteIndex route) const noexcept;
  // NODATA can't be proven for this family: routed_types() has it.
  bool is_promised(zone::RouteIndex route, bool ipv6) const noexcept;
  // By cluster: its nodes that have an address of the family.
  std::span<const std::uint64_t> nodes_with(bool ipv6) const noexcept { return family_[ipv6]; }
  // Clusters that anybody may be sent to, in the order of the configuration, with the family.
  std::span<const fleet::ClusterIndex> reserve(zone::RouteIndex route, bool ipv6) const noexcept;

  // The set to answer with when `first` is the best node for the name and those in `serving` may
  // be named.  nullopt: not in the table or not signed.  REQUIRES: `first` is in `serving`.
  // No allocation; O(sets of a node).
  std::optional<SignedSet> find(zone::RouteIndex route, fleet::ClusterIndex cluster, bool ipv6,
                                unsigned first, std::uint64_t serving) const noexcept;
  // The fallback pool's addresses of one family, and the fallback CNAME; nullopt: there are none.
  std::optional<SignedSet> pool(zone::RouteIndex route, bool ipv6) const noexcept;
  std::optional<SignedSet> cname(zone::RouteIndex route) const noexcept;

  std::size_t signatures_made() const noexcept { return made_; }        // RRsets signed by build()
  std::size_t signatures_kept() const noexcept { return kept_; }        // ... taken from `previous`
  std::size_t signatures_missing() const noexcept { return missing_; }  // ... that sign() refused
  std::size_t memory_octets() const noexcept;

 private:
  class Builder;
  static constexpr std::uint32_t kNone = 0xffffffffU;

  struct Block {  // an RRset in octets_
    std::uint32_t at = kNone;
    std::uint32_t size = 0;
    std::uint32_t ttl_s = 0;
    std::uint16_t count = 0;
  };
  struct Entry {
    std::uint64_t nodes = 0;
    dns::RrType type = dns::RrType::kA;
    Block set;
    Block signatures;
  };
  struct RouteSlot {
    std::uint32_t first_node = kNone;  // into node_entries_; kNone: in no signed zone
    std::array<std::uint32_t, 2> pool = {kNone, kNone};  // entries
    std::uint32_t cname = kNone;
    std::array<bool, 2> is_promised = {false, false};
  };

  dns::RrsetView view(dns::RrType type, const Block& block) const noexcept;
  std::optional<SignedSet> view(std::uint32_t entry) const noexcept;

  std::vector<RouteSlot> routes_;
  // A route's part: for every (family, cluster) its nodes in order, each with the number of its
  // first entry; one more ends the last.
  std::vector<std::uint32_t> node_entries_;
  std::vector<std::uint32_t> node_offset_;  // by cluster: nodes in clusters before it; one more
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> octets_;
  std::array<std::vector<std::uint64_t>, 2> family_;                      // by cluster
  std::vector<std::array<std::vector<fleet::ClusterIndex>, 2>> reserve_;  // by service
  std::vector<steer::ServiceIndex> service_of_;                           // by route
  // Content (owner, type, TTL, sorted RDATA) → signatures, for the next table.
  std::unordered_map<std::string, Block> made_for_;
  std::size_t made_ = 0;
  std::size_t kept_ = 0;
  std::size_t missing_ = 0;
};

}  // namespace gslb::answer
