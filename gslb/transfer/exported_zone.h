// A zone as secondaries get it: routed owners have static addresses there.
//
// Why an overlay and not a zone of its own: a copy of a million records for a few routed names
// would double the memory.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gslb/dns/rrset.h"
#include "gslb/transfer/record.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

// What a routed owner has instead of steered answers.  Octets as RrsetView wants them.
struct StaticSet {
  dns::RrType type = dns::RrType::kA;
  std::uint32_t ttl_s = 0;
  std::uint16_t count = 0;
  std::vector<std::uint8_t> rdata;

  dns::RrsetView view() const noexcept { return {type, ttl_s, count, rdata}; }
  friend bool operator==(const StaticSet&, const StaticSet&) = default;
};
// By RouteIndex; a route without sets is sent with what the zone itself has.  Immutable.
using StaticAnswers = std::vector<std::vector<StaticSet>>;

// One version.  Value; cheap to copy.
struct ExportedZone {
  std::shared_ptr<const zone::Zone> zone;
  // Null: the zone has what routed owners have (a signed one, with signatures), or no routes.
  std::shared_ptr<const StaticAnswers> statics;

  std::uint32_t serial() const noexcept { return zone->serial(); }
  dns::RrsetView soa() const noexcept {
    return *zone->rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  }
  Record soa_record() const;
};

// Replaces `sets` by the RRsets of a node, the SOA left out.  Views into `from`.
void sets_of(const ExportedZone& from, zone::NodeIndex node, std::vector<dns::RrsetView>& sets);

// Of all records with their owners and TTLs, whatever their order.  O(records)
std::uint64_t digest(const ExportedZone& from);
// Of what stands at one routed owner.
std::uint64_t digest(Octets lower_owner, const std::vector<StaticSet>& sets);

}  // namespace gslb::transfer
