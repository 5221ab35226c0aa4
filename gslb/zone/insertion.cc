#include "gslb/zone/insertion.h"

#include <utility>

namespace gslb::zone {
namespace {

// What the wildcard `source` has, at `owner` as well.
void copy_node(const Zone& zone, NodeIndex source, const dns::Name& owner, Derivation& into) {
  for (std::size_t i = 0; i < zone.rrset_count(source); ++i) {
    const dns::RrsetView set = zone.rrset_at(source, i);
    for (dns::RdataCursor record(set); !record.done(); record.next()) {
      const Octets rdata = record.rdata();
      into.added.push_back({owner, set.type, set.ttl_s, {rdata.begin(), rdata.end()}});
    }
  }
  if (zone.route(source) != kNoRoute) {
    into.routes.push_back({owner, zone.route(source), {}, {}});
  }
}

}  // namespace

std::optional<InsertionError> insert(const Zone& zone, AddedRecord record, Derivation& into) {
  dns::QuestionName wire;
  wire.assign(record.owner.wire());
  const Found found = find(zone, wire, record.type);
  if (found.kind == Found::Kind::kDelegation) { return InsertionError::kBelowCut; }
  if (found.kind == Found::Kind::kDname) { return InsertionError::kBelowDname; }
  if (found.kind == Found::Kind::kExact && zone.has_cname(found.node)) {
    return InsertionError::kAlias;
  }
  if (found.kind == Found::Kind::kWildcard) {
    dns::Name name = record.owner;
    for (std::size_t left = found.labels_below; left > 0; --left, name = name.parent()) {
      if (left < found.labels_below) { copy_node(zone, found.node, name, into); }
      // Too long a name can't be asked for either.
      const auto below = name.prepend("*");
      if (below) { copy_node(zone, found.node, *below, into); }
    }
  }
  into.added.push_back(std::move(record));
  return std::nullopt;
}

}  // namespace gslb::zone
