#include "gslb/transfer/exported_zone.h"

#include "gslb/base/hash.h"

namespace gslb::transfer {
namespace {

using dns::RrType;

std::uint64_t digest(Octets owner, const dns::RrsetView& set) noexcept {
  const std::uint64_t seed =
      hash_octets(owner, (std::uint64_t{set.ttl_s} << 16) | static_cast<std::uint16_t>(set.type));
  std::uint64_t sum = 0;
  for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
    sum += hash_octets(cursor.rdata(), seed);
  }
  return sum;
}

}  // namespace

Record ExportedZone::soa_record() const {
  const dns::RrsetView set = soa();
  const Octets rdata = dns::RdataCursor(set).rdata();
  return {zone->apex(), set.type, set.ttl_s, {rdata.begin(), rdata.end()}};
}

void sets_of(const ExportedZone& from, zone::NodeIndex node, std::vector<dns::RrsetView>& sets) {
  sets.clear();
  const zone::RouteIndex route = from.zone->route(node);
  const bool routed = route != zone::kNoRoute && from.statics != nullptr &&
                      route < from.statics->size() && !(*from.statics)[route].empty();
  for (std::size_t i = 0; i < from.zone->rrset_count(node); ++i) {
    const dns::RrsetView set = from.zone->rrset_at(node, i);
    if (set.type == RrType::kSoa) { continue; }
    if (!routed || !dns::is_address(set.type)) { sets.push_back(set); }
  }
  if (!routed) { return; }
  for (const StaticSet& set : (*from.statics)[route]) {
    // Whatever else the owner has itself, such as an HTTPS record, stands.
    if (dns::is_address(set.type) || !from.zone->rrset(node, set.type)) {
      sets.push_back(set.view());
    }
  }
}

std::uint64_t digest(const ExportedZone& from) {
  std::uint64_t sum = digest(from.zone->apex().wire(), from.soa());
  std::vector<dns::RrsetView> sets;
  for (zone::NodeIndex node = 0; node < from.zone->node_count(); ++node) {
    sets_of(from, node, sets);
    for (const dns::RrsetView& set : sets) { sum += digest(from.zone->owner(node), set); }
  }
  return sum;
}

std::uint64_t digest(Octets lower_owner, const std::vector<StaticSet>& sets) {
  std::uint64_t sum = 0;
  for (const StaticSet& set : sets) { sum += digest(lower_owner, set.view()); }
  return sum;
}

}  // namespace gslb::transfer
