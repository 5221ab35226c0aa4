#include "gslb/zone/checks.h"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace gslb::zone {
namespace {

using dns::RrType;

constexpr std::size_t kMaxReports = 100;  // each costs a pass over the log to find its place
// A message of 65535 octets less header, question, and owner, type, class, TTL of the first RR.
constexpr std::size_t kMaxRrsetOctets = 65535 - 12 - 260;

std::string show(Octets wire) {
  const auto name = dns::Name::from_wire(wire);
  return name ? name->to_string() : std::string("?");
}

// RFC 2181 10.1 and RFC 4034 2.5: what may stand beside a CNAME (KEY, SIG, NXT as in BIND).
bool may_join_cname(RrType type) noexcept {
  constexpr auto kNxt = static_cast<RrType>(30);
  return type == RrType::kCname || type == RrType::kRrsig || type == RrType::kNsec ||
         type == RrType::kKey || type == RrType::kSig || type == kNxt;
}

class Checker {
 public:
  Checker(const Zone& zone, const RecordLog& log, Problems& problems)
      : zone_(zone), log_(log), problems_(problems) {}

  void run() {
    check_apex();
    check_denial();
    for (NodeIndex node = 0; node < zone_.node_count() && !may_occlude_; ++node) {
      may_occlude_ = zone_.has_cut(node) || zone_.has_dname(node);
    }
    for (NodeIndex node = 0; node < zone_.node_count(); ++node) { check_node(node); }
    check_ttls();
  }

 private:
  struct Site {  // a record that names a target
    NodeIndex node = kNoNode;
    RrType type = RrType::kNs;
    std::size_t nth = 0;
  };

  void check_apex();
  void check_denial();
  void check_node(NodeIndex node);
  void check_occluded(NodeIndex node, Found::Kind kind);
  void check_singletons(NodeIndex node);
  void check_soa_place(NodeIndex node);
  void check_wildcard(NodeIndex node);
  void check_targets(NodeIndex node, RrType type, std::size_t name_offset);
  void check_target(const Site& site, const dns::Name& target);
  void check_glue(const Site& site, const dns::Name& target, const dns::QuestionName& name);
  void check_ttls();

  bool has_address(NodeIndex node) const {
    return zone_.rrset(node, RrType::kA) || zone_.rrset(node, RrType::kAaaa) ||
           zone_.route(node) != kNoRoute;
  }
  Found find_name(Octets wire, RrType qtype) const {
    dns::QuestionName name;
    name.assign(wire);
    return find(zone_, name, qtype);
  }
  void report(Severity severity, const Site& site, const std::string& what,
              const std::string& hint = {}) {
    if (++reports_ > kMaxReports) { return; }
    const Location at = log_.find(zone_.owner(site.node), site.type, site.nth);
    if (severity == Severity::kError) {
      problems_.error(at, what, hint);
    } else {
      problems_.warning(at, what, hint);
    }
  }
  void error(const Site& site, const std::string& what, const std::string& hint = {}) {
    // Errors decide whether the zone loads, so the first one counts whatever was shown before.
    if (reports_ >= kMaxReports && !problems_.has_errors()) { reports_ = kMaxReports - 1; }
    report(Severity::kError, site, what, hint);
  }
  void warning(const Site& site, const std::string& what, const std::string& hint = {}) {
    report(Severity::kWarning, site, what, hint);
  }

  const Zone& zone_;
  const RecordLog& log_;
  Problems& problems_;
  std::size_t reports_ = 0;
  bool may_occlude_ = false;  // there is a cut or a DNAME; without one no name is looked up
};

void Checker::check_apex() {
  if (!zone_.rrset(Zone::kApexNode, RrType::kNs)) {
    error({Zone::kApexNode, RrType::kSoa}, "the zone has no NS record at its apex",
          "name its servers (RFC 1034 4.2.1)");
  }
  const auto soa = zone_.rrset(Zone::kApexNode, RrType::kSoa);
  if (soa && soa->count > 1) {
    error({Zone::kApexNode, RrType::kSoa, 1}, "the zone has more than one SOA record");
  }
  if (zone_.rrset(Zone::kApexNode, RrType::kDs)) {
    error({Zone::kApexNode, RrType::kDs}, "DS at the apex", "it belongs to the parent zone");
  }
}

void Checker::check_denial() {
  const std::string hint = "sign it with 0, RFC 9276 3.1";
  const Site site{Zone::kApexNode, RrType::kNsec3param};
  const auto parameters = zone_.rrset(site.node, site.type);
  if (parameters) {
    const Octets rdata = dns::RdataCursor(*parameters).rdata();
    const unsigned iterations = rdata.size() < 4 ? 0 : load_u16(rdata.data() + 2);
    const std::string what = "NSEC3 with " + std::to_string(iterations) + " iterations: ";
    if (iterations > kMaxNsec3Iterations) {
      return error(site,
                   what + "more than " + std::to_string(kMaxNsec3Iterations) + " are not served",
                   hint);
    }
    if (iterations > kSaneNsec3Iterations) {
      warning(site, what + "validators may take the zone for insecure", hint);
    }
  }
  if (zone_.denial() == DenialKind::kNone && zone_.signatures(site.node, RrType::kSoa)) {
    warning({site.node, RrType::kSoa},
            "the zone is signed but has no NSEC or NSEC3 chain: its denials can't be validated",
            "sign it again");
  }
}

void Checker::check_node(NodeIndex node) {
  const Octets owner = zone_.owner(node);
  for (std::size_t i = 0; i < zone_.rrset_count(node); ++i) {
    const dns::RrsetView set = zone_.rrset_at(node, i);
    if (set.rdata.size() + std::size_t{set.count} * 10 > kMaxRrsetOctets) {
      error({node, set.type}, dns::to_string(set.type) + " RRset of " + show(owner) +
                                  " does not fit in a DNS message");
    }
  }
  if (zone_.is_nsec3_owner(node)) { return; }
  // QTYPE DS, so that a cut itself counts as the parent's.
  if (may_occlude_) {
    const Found::Kind kind = find_name(owner, RrType::kDs).kind;
    if (kind != Found::Kind::kExact) { return check_occluded(node, kind); }
  }
  check_singletons(node);
  check_wildcard(node);
  check_targets(node, RrType::kNs, 0);
  check_targets(node, RrType::kMx, 2);
  check_targets(node, RrType::kSrv, 6);
}

void Checker::check_occluded(NodeIndex node, Found::Kind kind) {
  for (std::size_t i = 0; i < zone_.rrset_count(node); ++i) {
    const RrType type = zone_.rrset_at(node, i).type;
    const std::string owner = show(zone_.owner(node));
    if (kind == Found::Kind::kDname) {
      return error({node, type}, owner + " lies below a DNAME", "nothing may (RFC 6672 2.4)");
    }
    if (type == RrType::kSoa) { check_soa_place(node); }
    if (!dns::is_address(type)) {
      return warning({node, type}, owner + " lies below a zone cut: its " + dns::to_string(type) +
                                       " is never answered");
    }
  }
}

void Checker::check_singletons(NodeIndex node) {
  const auto owner = [&] { return show(zone_.owner(node)); };  // only for what is reported
  for (std::size_t i = 0; i < zone_.rrset_count(node); ++i) {
    const dns::RrsetView set = zone_.rrset_at(node, i);
    if (zone_.has_cname(node) && !may_join_cname(set.type)) {
      error({node, set.type},
            owner() + " has a CNAME and other data (" + dns::to_string(set.type) + ")",
            "a CNAME stands alone (RFC 2181 10.1)");
    }
    if ((set.type == RrType::kCname || set.type == RrType::kDname) && set.count > 1) {
      error({node, set.type, 1}, owner() + " has more than one " + dns::to_string(set.type));
    }
    if (set.type == RrType::kSoa) { check_soa_place(node); }
    if (set.type == RrType::kDs && node != Zone::kApexNode && !zone_.has_cut(node)) {
      warning({node, set.type}, "DS of " + owner() + " is not at a zone cut");
    }
  }
  if (zone_.has_dname(node) && zone_.has_cut(node)) {
    error({node, RrType::kDname}, owner() + " has a DNAME and NS records",
          "allowed at the apex only (RFC 6672 2.3)");
  }
}

void Checker::check_soa_place(NodeIndex node) {
  if (node == Zone::kApexNode) { return; }
  error({node, RrType::kSoa}, "SOA of " + show(zone_.owner(node)) + " is not at the zone's apex");
}

void Checker::check_wildcard(NodeIndex node) {
  const Octets owner = zone_.owner(node);
  if (owner.size() < 2 || owner[0] != 1 || owner[1] != '*') { return; }
  for (const RrType type : {RrType::kNs, RrType::kDname}) {
    if (zone_.rrset(node, type)) {
      warning({node, type}, "wildcard " + show(owner) + " has " + dns::to_string(type) + " records",
              "what they mean is not defined (RFC 4592 4)");
    }
  }
}

void Checker::check_targets(NodeIndex node, RrType type, std::size_t name_offset) {
  const auto set = zone_.rrset(node, type);
  if (!set) { return; }
  std::size_t nth = 0;
  for (dns::RdataCursor record(*set); !record.done(); record.next(), ++nth) {
    if (record.rdata().size() <= name_offset) { continue; }
    const auto target = dns::Name::from_wire(record.rdata().subspan(name_offset));
    if (!target || target->is_root() || !target->is_at_or_below(zone_.apex())) { continue; }
    check_target({node, type, nth}, *target);
  }
}

void Checker::check_target(const Site& site, const dns::Name& target) {
  dns::QuestionName name;
  name.assign(target.wire());
  const Found found = find(zone_, name, RrType::kA);
  const std::string what = dns::to_string(site.type) + " target " + target.to_string();
  const Severity severity = site.type == RrType::kNs ? Severity::kError : Severity::kWarning;
  if (found.kind == Found::Kind::kDelegation) {
    if (site.type == RrType::kNs) { check_glue(site, target, name); }
    return;
  }
  if (found.kind == Found::Kind::kDname ||
      (found.kind != Found::Kind::kNxDomain && zone_.has_cname(found.node))) {
    const std::string alias =
        found.kind == Found::Kind::kDname ? " lies below a DNAME" : " is an alias";
    return report(severity, site, what + alias, "it must own addresses (RFC 2181 10.3)");
  }
  if (found.kind == Found::Kind::kNxDomain || !has_address(found.node)) {
    report(severity, site, what + " has no address in this zone", "add its A or AAAA record");
  }
}

// A name server inside the zone it serves can't be found without glue in the parent.
void Checker::check_glue(const Site& site, const dns::Name& target, const dns::QuestionName& name) {
  const auto cut = dns::Name::from_wire(zone_.owner(site.node));
  if (!cut || !zone_.has_cut(site.node) || !target.is_at_or_below(*cut)) { return; }
  const NodeIndex node = zone_.find_node(name.wire());
  if (node != kNoNode && has_address(node)) { return; }
  error(site, "NS target " + target.to_string() + " has no glue",
        "it lies in the delegated zone: add its A or AAAA record here");
}

void Checker::check_ttls() {
  std::unordered_set<std::uint64_t> lowest;  // keys of sets already reported
  // Two passes: the first finds the lowest TTL of a set through the zone, which already took it.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> multiple;
  for (NodeIndex node = 0; node < zone_.node_count(); ++node) {
    for (std::size_t i = 0; i < zone_.rrset_count(node); ++i) {
      const dns::RrsetView set = zone_.rrset_at(node, i);
      if (set.count < 2 || set.type == RrType::kRrsig) { continue; }
      multiple.emplace_back(RecordLog::key(zone_.owner(node), set.type), set.ttl_s);
    }
  }
  std::ranges::sort(multiple);
  for (const RecordLog::Line& line : log_.lines()) {
    const auto at = std::ranges::lower_bound(multiple, std::pair(line.key, std::uint32_t{0}));
    if (at == multiple.end() || at->first != line.key || at->second == line.ttl_s) { continue; }
    if (!lowest.insert(line.key).second || ++reports_ > kMaxReports) { continue; }
    problems_.warning(log_.at(line),
                      "records of one " + dns::to_string(line.type) + " RRset differ in TTL",
                      "the lowest, " + std::to_string(at->second) + ", is used (RFC 2181 5.2)");
  }
}

}  // namespace

void check_zone(const Zone& zone, const RecordLog& log, Problems& problems) {
  Checker(zone, log, problems).run();
}

}  // namespace gslb::zone
