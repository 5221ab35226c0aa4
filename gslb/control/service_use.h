// What edges served, by group of hosts → by service.
//
// Source: docs/heartbeat.md, `hosts`.  A host belongs to the service that its name is routed to; of
// names that only lead there by a CNAME nothing is known here.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/fleet/fleet_state.h"
#include "gslb/steer/service.h"
#include "gslb/steer/service_load.h"

namespace gslb::control {

// Sums between two plans.  Control-loop-only.
class ServiceUses {
 public:
  ServiceUses(const steer::ServiceTable& services, MonoTime now);

  // An accepted heartbeat.
  void add(const fleet::Report& report);
  // A second, since the last call; without `egress_share`.
  std::vector<steer::ServiceUse> take(MonoTime now);

 private:
  struct Sum {
    double requests = 0;
    double octets = 0;
  };
  const steer::ServiceIndex* find(std::string_view hosts) const;

  std::unordered_map<std::string, steer::ServiceIndex> by_host_;  // lower case, no last dot
  std::vector<Sum> sums_;                                         // by service
  MonoTime since_;
};

// See steer::FleetUse.
double egress_share(const fleet::FleetState& fleet);

}  // namespace gslb::control
