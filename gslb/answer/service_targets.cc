// The additional section beside SVCB and HTTPS answers.
#include "gslb/answer/resolution.h"

namespace gslb::answer {

using dns::QuestionName;
using dns::RrsetView;
using dns::Section;
using zone::Found;
using zone::Zone;

namespace {

constexpr std::size_t kMaxAliases = 4;  // AliasMode records followed for one answer

}  // namespace

void Resolution::put_service_targets(Octets owner, const RrsetView& set,
                                     std::size_t depth) noexcept {
  for (dns::RdataCursor record(set); !record.done(); record.next()) {
    const Octets rdata = record.rdata();
    if (rdata.size() < 3) { continue; }
    const bool is_alias = load_u16(rdata.data()) == 0;
    QuestionName target;
    target.assign(rdata.subspan(2));
    if (target.size() == 1) {
      if (is_alias) { continue; }  // "." in AliasMode: there is no such service (RFC 9460 2.5.1)
      target.assign(owner);        // in ServiceMode: the owner itself (2.5.2)
    }
    const Zone* zone = snapshot_.zones->find(target, set.type);
    if (zone == nullptr) { continue; }
    const Found found = zone::find(*zone, target, set.type);
    const bool follows = is_alias && found.kind == Found::Kind::kExact && depth < kMaxAliases;
    const auto next = follows ? zone->rrset(found.node, set.type) : std::nullopt;
    if (!next) {
      put_addresses(*zone, target.wire(), false);
    } else if (next->rdata.data() != set.rdata.data() &&
               put_set(Section::kAdditional, target.wire(), *zone, found.node, *next)) {
      put_service_targets(target.wire(), *next, depth + 1);
    }
  }
}

}  // namespace gslb::answer
