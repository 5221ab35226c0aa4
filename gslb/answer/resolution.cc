#include "gslb/answer/resolution.h"

#include <algorithm>

#include "gslb/base/hash.h"

namespace gslb::answer {

using dns::Rcode;
using dns::RrsetView;
using dns::RrType;
using dns::Section;
using zone::Found;
using zone::NodeIndex;
using zone::Zone;

namespace {

constexpr std::array<RrType, 2> kAddressTypes = {RrType::kA, RrType::kAaaa};

// A CNAME itself answers these, and what may stand beside it (RFC 1034 4.3.2, RFC 4034 2.5 and 3).
bool stops_at_cname(RrType qtype) noexcept {
  return qtype == RrType::kCname || qtype == RrType::kAny || qtype == RrType::kNsec ||
         qtype == RrType::kRrsig;
}

// Octets before the target name in RDATA whose target deserves additional addresses; -1 for other
// types (RFC 1035 3.3.9 and 3.3.11, RFC 2782).
int target_offset(RrType type) noexcept {
  if (type == RrType::kNs) { return 0; }
  if (type == RrType::kMx) { return 2; }
  if (type == RrType::kSrv) { return 6; }
  return -1;
}

}  // namespace

std::optional<RrsetView> Resolution::signatures_of(const Zone& zone, NodeIndex node,
                                                   const RrsetView& set) const noexcept {
  if (!dnssec_ok_) { return std::nullopt; }
  auto signatures = zone.signatures(node, set.type);
  // That of the set they cover, RFC 4034 3; the SOA's is lower in a negative answer.
  if (signatures) { signatures->ttl_s = set.ttl_s; }
  return signatures;
}

bool Resolution::put_set(Section section, Octets owner, const Zone& zone, NodeIndex node,
                         const RrsetView& set) noexcept {
  if (!dnssec_ok_) { return writer_.put_rrset(section, owner, set); }
  const auto signatures = signatures_of(zone, node, set);
  return writer_.put_signed_rrset(section, owner, set, signatures ? &*signatures : nullptr);
}

Rcode Resolution::run(const Zone& start) noexcept {
  name_ = &scratch_.query.qname;
  const Zone* current = &start;
  Rcode rcode = Rcode::kNoError;
  while (step(*current, &rcode) == Next::kFollow) {
    // A loop is answered once around: the same RRset twice helps nobody.
    if (hops_ == 0) { enter(scratch_.query.qname); }
    if (!enter(scratch_.name)) { break; }
    name_ = &scratch_.name;
    current = snapshot_.zones->find(scratch_.name, scratch_.query.qtype);
    // Out of what we can answer: the resolver goes on.
    if (current == nullptr || current->state() != zone::ZoneState::kServed) { break; }
  }
  if (rcode != Rcode::kServFail) { put_proofs(); }
  return rcode;
}

bool Resolution::enter(const dns::QuestionName& name) noexcept {
  const std::uint64_t hash = hash_octets(name.wire());
  const auto end = visited_.begin() + static_cast<std::ptrdiff_t>(hops_);
  if (hops_ == visited_.size() || std::find(visited_.begin(), end, hash) != end) { return false; }
  visited_[hops_++] = hash;
  return true;
}

Resolution::Next Resolution::step(const Zone& zone, Rcode* rcode) noexcept {
  const Found found = zone::find(zone, *name_, scratch_.query.qtype);
  if (hops_ == 0) { first_node_ = found.node; }
  switch (found.kind) {
    case Found::Kind::kExact:
      return answer_node(zone, found, rcode);
    case Found::Kind::kWildcard:
      unexpanded_ = proof_count_;
      prove_expansion(zone, found);
      return answer_node(zone, found, rcode);
    case Found::Kind::kDelegation:
      put_referral(zone, found);
      return Next::kDone;
    case Found::Kind::kDname:
      return follow_dname(zone, found, rcode);
    case Found::Kind::kNxDomain:
      break;
  }
  deny_name(zone, found);
  put_negative(zone);
  // Of the last name of a chain, RFC 6604 2.1; RFC 9824 3.1 and 5.1.
  const bool is_hidden = denies_compactly() && !scratch_.query.edns.compact_ok;
  *rcode = is_hidden ? Rcode::kNoError : Rcode::kNxDomain;
  return Next::kDone;
}

Resolution::Next Resolution::answer_node(const Zone& zone, const Found& found,
                                         Rcode* rcode) noexcept {
  const NodeIndex node = found.node;
  const RrType qtype = scratch_.query.qtype;
  const zone::RouteIndex route = zone.route(node);
  if (zone.has_cname(node) && route == zone::kNoRoute && !stops_at_cname(qtype)) {
    const auto cname = zone.rrset(node, RrType::kCname);
    if (cname) {
      const auto signatures = signatures_of(zone, node, *cname);
      return follow_cname(*cname, signatures ? &*signatures : nullptr);
    }
  }
  if (route != zone::kNoRoute && is_routed_type(zone, node, qtype)) {
    if (!put_routed(zone, route, qtype, rcode)) {
      put_nodata(zone, found);
    } else if (ede_ == dns::EdeCode::kNotReady) {
      put_unsteered(zone, node, qtype, rcode);
    }
    return Next::kDone;
  }
  if (qtype == RrType::kAny) {
    if (!put_any(zone, node) &&
        (route == zone::kNoRoute || !put_routed(zone, route, RrType::kA, rcode))) {
      put_nodata(zone, found);
    }
    return Next::kDone;
  }
  if (qtype == RrType::kRrsig) {
    if (!put_all_signatures(zone, node)) { put_nodata(zone, found); }
  } else if (const auto set = zone.rrset(node, qtype)) {
    if (set->rdata.data() == last_dname_) { return Next::kDone; }  // it led here: already there
    answered_ |= put_set(Section::kAnswer, owner(), zone, node, *set);
    put_proofs();
    if (!dns::is_address(qtype)) { put_additional(zone, *set); }
  } else {
    put_nodata(zone, found);
  }
  return Next::kDone;
}

// RRSIG records are a set for each type they cover.  False: the node has none.
bool Resolution::put_all_signatures(const Zone& zone, NodeIndex node) noexcept {
  bool has_any = false;
  for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
    const RrsetView set = zone.rrset_at(node, i);
    if (set.type != RrType::kRrsig || is_unsteered(zone, node, set)) { continue; }
    answered_ |= writer_.put_rrset(Section::kAnswer, owner(), set);
    has_any = true;
  }
  return has_any;
}

// RFC 8482 4.1: over UDP one RRset stands for all; over TCP the asker gets what there is.  False:
// nothing to speak of.
bool Resolution::put_any(const Zone& zone, NodeIndex node) noexcept {
  std::size_t first = 0;
  while (first < zone.rrset_count(node) && is_unsteered(zone, node, zone.rrset_at(node, first))) {
    ++first;
  }
  if (first == zone.rrset_count(node)) { return false; }
  // In a signed zone a routed owner has an NSEC of its own; the addresses say more.
  if (zone.route(node) != zone::kNoRoute && zone.rrset_at(node, first).type == RrType::kNsec) {
    return false;
  }
  if (request_.transport == Transport::kUdp) {
    answered_ |= put_set(Section::kAnswer, owner(), zone, node, zone.rrset_at(node, first));
    return true;
  }
  for (std::size_t i = first; i < zone.rrset_count(node); ++i) {  // signatures among them
    const RrsetView set = zone.rrset_at(node, i);
    if (is_unsteered(zone, node, set)) { continue; }
    answered_ |= writer_.put_rrset(Section::kAnswer, owner(), set);
  }
  return true;
}

Resolution::Next Resolution::follow_cname(const RrsetView& cname,
                                          const RrsetView* signatures) noexcept {
  if (!writer_.put_signed_rrset(Section::kAnswer, owner(), cname, signatures)) {
    return Next::kDone;
  }
  answered_ = true;
  scratch_.name.assign(dns::RdataCursor(cname).rdata());
  return Next::kFollow;
}

Resolution::Next Resolution::follow_dname(const Zone& zone, const Found& found,
                                          Rcode* rcode) noexcept {
  const auto dname = zone.rrset(found.node, RrType::kDname);
  if (!dname) { return Next::kDone; }
  // A chain below one DNAME needs it once.
  if (dname->rdata.data() != last_dname_ &&
      !put_set(Section::kAnswer, zone.owner(found.node), zone, found.node, *dname)) {
    return Next::kDone;
  }
  last_dname_ = dname->rdata.data();
  answered_ = true;
  const Octets target = dns::RdataCursor(*dname).rdata();
  const Octets prefix = name_->wire().first(name_->label_offset(found.labels_below));
  if (prefix.size() + target.size() > dns::kMaxNameOctets) {
    *rcode = Rcode::kYxDomain;  // RFC 6672 2.2
    return Next::kDone;
  }
  std::array<std::uint8_t, 2 + dns::kMaxNameOctets> rdata{};
  const std::size_t size = prefix.size() + target.size();
  store_u16(rdata.data(), static_cast<std::uint16_t>(size));
  std::copy(target.begin(), target.end(),
            std::copy(prefix.begin(), prefix.end(), rdata.begin() + 2));
  const RrsetView cname{
      .type = RrType::kCname, .ttl_s = dname->ttl_s, .count = 1, .rdata = {rdata.data(), 2 + size}};
  // The DNAME's signature vouches for the CNAME (RFC 6672 5.3.1).
  const Next next = follow_cname(cname, nullptr);
  return scratch_.query.qtype == RrType::kCname ? Next::kDone : next;
}

void Resolution::put_referral(const Zone& zone, const Found& found) noexcept {
  authoritative_ = answered_;  // AA speaks of the first owner in the answer section, RFC 1035 4.1.1
  const auto ns = zone.rrset(found.node, RrType::kNs);
  if (!ns || !writer_.put_rrset(Section::kAuthority, zone.owner(found.node), *ns)) { return; }
  const Octets cut = zone.owner(found.node);
  // In an unsigned zone a DS is data like any other, not a link of a chain.
  const bool has_chain = dnssec_ok_ && zone.is_signed();
  const auto ds = has_chain ? zone.rrset(found.node, RrType::kDs) : std::nullopt;
  if (ds) {
    put_set(Section::kAuthority, cut, zone, found.node, *ds);
  } else {
    deny_ds(zone, found);
  }
  put_proofs();
  // Glue below this cut is needed to go on at all: its loss must set TC (RFC 9471 3.1), so it comes
  // before the addresses of sibling and other name servers, which may go missing (3.2).
  for (const bool below_cut : {true, false}) {
    for (dns::RdataCursor record(*ns); !record.done(); record.next()) {
      dns::QuestionName target;
      target.assign(record.rdata());
      const Octets wire = target.wire();
      const bool is_below = wire.size() >= cut.size() &&
                            std::equal(cut.begin(), cut.end(), wire.last(cut.size()).begin());
      if (is_below == below_cut) { put_addresses(zone, wire, below_cut); }
    }
  }
}

void Resolution::put_negative(const Zone& zone) noexcept {
  auto soa = zone.rrset(Zone::kApexNode, RrType::kSoa);
  if (!soa) { return; }
  soa->ttl_s = zone.negative_ttl_s();  // RFC 2308 3
  put_set(Section::kAuthority, zone.owner(Zone::kApexNode), zone, Zone::kApexNode, *soa);
}

void Resolution::put_nodata(const Zone& zone, const Found& found) noexcept {
  deny_type(zone, found);
  put_negative(zone);
}

void Resolution::put_additional(const Zone& zone, const RrsetView& set) noexcept {
  if (set.type == RrType::kSvcb || set.type == RrType::kHttps) {
    return put_service_targets(owner(), set, 0);
  }
  const int offset = target_offset(set.type);
  if (offset < 0) { return; }
  for (dns::RdataCursor record(set); !record.done(); record.next()) {
    dns::QuestionName target;
    target.assign(record.rdata().subspan(static_cast<std::size_t>(offset)));
    put_addresses(zone, target.wire(), false);
  }
}

void Resolution::put_addresses(const Zone& zone, Octets lower_target, bool required) noexcept {
  const NodeIndex node = zone.find_node(lower_target);
  if (node == zone::kNoNode) { return; }
  const auto end = added_.begin() + static_cast<std::ptrdiff_t>(added_count_);
  if (std::find(added_.begin(), end, node) != end) { return; }
  if (added_count_ < added_.size()) { added_[added_count_++] = node; }
  for (const RrType type : kAddressTypes) {
    const auto set = zone.rrset(node, type);
    if (!set || is_unsteered(zone, node, *set)) { continue; }
    if (required) {
      writer_.put_required_additional(lower_target, *set);
    } else {
      put_set(Section::kAdditional, lower_target, zone, node, *set);
    }
  }
}

}  // namespace gslb::answer
