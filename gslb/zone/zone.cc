#include "gslb/zone/zone.h"

#include <algorithm>
#include <array>

#include "gslb/base/check.h"
#include "gslb/zone/zone_storage.h"

namespace gslb::zone {

Zone::Zone(Key) noexcept {}
Zone::~Zone() = default;

std::size_t Zone::node_count() const noexcept { return storage_->nodes.size(); }

std::size_t Zone::memory_octets() const noexcept {
  return sizeof(Zone) + sizeof(Storage) + storage_->piece_octets +
         (storage_->denial ? storage_->denial->memory_octets() : 0);
}

NodeIndex Zone::find_node(Octets lower_wire) const noexcept {
  std::array<std::uint8_t, dns::kMaxLabels + 1> starts{};
  std::size_t labels = 0;
  for (std::size_t at = 0; at < lower_wire.size() && lower_wire[at] != 0;
       at += std::size_t{1} + lower_wire[at]) {
    if (labels == dns::kMaxLabels) { return kNoNode; }
    starts[labels++] = static_cast<std::uint8_t>(at);
  }
  if (labels < storage_->apex_labels) { return kNoNode; }
  NameTable::Hash hash = dns::kRootHash;
  while (labels-- > 0) { hash = dns::child_hash(hash, lower_wire.data() + starts[labels]); }
  return storage_->names.find(lower_wire, hash);
}

Octets Zone::owner(NodeIndex node) const noexcept { return storage_->names.name(node); }

std::optional<dns::RrsetView> Zone::rrset(NodeIndex node, dns::RrType type) const noexcept {
  std::size_t at = storage_->first_rrset(node);
  for (std::size_t left = storage_->nodes[node].rrset_count; left > 0; --left) {
    const auto header = storage_->load<RrsetHeader>(at);
    if (header.type == static_cast<std::uint16_t>(type)) { return storage_->view(header, at); }
    at += sizeof header + header.size;
  }
  return std::nullopt;
}

std::size_t Zone::rrset_count(NodeIndex node) const noexcept {
  return storage_->nodes[node].rrset_count;
}

dns::RrsetView Zone::rrset_at(NodeIndex node, std::size_t position) const noexcept {
  DCHECK(position < rrset_count(node));
  std::size_t at = storage_->first_rrset(node);
  for (; position > 0; --position) {
    at += sizeof(RrsetHeader) + storage_->load<RrsetHeader>(at).size;
  }
  return storage_->view(storage_->load<RrsetHeader>(at), at);
}

RouteIndex Zone::route(NodeIndex node) const noexcept {
  if (!storage_->has(node, kHasRoute)) { return kNoRoute; }
  return storage_->load<RouteIndex>(storage_->nodes[node].block);
}

bool Zone::has_cut(NodeIndex node) const noexcept { return storage_->has(node, kIsCut); }
bool Zone::has_dname(NodeIndex node) const noexcept { return storage_->has(node, kIsDname); }
bool Zone::has_cname(NodeIndex node) const noexcept { return storage_->has(node, kIsCname); }

NodeIndex Zone::wildcard_child(NodeIndex node) const noexcept {
  if (!storage_->has(node, kHasWildcard)) { return kNoNode; }
  return storage_->load<NodeIndex>(storage_->after_route(node));
}

std::optional<dns::RrsetView> Zone::signatures(NodeIndex node, dns::RrType covered) const noexcept {
  std::size_t at = storage_->first_rrset(node);
  for (std::size_t left = storage_->nodes[node].rrset_count; left > 0; --left) {
    const auto header = storage_->load<RrsetHeader>(at);
    if (header.type == static_cast<std::uint16_t>(dns::RrType::kRrsig) && header.size >= 4 &&
        load_u16(storage_->blocks.data() + at + Storage::kCoveredAt) ==
            static_cast<std::uint16_t>(covered)) {
      return storage_->view(header, at);
    }
    at += sizeof header + header.size;
  }
  return std::nullopt;
}

DenialKind Zone::denial() const noexcept {
  return storage_->denial ? storage_->denial->kind : DenialKind::kNone;
}

bool Zone::is_nsec3_owner(NodeIndex node) const noexcept {
  return storage_->has(node, kIsNsec3Owner);
}

NodeIndex Zone::nsec_of(Octets lower_wire) const noexcept {
  return storage_->denial->find(*this, lower_wire);
}

NodeIndex Zone::nsec_of_wildcard(NodeIndex node) const noexcept {
  return nsec_of(WildcardName(owner(node)).wire());
}

Nsec3Hash Zone::hash_of(Octets lower_wire) const noexcept {
  return storage_->denial->hash_of(lower_wire);
}

Nsec3Place Zone::nsec3_of(const Nsec3Hash& hash) const noexcept {
  return storage_->denial->find(hash);
}

Nsec3Place Zone::nsec3_of(NodeIndex node) const noexcept {
  return storage_->denial->of_node[node].own;
}

Nsec3Place Zone::nsec3_of_wildcard(NodeIndex node) const noexcept {
  const Nsec3Place known = storage_->denial->of_node[node].wildcard;
  return known.node != kNoNode ? known : nsec3_of(hash_of(WildcardName(owner(node)).wire()));
}

Found find(const Zone& zone, const dns::QuestionName& qname, dns::RrType qtype) noexcept {
  const Zone::Storage& storage = *zone.storage_;
  DCHECK(qname.label_count() >= storage.apex_labels);
  NodeIndex node = Zone::kApexNode;
  // `below`: labels of QNAME left of `node`.
  for (std::size_t below = qname.label_count() - storage.apex_labels;; --below) {
    const bool at_qname = below == 0;
    // The cut comes before a DNAME: what stands there belongs to the child zone.
    if (storage.has(node, kIsCut) && !(at_qname && qtype == dns::RrType::kDs)) {
      return {Found::Kind::kDelegation, node, kNoNode, below};
    }
    if (at_qname) { return {Found::Kind::kExact, node, kNoNode, 0}; }
    if (storage.has(node, kIsDname)) { return {Found::Kind::kDname, node, kNoNode, below}; }
    const NodeIndex child =
        storage.names.find(qname.suffix(below - 1), qname.suffix_hash(below - 1));
    if (child == kNoNode || storage.has(child, kIsNsec3Owner)) {
      // `node` is the closest encloser: every ancestor of a name in the zone is a node.
      const NodeIndex source = zone.wildcard_child(node);
      if (source == kNoNode) { return {Found::Kind::kNxDomain, kNoNode, node, below}; }
      return {Found::Kind::kWildcard, source, node, below};
    }
    node = child;
  }
}

}  // namespace gslb::zone
