// What secondaries that can't steer get for routed names.
#pragma once

#include "gslb/control/compiled.h"
#include "gslb/steer/cost.h"
#include "gslb/transfer/exported_zone.h"

namespace gslb::control {

// By route: the service's transfer_answer; for a family it has none of, the addresses of the
// cluster that is cheapest for all clients together; an HTTPS record of both if the service has
// one; without addresses the CNAME of the cheapest cluster that is another CDN's name.
//
// Why health, load and the plan's prices are left aside: a static answer is content of the zone, so
// another one is another version, with a serial, a difference and a NOTIFY.  The same configuration
// and geo data give the same answers; a type that all clusters together offer to everybody (see
// answer::routed_types()) is among them.
transfer::StaticAnswers static_answers(const Compiled& compiled, const steer::CostModel& costs);

}  // namespace gslb::control
