#include "gslb/transfer/catalog.h"

#include <algorithm>
#include <set>

namespace gslb::transfer {
namespace {

using dns::RrType;
using zone::NodeIndex;
using zone::Zone;

// The leftmost label's octets, lower case (nodes are stored so).
std::string first_label(Octets wire) { return std::string(as_text(wire.subspan(1, wire[0]))); }

std::optional<NodeIndex> node_below(const Zone& zone, const dns::Name& parent,
                                    std::string_view label) {
  const auto name = parent.prepend(label);
  if (!name) { return std::nullopt; }
  const NodeIndex node = zone.find_node(name->lower().wire());
  if (node == zone::kNoNode) { return std::nullopt; }
  return node;
}

std::optional<dns::Name> only_target(const Zone& zone, NodeIndex node) {
  const auto set = zone.rrset(node, RrType::kPtr);
  if (!set || set->count != 1) { return std::nullopt; }
  const auto name = dns::Name::from_wire(dns::RdataCursor(*set).rdata());
  if (!name) { return std::nullopt; }
  return name->lower();
}

bool has_version_2(const Zone& zone) {
  const auto node = node_below(zone, zone.apex(), "version");
  if (!node) { return false; }
  const auto set = zone.rrset(*node, RrType::kTxt);
  return set && set->count == 1 &&
         as_text(dns::RdataCursor(*set).rdata()) ==
             "\x01"
             "2";
}

std::vector<std::string> groups_of(const Zone& zone, NodeIndex node) {
  std::vector<std::string> groups;
  const auto set = zone.rrset(node, RrType::kTxt);
  if (!set) { return groups; }
  for (dns::RdataCursor cursor(*set); !cursor.done(); cursor.next()) {
    const Octets rdata = cursor.rdata();
    // A group is one string; more of them mean nothing here and are ignored (4.4.2).
    if (!rdata.empty() && rdata.size() == std::size_t{1} + rdata[0]) {
      groups.emplace_back(as_text(rdata.subspan(1)));
    }
  }
  std::ranges::sort(groups);
  return groups;
}

}  // namespace

std::string_view describe(CatalogError error) noexcept {
  switch (error) {
    case CatalogError::kVersion:
      return "its version is not 2";
    case CatalogError::kMember:
      return "a member has not exactly one PTR record";
    case CatalogError::kDuplicate:
      return "a zone is listed twice";
    case CatalogError::kOwnership:
      return "a coo property has not exactly one PTR record";
  }
  return "unknown";
}

Result<std::vector<CatalogMember>, CatalogError> read_catalog(const Zone& catalog) {
  if (!has_version_2(catalog)) { return Unexpected(CatalogError::kVersion); }
  std::vector<CatalogMember> members;
  const auto zones = catalog.apex().prepend("zones");
  if (!zones) { return members; }
  const dns::Name list = zones->lower();
  for (NodeIndex node = 0; node < catalog.node_count(); ++node) {
    const Octets wire = catalog.owner(node);
    // One label below "zones": its octets end in that name's, right behind the first label.
    if (wire.size() != std::size_t{1} + wire[0] + list.wire().size()) { continue; }
    if (!std::ranges::equal(wire.subspan(std::size_t{1} + wire[0]), list.wire())) { continue; }
    const auto zone = only_target(catalog, node);
    if (!zone) { return Unexpected(CatalogError::kMember); }
    CatalogMember member{*zone, first_label(wire), {}, {}};
    const dns::Name owner = *dns::Name::from_wire(wire);
    if (const auto group = node_below(catalog, owner, "group")) {
      member.groups = groups_of(catalog, *group);
    }
    if (const auto coo = node_below(catalog, owner, "coo")) {
      member.next_catalog = only_target(catalog, *coo);
      if (!member.next_catalog) { return Unexpected(CatalogError::kOwnership); }
    }
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end(),
            [](const CatalogMember& a, const CatalogMember& b) { return a.zone < b.zone; });
  const auto same = [](const CatalogMember& a, const CatalogMember& b) { return a.zone == b.zone; };
  if (std::ranges::adjacent_find(members, same) != members.end()) {
    return Unexpected(CatalogError::kDuplicate);
  }
  return members;
}

CatalogMembership::Changes CatalogMembership::update(const dns::Name& catalog,
                                                     const std::vector<CatalogMember>& members) {
  Changes changes;
  std::set<dns::Name> listed;
  for (const CatalogMember& member : members) {
    listed.insert(member.zone);
    const auto [at, is_new] = members_.try_emplace(member.zone, Owned{catalog, member});
    if (is_new) {
      changes.added.push_back(member.zone);
      continue;
    }
    Owned& owned = at->second;
    const bool moves = owned.catalog != catalog;
    if (moves && owned.member.next_catalog != catalog) {
      changes.refused.push_back(member.zone);
      continue;
    }
    if (owned.member.unique_id != member.unique_id) {
      changes.reset.push_back(member.zone);
    } else if (moves || owned.member.groups != member.groups) {
      changes.changed.push_back(member.zone);
    }
    owned = {catalog, member};
  }
  for (auto at = members_.begin(); at != members_.end();) {
    if (at->second.catalog == catalog && !listed.contains(at->first)) {
      changes.removed.push_back(at->first);
      at = members_.erase(at);
    } else {
      ++at;
    }
  }
  return changes;
}

std::vector<dns::Name> CatalogMembership::members_of(const dns::Name& catalog) const {
  std::vector<dns::Name> names;
  for (const auto& [name, owned] : members_) {
    if (owned.catalog == catalog) { names.push_back(name); }
  }
  return names;
}

}  // namespace gslb::transfer
