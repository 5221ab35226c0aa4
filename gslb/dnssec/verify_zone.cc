#include "gslb/dnssec/verify_zone.h"

#include <algorithm>
#include <array>

#include "gslb/dns/serial.h"
#include "gslb/dnssec/chain.h"
#include "gslb/dnssec/owners.h"
#include "gslb/dnssec/sign_rrset.h"

namespace gslb::dnssec {
namespace {

using dns::RrType;

constexpr std::size_t kMaxReported = 20;

bool equal_in_any_case(Octets a, Octets b) {
  return std::ranges::equal(a, b, {}, dns::ascii_lower, dns::ascii_lower);
}

class Verifier {
 public:
  Verifier(const zone::Zone& zone, WallTime now, VerifyDepth depth, const std::string& file,
           Problems& problems)
      : zone_(zone),
        now_(static_cast<std::uint32_t>(
            std::chrono::floor<seconds>(now.time_since_epoch()).count())),
        depth_(depth),
        file_(file),
        problems_(problems) {}

  void run() {
    if (!take_keys()) { return; }
    const std::vector<Owner> owners = owners_of(zone_);
    for (const Owner& owner : owners) { look_at(owner); }
    if (zone_.denial() == zone::DenialKind::kNone) {
      report("no chain of NSEC or NSEC3 that can be used");
    } else if (depth_ == VerifyDepth::kFull) {
      look_at_chain(owners);
    }
    if (zone_.denial() == zone::DenialKind::kNsec3) {
      for (zone::NodeIndex node = 0; node < zone_.node_count(); ++node) {
        if (zone_.is_nsec3_owner(node)) { look_at(node, RrType::kNsec3); }
      }
    }
    if (found_ > kMaxReported) {
      put("DNSSEC: " + std::to_string(found_ - kMaxReported) + " more such problems");
    }
  }

 private:
  void put(std::string what) {
    if (depth_ == VerifyDepth::kFull) {
      problems_.error({file_, 0, 0}, std::move(what));
    } else {
      problems_.warning({file_, 0, 0}, std::move(what), "sign the zone anew");
    }
  }
  void report(const std::string& what) {
    if (++found_ <= kMaxReported) { put("DNSSEC: " + what); }
  }
  void report(zone::NodeIndex node, RrType type, std::string_view what) {
    report(name_of(zone_.owner(node)) + " " + dns::to_string(type) + ": " + std::string(what));
  }
  static std::string name_of(Octets wire) { return dns::Name::from_wire(wire).value().to_string(); }

  // False when the zone is not meant to be signed, or nothing more can be said.
  bool take_keys() {
    const auto keys = zone_.rrset(zone::Zone::kApexNode, RrType::kDnskey);
    if (!keys) {
      if (zone_.signatures(zone::Zone::kApexNode, RrType::kSoa)) {
        report("signatures, but no DNSKEY at " + zone_.apex().to_string());
      }
      return false;
    }
    for (dns::RdataCursor cursor(*keys); !cursor.done(); cursor.next()) {
      if (auto key = PublicKey::from_rdata(cursor.rdata())) { keys_.push_back(std::move(*key)); }
    }
    if (keys_.empty()) { report("no DNSKEY of an algorithm that is supported"); }
    return !keys_.empty();
  }

  void look_at(const Owner& owner) {
    if (owner.kind == Owner::Kind::kCut) {
      if (owner.has_ds) { look_at(owner.node, RrType::kDs); }
      if (zone_.rrset(owner.node, RrType::kNsec)) { look_at(owner.node, RrType::kNsec); }
    }
    if (owner.kind != Owner::Kind::kData) { return; }
    for (std::size_t i = 0; i < zone_.rrset_count(owner.node); ++i) {
      const RrType type = zone_.rrset_at(owner.node, i).type;
      if (type != RrType::kRrsig) { look_at(owner.node, type); }
    }
  }

  void look_at(zone::NodeIndex node, RrType type) {
    const auto set = zone_.rrset(node, type);
    const auto signatures = zone_.signatures(node, type);
    if (!set) { return; }
    if (!signatures) { return report(node, type, "not signed"); }
    std::string_view why = "no signature by a DNSKEY of the zone";
    for (dns::RdataCursor cursor(*signatures); !cursor.done(); cursor.next()) {
      const std::string_view fault = fault_of(node, *set, cursor.rdata());
      if (fault.empty()) { return; }
      if (fault != kUnknownKey) { why = fault; }
    }
    report(node, type, why);
  }

  // Empty when the signature is good.
  std::string_view fault_of(zone::NodeIndex node, const dns::RrsetView& set, Octets rdata) const {
    const Octets owner = zone_.owner(node);
    const auto rrsig = parse_rrsig(rdata);
    if (!rrsig) { return "malformed RRSIG"; }
    const auto key = std::ranges::find_if(keys_, [&](const PublicKey& one) {
      return one.tag() == rrsig->key_tag &&
             static_cast<std::uint8_t>(one.algorithm()) == rrsig->algorithm;
    });
    if (key == keys_.end() || !equal_in_any_case(rrsig->signer, zone_.owner(0))) {
      return kUnknownKey;
    }
    if (rrsig->labels != signed_labels(owner)) { return "signature counts other labels"; }
    if (rrsig->original_ttl_s < set.ttl_s) { return "TTL above that of the signature"; }
    if (dns::is_newer_serial(rrsig->validity.inception, now_)) {
      return "signature is not yet valid";
    }
    if (!dns::is_newer_serial(rrsig->validity.expiration, now_)) { return "signature has expired"; }
    if (depth_ == VerifyDepth::kQuick) { return {}; }
    // Two keys may share a tag.
    const bool is_right = std::ranges::any_of(
        keys_, [&](const PublicKey& one) { return verify_rrset(one, owner, set, rdata); });
    return is_right ? std::string_view() : "signature is wrong";
  }

  // The chain as we would make it.  Spans may opt out that need not, so that octet isn't compared,
  // and what may be left out for it need not be.
  void look_at_chain(std::vector<Owner> owners) {
    SigningPlan plan;
    std::vector<RrType> apex_types;
    for (std::size_t i = 0; i < zone_.rrset_count(zone::Zone::kApexNode); ++i) {
      const RrType type = zone_.rrset_at(zone::Zone::kApexNode, i).type;
      const bool is_chain =
          type == RrType::kNsec || type == RrType::kNsec3 || type == RrType::kRrsig;
      if (is_made_by_signing(zone::Zone::kApexNode, type) && !is_chain) {
        apex_types.push_back(type);
      }
    }
    std::size_t there = 0;
    const bool is_nsec3 = zone_.denial() == zone::DenialKind::kNsec3;
    const RrType type = is_nsec3 ? RrType::kNsec3 : RrType::kNsec;
    for (zone::NodeIndex node = 0; node < zone_.node_count(); ++node) {
      const auto set = zone_.rrset(node, type);
      if (!set) { continue; }
      ++there;
      const Octets rdata = dns::RdataCursor(*set).rdata();
      if (is_nsec3 && rdata.size() > 5) { take_parameters(rdata, plan); }
    }
    if (plan.denial == Denial::kNsec3OptOut) {
      for (Owner& owner : owners) {
        if (zone_.nsec3_of(zone_.hash_of(owner.name)).matches) { owner.is_secure = true; }
      }
    }
    const auto chain = make_chain(zone_, owners, plan, apex_types);
    if (!chain) { return report("two names with one NSEC3 hash"); }
    for (const Chain::Record& record : chain->records) { look_at_link(record, is_nsec3); }
    if (there != chain->records.size()) {
      report("the chain has " + std::to_string(there) + " records instead of " +
             std::to_string(chain->records.size()));
    }
  }

  static void take_parameters(Octets nsec3, SigningPlan& plan) {
    const bool opts_out = (nsec3[1] & 1U) != 0;
    if (plan.denial != Denial::kNsec3OptOut) {
      plan.denial = opts_out ? Denial::kNsec3OptOut : Denial::kNsec3;
    }
    plan.nsec3_iterations = load_u16(nsec3.data() + 2);
    const Octets salt = nsec3.subspan(5, std::min<std::size_t>(nsec3[4], nsec3.size() - 5));
    plan.nsec3_salt.assign(salt.begin(), salt.end());
  }

  void look_at_link(const Chain::Record& wanted, bool is_nsec3) {
    const zone::NodeIndex node = zone_.find_node(wanted.owner);
    const auto set = node == zone::kNoNode ? std::nullopt : zone_.rrset(node, wanted.set.type);
    if (!set) {
      return report(name_of(wanted.owner) + " " + dns::to_string(wanted.set.type) + ": missing");
    }
    const auto comparable = [&](const dns::RrsetView& of) {
      const Octets rdata = dns::RdataCursor(of).rdata();
      Buffer octets(rdata.begin(), rdata.end());
      if (is_nsec3 && octets.size() > 1) { octets[1] = 0; }
      const std::size_t names = is_nsec3 ? 0 : dns::wire_name_size(rdata);
      std::transform(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(names),
                     octets.begin(), dns::ascii_lower);
      // What a route answers with is not known here.
      if (zone_.route(node) != zone::kNoRoute) { octets.resize(std::min(octets.size(), names)); }
      return octets;
    };
    if (comparable(*set) != comparable(wanted.set)) {
      report(node, wanted.set.type, "another next name or other types than the zone has");
    }
  }

  static constexpr std::string_view kUnknownKey = "unknown key";

  const zone::Zone& zone_;
  const std::uint32_t now_;
  const VerifyDepth depth_;
  const std::string& file_;
  Problems& problems_;
  std::vector<PublicKey> keys_;
  std::size_t found_ = 0;
};

}  // namespace

void verify_zone(const zone::Zone& zone, WallTime now, VerifyDepth depth, const std::string& file,
                 Problems& problems) {
  Verifier(zone, now, depth, file, problems).run();
}

}  // namespace gslb::dnssec
