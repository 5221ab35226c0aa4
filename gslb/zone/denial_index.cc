#include "gslb/zone/denial_index.h"

#include <algorithm>
#include <array>

#include "gslb/base/check.h"

namespace gslb::zone {
namespace {

using dns::RdataCursor;
using dns::RrType;

// What NSEC3 and NSEC3PARAM begin with (RFC 5155 3.2 and 4.2).
struct Parameters {
  std::uint8_t algorithm = 0;
  std::uint8_t flags = 0;
  std::uint16_t iterations = 0;
  Octets salt;
};

std::optional<Parameters> parse(Octets rdata) noexcept {
  if (rdata.size() < 5 || rdata.size() < 5U + rdata[4]) { return std::nullopt; }
  return Parameters{rdata[0], rdata[1], load_u16(rdata.data() + 2), rdata.subspan(5, rdata[4])};
}

// The chain to answer from: NSEC3PARAM with other flags than 0 is not for servers (RFC 5155 4.1.2).
std::optional<Parameters> chosen(const Zone& zone) {
  const auto set = zone.rrset(Zone::kApexNode, RrType::kNsec3param);
  if (!set) { return std::nullopt; }
  for (RdataCursor record(*set); !record.done(); record.next()) {
    const auto found = parse(record.rdata());
    if (found && found->algorithm == kNsec3Sha1 && found->flags == 0 &&
        found->iterations <= kMaxNsec3Iterations) {
      return found;
    }
  }
  return std::nullopt;
}

bool is_of_chain(const dns::RrsetView& set, const Parameters& wanted) {
  for (RdataCursor record(set); !record.done(); record.next()) {
    const auto found = parse(record.rdata());
    if (found && found->algorithm == kNsec3Sha1 && found->iterations == wanted.iterations &&
        std::ranges::equal(found->salt, wanted.salt)) {
      return true;
    }
  }
  return false;
}

// Owners of NSEC3 are one label below the apex (RFC 5155 3).
std::optional<Nsec3Hash> hash_in_owner(const Zone& zone, NodeIndex node) {
  const Octets owner = zone.owner(node);
  if (owner.size() != 1U + owner[0] + zone.apex().wire().size()) { return std::nullopt; }
  return parse_base32hex(owner.subspan(1, owner[0]));
}

// The labels below the apex from right to left, a zero octet after each; within labels 0 is written
// 1 0 and 1 is 1 1, so that a label sorts before those it is the beginning of.
std::uint64_t canonical_key(Octets lower_wire, std::size_t apex_labels) noexcept {
  std::array<std::uint8_t, 2 + dns::kMaxLabels> starts;  // "*." may stand before a whole name
  std::size_t labels = 0;
  for (std::size_t at = 0; lower_wire[at] != 0; at += std::size_t{1} + lower_wire[at]) {
    starts[labels++] = static_cast<std::uint8_t>(at);
  }
  std::uint64_t key = 0;
  int shift = 64;
  const auto append = [&](std::uint8_t octet) {
    if (shift > 0) { key |= std::uint64_t{octet} << (shift -= 8); }
  };
  for (std::size_t label = labels - apex_labels; label-- > 0 && shift > 0;) {
    const std::size_t at = starts[label];
    for (const std::uint8_t octet : lower_wire.subspan(at + 1, lower_wire[at])) {
      if (octet <= 1) { append(1); }
      append(octet);
    }
    append(0);
  }
  return key;
}

}  // namespace

WildcardName::WildcardName(Octets lower_owner) noexcept : size_(2 + lower_owner.size()) {
  octets_[0] = 1;
  octets_[1] = '*';
  std::ranges::copy(lower_owner, octets_.begin() + 2);
}

std::unique_ptr<const DenialIndex> DenialIndex::build(const Zone& zone,
                                                      const std::vector<bool>& has_children) {
  auto index = std::make_unique<DenialIndex>();
  index->build_nsec3(zone, has_children);
  if (index->kind == DenialKind::kNone) { index->build_nsec(zone); }
  return index->kind == DenialKind::kNone ? nullptr : std::move(index);
}

void DenialIndex::build_nsec3(const Zone& zone, const std::vector<bool>& has_children) {
  const auto parameters = chosen(zone);
  if (!parameters) { return; }
  for (NodeIndex node = 1; node < zone.node_count(); ++node) {
    const auto set = zone.rrset(node, RrType::kNsec3);
    if (!set || !is_of_chain(*set, *parameters)) { continue; }
    if (const auto hash = hash_in_owner(zone, node)) { nsec3.push_back({*hash, node}); }
  }
  if (nsec3.empty()) { return; }
  kind = DenialKind::kNsec3;
  iterations = parameters->iterations;
  salt.assign(parameters->salt.begin(), parameters->salt.end());
  std::ranges::sort(nsec3, {}, &Hashed::hash);
  of_node.resize(zone.node_count());
  for (NodeIndex node = 0; node < zone.node_count(); ++node) {
    if (zone.is_nsec3_owner(node)) { continue; }
    of_node[node].own = find(hash_of(zone.owner(node)));
    if (has_children[node]) {
      of_node[node].wildcard = find(hash_of(WildcardName(zone.owner(node)).wire()));
    }
  }
}

void DenialIndex::build_nsec(const Zone& zone) {
  if (!zone.rrset(Zone::kApexNode, RrType::kNsec)) { return; }
  kind = DenialKind::kNsec;
  apex_labels = zone.apex().label_count();
  for (NodeIndex node = 0; node < zone.node_count(); ++node) {
    if (!zone.rrset(node, RrType::kNsec)) { continue; }
    nsec.push_back({canonical_key(zone.owner(node), apex_labels), node});
  }
  const auto is_before = [&](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key
                          : dns::canonical_less(zone.owner(a.node), zone.owner(b.node));
  };
  // What a signer wrote stands in that order as a rule.
  if (!std::ranges::is_sorted(nsec, is_before)) { std::ranges::sort(nsec, is_before); }
}

NodeIndex DenialIndex::find(const Zone& zone, Octets lower_wire) const noexcept {
  const auto key = canonical_key(lower_wire, apex_labels);
  const auto after =
      std::upper_bound(nsec.begin(), nsec.end(), lower_wire, [&](Octets name, const Keyed& entry) {
        return key != entry.key ? key < entry.key
                                : dns::canonical_less(name, zone.owner(entry.node));
      });
  DCHECK(after != nsec.begin());
  return (after - 1)->node;
}

Nsec3Place DenialIndex::find(const Nsec3Hash& hash) const noexcept {
  const auto after = std::ranges::upper_bound(nsec3, hash, {}, &Hashed::hash);
  // Before the first: the last one's interval goes round.
  const Hashed& found = after == nsec3.begin() ? nsec3.back() : *(after - 1);
  return {found.node, found.hash == hash};
}

std::size_t DenialIndex::memory_octets() const noexcept {
  return salt.capacity() + nsec.capacity() * sizeof(Keyed) + nsec3.capacity() * sizeof(Hashed) +
         of_node.capacity() * sizeof(OfNode);
}

}  // namespace gslb::zone
