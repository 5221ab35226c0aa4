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

  friend bool operator==(const StaticSet&, const StaticSet&) = default;
};
// By RouteIndex; a route without sets is sent with what the zone itself has.  Immutable.
using StaticAnswers = std::vector<std::vector<StaticSet>>;

// One version.  Value; cheap to copy.
struct ExportedZone {
  std::shared_ptr<const zone::Zone> zone;
  std::shared_ptr<const StaticAnswers> statics;  // null: there are no routes

  std::uint32_t serial() const noexcept { return zone->serial(); }
  dns::RrsetView soa() const noexcept {
    return *zone->rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  }
  Record soa_record() const;
};

// Replaces `sets` by the RRsets of a node, the SOA left out.  Views into `from`.
void sets_of(const ExportedZone& from, zone::NodeIndex node, std::vector<dns::RrsetView>& sets);

// The type an RRSIG set covers, or 0 for another set: with the type, what tells two sets of a node
// apart.
std::uint16_t covered_type(const dns::RrsetView& set) noexcept;

// Of all records with their owners and TTLs, whatever their order.  O(records)
std::uint64_t digest(const ExportedZone& from);

}  // namespace gslb::transfer
