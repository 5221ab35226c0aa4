// Whether a zone that was signed elsewhere, or by us, is one that validators accept.
//
// Source: RFC 4035 2 and 5.3, RFC 5155 7.1; what ldns-verify-zone and dnssec-verify complain of.
#pragma once

#include <string>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/zone/zone.h"

namespace gslb::dnssec {

enum class VerifyDepth : std::uint8_t {
  // Keys there, every RRset with a signature in time by one of them.  About a microsecond a record.
  kQuick,
  // Besides, every signature is right and the chain complete.  About 70 us a signature.
  kFull,
};

// Reports what is wrong with `zone` at the time `now` under the name `file`; nothing for a zone
// without DNSKEY and signatures.  Warnings when quick: a zone is not withheld from all for what
// only validators see.  Errors when full.  At most 20 problems and their count.
void verify_zone(const zone::Zone& zone, WallTime now, VerifyDepth depth, const std::string& file,
                 Problems& problems);

}  // namespace gslb::dnssec
