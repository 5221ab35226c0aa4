// Wires zone transfers to the zone store and the configuration.
#pragma once

#include "gslb/control/compiled.h"
#include "gslb/control/special_messages.h"
#include "gslb/control/zone_store.h"
#include "gslb/steer/cost.h"

namespace gslb::control {

// What secondaries get for each route: the service's transfer_answer, else the addresses of the
// cluster that is cheapest for the units as a whole, health and load left aside.  The same for the
// same configuration and geo data, so that a zone's content doesn't change behind its serial.
transfer::StaticAnswers static_answers(const Compiled& compiled, const steer::CostModel& costs);

// Planning thread only, but for services(), whose outgoing transfers are thread-safe.
class ZoneTransfers {
 public:
  SpecialServices& services() noexcept { return services_; }
  transfer::Outgoing& outgoing() noexcept { return services_.outgoing; }

  // A configuration takes over: before its zones are published.
  void adopt(const Compiled& compiled, const steer::CostModel& costs, const zone::ZoneSet& zones);
  // A listener of the zone store.
  void on_change(const ZoneChange& change);

 private:
  void update(const ZonePtr& zone);

  SpecialServices services_;
  std::shared_ptr<const transfer::StaticAnswers> statics_;
};

}  // namespace gslb::control
