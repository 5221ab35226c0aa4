// Compact denial of existence: the one NSEC record that denies a type or a name, for the name
// alone.
//
// Source: RFC 9824 3 (which NSEC), 3.4 (referrals), RFC 4034 4.
//
// Why from the NSEC3 chain: the bitmap of a name (or of the wildcard that stands for it) is there
// already, whatever made it, routed types too.
#pragma once

#include <optional>

#include "gslb/dns/rrset.h"
#include "gslb/dnssec/key.h"
#include "gslb/zone/zone.h"

namespace gslb::dnssec {

// RDATA of the NSEC with the owner `name`, which lies at or below the apex of a zone with an NSEC3
// chain.  nullopt where a compact denial makes no sense (below a cut or a DNAME) or the next name
// would be too long.
std::optional<Buffer> compact_nsec(const zone::Zone& zone, const dns::QuestionName& name);

}  // namespace gslb::dnssec
