// What a zone must be beyond its syntax.
//
// Source: RFC 1034 3.6.2 and 4.2.1, RFC 1912 2, RFC 2181 5.2, 6, 10.1 and 10.3, RFC 4592 4,
// RFC 6672 2.3 and 2.4, RFC 9276 3.1; severities after named-checkzone, but dangling MX and SRV
// targets only warn, as NSD and Knot load them.
#pragma once

#include "gslb/base/problem.h"
#include "gslb/zone/record_log.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// O(records).
void check_zone(const Zone& zone, const RecordLog& log, Problems& problems);

}  // namespace gslb::zone
