// The proofs of an answer: which NSEC or NSEC3 records say that a name or type does not exist.
//
// Source: RFC 4035 3.1.3 and 3.1.4.1, RFC 5155 7.2 (with errata 3441: an empty non-terminal above
// insecure cuts may have no NSEC3), RFC 4592 4, RFC 9824 3.
#include <algorithm>
#include <utility>

#include "gslb/answer/resolution.h"
#include "gslb/base/check.h"

namespace gslb::answer {

using dns::RrType;
using zone::DenialKind;
using zone::Found;
using zone::NodeIndex;
using zone::Zone;

void Resolution::prove(const Zone& zone, NodeIndex node) noexcept {
  const auto end = proofs_.begin() + static_cast<std::ptrdiff_t>(proof_count_);
  const auto is_same = [&](const Proof& proof) {
    return proof.zone == &zone && proof.node == node;
  };
  if (std::any_of(proofs_.begin(), end, is_same)) { return; }
  DCHECK(proof_count_ < proofs_.size());
  if (proof_count_ < proofs_.size()) { proofs_[proof_count_++] = {&zone, node}; }
}

bool Resolution::prove_compactly(const Zone& zone, Octets name) noexcept {
  const RrType qtype = scratch_.query.qtype;
  // Its bitmap has these two, so it can't deny them.
  if (zone.compact_id() == 0 || snapshot_.compact == nullptr || qtype == RrType::kNsec ||
      qtype == RrType::kRrsig) {
    return false;
  }
  CompactDenial& denial = scratch_.denial;
  if (snapshot_.compact->find(zone.compact_id(), name, denial)) {
    compact_zone_ = &zone;
    compact_due_ = true;
    proof_count_ = 0;
    return true;
  }
  scratch_.wants_denial = true;
  denial.zone_id = zone.compact_id();
  denial.name_octets = static_cast<std::uint16_t>(name.size());
  std::ranges::copy(name, denial.octets.begin());
  return false;
}

void Resolution::put_waiting_proofs() noexcept {
  if (std::exchange(compact_due_, false)) {
    const std::uint32_t ttl_s = compact_zone_->negative_ttl_s();
    const dns::RrsetView signatures = scratch_.denial.rrsig(ttl_s);
    writer_.put_signed_rrset(dns::Section::kAuthority, scratch_.denial.name(),
                             scratch_.denial.nsec(ttl_s), &signatures);
  }
  for (std::size_t i = 0; i < proof_count_; ++i) {
    const auto& [zone, node] = proofs_[i];
    const auto set =
        zone->rrset(node, zone->denial() == DenialKind::kNsec ? RrType::kNsec : RrType::kNsec3);
    if (set) { put_set(dns::Section::kAuthority, zone->owner(node), *zone, node, *set); }
  }
  proof_count_ = 0;
}

// NSEC3: the closest encloser of `node` that can be proven, itself for a start, and that the name
// below it towards the present name does not exist (RFC 5155 7.2.1).  `below`: labels of the
// present name left of the node's owner.  Returns the encloser.
NodeIndex Resolution::prove_encloser(const Zone& zone, NodeIndex node, std::size_t below) noexcept {
  while (!zone.nsec3_of(node).matches && node != Zone::kApexNode) {
    node = zone.find_node(name_->suffix(++below));
  }
  prove(zone, zone.nsec3_of(node).node);
  if (below > 0) { prove(zone, zone.nsec3_of(zone.hash_of(name_->suffix(below - 1))).node); }
  return node;
}

// A wildcard stands for a name: nothing closer does (RFC 4035 3.1.3.3, RFC 5155 7.2.6).
void Resolution::prove_expansion(const Zone& zone, const Found& found) noexcept {
  if (!proves(zone)) { return; }
  if (zone.denial() == DenialKind::kNsec) { return prove(zone, zone.nsec_of(name_->wire())); }
  const Octets next_closer = name_->suffix(found.labels_below - 1);
  prove(zone, zone.nsec3_of(zone.hash_of(next_closer)).node);
}

void Resolution::deny_name(const Zone& zone, const Found& found) noexcept {
  if (!proves(zone) || (proof_count_ == 0 && prove_compactly(zone, name_->wire()))) { return; }
  const NodeIndex encloser = found.closest_encloser;
  if (zone.denial() == DenialKind::kNsec) {
    prove(zone, zone.nsec_of(name_->wire()));
    return prove(zone, zone.nsec_of_wildcard(encloser));
  }
  // Validators look for the wildcard of the encloser they were shown (RFC 5155 8.4).
  const NodeIndex shown = prove_encloser(zone, encloser, found.labels_below);
  prove(zone, zone.nsec3_of_wildcard(shown).node);
}

// `found` is exact or a wildcard whose expansion has been proven.
void Resolution::deny_type(const Zone& zone, const Found& found) noexcept {
  if (!proves(zone)) { return; }
  // It says that the name exists: that nothing closer than a wildcard does must not stand beside.
  const std::size_t before = found.kind == Found::Kind::kWildcard ? unexpanded_ : proof_count_;
  if (before == 0 && prove_compactly(zone, name_->wire())) { return; }
  if (zone.denial() == DenialKind::kNsec) {
    // An empty non-terminal has no NSEC: that before it shows that something lies below.
    const bool has_own = zone.rrset(found.node, RrType::kNsec).has_value();
    return prove(zone, has_own ? found.node : zone.nsec_of(zone.owner(found.node)));
  }
  if (found.kind == Found::Kind::kExact) {
    // Without a match it is an unsigned cut's DS or name above (RFC 5155 7.2.4).
    prove_encloser(zone, found.node, 0);
    return;
  }
  prove_encloser(zone, found.closest_encloser, found.labels_below);
  prove(zone, zone.nsec3_of(found.node).node);
}

// A referral without DS: the child is not signed (RFC 4035 3.1.4, RFC 5155 7.2.7).
void Resolution::deny_ds(const Zone& zone, const Found& cut) noexcept {
  if (!proves(zone)) { return; }
  if (proof_count_ == 0 && prove_compactly(zone, zone.owner(cut.node))) { return; }
  if (zone.denial() == DenialKind::kNsec) { return prove(zone, cut.node); }
  if (zone.nsec3_of(cut.node).matches) { return prove(zone, zone.nsec3_of(cut.node).node); }
  prove_encloser(zone, cut.node, cut.labels_below);
}

}  // namespace gslb::answer
