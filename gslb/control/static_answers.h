// What secondaries that can't steer get for routed names.
#pragma once

#include "gslb/answer/routed_sets.h"
#include "gslb/control/compiled.h"
#include "gslb/steer/cost.h"
#include "gslb/transfer/exported_zone.h"

namespace gslb::control {

// By route: the service's transfer_answer; for a family it has none of, the addresses of the
// cluster that is cheapest for all clients together, health and load left aside.  The same for the
// same configuration and geo data, so that a zone's content doesn't change behind its serial.
transfer::StaticAnswers static_answers(const Compiled& compiled, const steer::CostModel& costs);

// The sets of those routes that lie in `zone`, each with its signatures; `previous` lends what is
// still fresh.  A set that can't be signed is left out: its type is then not served, and a
// validator is not told that it is bogus.  REQUIRES: zone.is_signed()
std::shared_ptr<const transfer::StaticAnswers> sign_static_answers(
    const zone::Zone& zone, const steer::ServiceTable& services,
    const transfer::StaticAnswers& plain, const answer::RoutedSigning& signing,
    const transfer::StaticAnswers* previous);

}  // namespace gslb::control
