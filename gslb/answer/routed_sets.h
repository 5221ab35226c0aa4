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
// An HTTPS record hints at the first node alone, and a runner-up's record has no hints: sets of
// nodes times sets of the runner-up's would be too many.
//
// Why no bitmap has the CNAME bit, though some decisions are another CDN's name: NODATA that names
// it is bogus (RFC 6840 4.3), and other decisions at the same owner need NODATA.  A validator takes
// the signed CNAME without looking at any bitmap (RFC 4035 5.3).  Who answers from cached NSEC
// (RFC 8198) may deny what the bitmap lacks, so it names the types of the clusters that anybody may
// be sent to; NODATA is never answered for those.  Only where all of these are other CDNs' names
// it has CNAME, alone: then NODATA is never answered at all.
//
// Whoever publishes snapshots makes a new table when the services, the fleet model, the served
// zones or the keys change, and before signatures expire:
//   snapshot.routed_sets = RoutedSets::build({zones, services, fleet, config}, signing,
//                                            previous.routed_sets.get());
// What the previous table holds and `is_fresh` accepts is not signed again, whatever its indexes
// were.  The signer of a zone must give routed owners the types routed_types() says.
#pragma once

#include <array>
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

// The types that are routed.
inline constexpr std::array<dns::RrType, 3> kRoutedTypes = {dns::RrType::kA, dns::RrType::kAaaa,
                                                            dns::RrType::kHttps};
// Position in kRoutedTypes; its size for any other type.
constexpr std::size_t routed_position(dns::RrType type) noexcept {
  std::size_t at = 0;
  while (at < kRoutedTypes.size() && kRoutedTypes[at] != type) { ++at; }
  return at;
}

// In a tier of the service, and for clients of any network.
bool is_open_to_all(const steer::Service& service, const config::Cluster& cluster);

// The types a routed owner can always answer with, whoever asks: what its NSEC or NSEC3 bitmap must
// name.  Families that only clusters for clients of some networks or the fallback pool have are
// answered, but not promised.
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
  // at most kMaxSets + 64 signatures a (route, cluster, family), kMaxRunnersUp + 1 a node for
  // HTTPS.
  static std::shared_ptr<const RoutedSets> build(const RoutedSource& source,
                                                 const RoutedSigning& signing,
                                                 const RoutedSets* previous);

  static constexpr std::size_t kStandbys = kMaxAnswers;
  static constexpr std::size_t kMaxSets = 256;  // of more than one node, in a cluster
  // Clusters that may stand beside another in HTTPS records: the nearest ones.
  static constexpr std::size_t kMaxRunnersUp = 16;

  // False: the route lies in no signed zone.
  bool has_route(zone::RouteIndex route) const noexcept;
  // NODATA can't be proven for this type: routed_types() has it, or CNAME.
  bool is_promised(zone::RouteIndex route, dns::RrType type) const noexcept;

  // By cluster: its nodes that can be named for `type`.
  std::span<const std::uint64_t> nodes_with(dns::RrType type) const noexcept {
    return nodes_with_[routed_position(type)];
  }
  // Clusters with nodes for `type` that anybody may be sent to, in the order of the configuration;
  // where there are none, those that are another CDN's name.
  std::span<const fleet::ClusterIndex> reserve(zone::RouteIndex route,
                                               dns::RrType type) const noexcept;

  // The set to answer with when `first` is the best node for the name and those in `serving` may
  // be named; of HTTPS records the one with `runner_up` beside.  nullopt: not in the table or not
  // signed.  REQUIRES: `first` is in `serving`.  No allocation; O(sets of a node).
  struct Wanted {
    fleet::ClusterIndex cluster = fleet::kNoCluster;
    unsigned first = 0;
    std::uint64_t serving = 0;
    fleet::ClusterIndex runner_up = fleet::kNoCluster;
  };
  std::optional<SignedSet> find(zone::RouteIndex route, dns::RrType type,
                                const Wanted& wanted) const noexcept;
  // What the fallback pool answers; nullopt: nothing.
  std::optional<SignedSet> pool(zone::RouteIndex route, dns::RrType type) const noexcept;
  // The CNAME to `cluster`, which is another CDN's name, or with kNoCluster to fallback_cname.
  std::optional<SignedSet> cname(zone::RouteIndex route,
                                 fleet::ClusterIndex cluster = fleet::kNoCluster) const noexcept;

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
    fleet::ClusterIndex runner_up = fleet::kNoCluster;
    Block set;
    Block signatures;
  };
  template <typename T>
  using ByType = std::array<T, kRoutedTypes.size() + 1>;  // the last: other types
  struct RouteSlot {
    std::uint32_t first_node = kNone;  // into node_entries_; kNone: in no signed zone
    ByType<std::uint32_t> pool = {kNone, kNone, kNone, kNone};  // entries
    std::uint32_t cname = kNone;                                // entry
    std::uint32_t first_alias = kNone;  // into alias_entries_; kNone: no cluster is a name
    ByType<bool> is_promised = {};
  };

  dns::RrsetView view(dns::RrType type, const Block& block) const noexcept;
  std::optional<SignedSet> view(std::uint32_t entry) const noexcept;

  std::vector<RouteSlot> routes_;
  // A route's part: for every (type, cluster) its nodes in order, each with the number of its
  // first entry; one more ends the last of each type.
  std::vector<std::uint32_t> node_entries_;
  std::vector<std::uint32_t> node_offset_;    // by cluster: nodes in clusters before it; one more
  std::vector<std::uint32_t> alias_entries_;  // a route's part: entries or kNone, by cluster
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> octets_;
  ByType<std::vector<std::uint64_t>> nodes_with_;                  // by cluster
  std::vector<ByType<std::vector<fleet::ClusterIndex>>> reserve_;  // by service
  std::vector<steer::ServiceIndex> service_of_;                    // by route
  // Content (owner, type, TTL, sorted RDATA) → signatures, for the next table.
  std::unordered_map<std::string, Block> made_for_;
  std::size_t made_ = 0;
  std::size_t kept_ = 0;
  std::size_t missing_ = 0;
};

}  // namespace gslb::answer
