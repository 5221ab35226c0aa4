// All that a worker needs to answer, immutable, one generation number.
//
// Source: architecture.md "The one idea: compile, then look up".  Parts are shared between
// snapshots: a new plan copies neither zones nor the geo map.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gslb/answer/compact_denials.h"
#include "gslb/answer/counters.h"
#include "gslb/answer/protection.h"
#include "gslb/answer/routed_sets.h"
#include "gslb/fleet/health_board.h"
#include "gslb/fleet/model.h"
#include "gslb/geo/geo_map.h"
#include "gslb/measure/estimator.h"
#include "gslb/steer/answer_map.h"
#include "gslb/steer/demand.h"
#include "gslb/steer/service.h"
#include "gslb/zone/zone_set.h"

namespace gslb::answer {

struct Debug;  // debug.h

// How the server speaks of itself and what it allows; from [server].
struct Identity {
  std::string nsid;      // "": no NSID (RFC 5001)
  std::string version;   // version.bind CH TXT; "": REFUSED
  std::string identity;  // id.server CH TXT (RFC 4892); "": REFUSED
  std::vector<std::uint8_t>
      report_channel;  // agent domain (RFC 9567), lower-case wire; empty: none
  std::uint16_t udp_payload_octets = 1232;
  std::uint16_t tcp_keepalive_100ms = 0;  // RFC 7828; 0: the option is not answered
};

// Immutable but for the health board and the counters, which are atomics.  Thread-safe.
// Every pointer is set but routed_sets, protection, compact, debug and estimates.  Route indexes in
// the zones are positions in services->routes; cluster indexes in the map are those of fleet and
// health.
struct Snapshot {
  std::uint64_t generation = 0;
  std::shared_ptr<const Identity> identity;
  std::shared_ptr<const zone::ZoneSet> zones;
  std::shared_ptr<const Protection> protection;  // null: none
  std::shared_ptr<const geo::GeoMap> geo;
  std::shared_ptr<const steer::ServiceTable> services;
  std::shared_ptr<const steer::AnswerMap> map;
  // What the map rests on; for explain.  Null while it rests on distance.
  std::shared_ptr<const measure::EstimateTable> estimates;
  std::shared_ptr<const fleet::FleetModel> fleet;
  std::shared_ptr<const fleet::HealthBoard> health;
  // Null while no signed zone has routes.
  std::shared_ptr<const RoutedSets> routed_sets;
  std::shared_ptr<const CompactDenials> compact;  // null: none are signed
  std::shared_ptr<const Debug> debug;             // null: nobody may ask for decisions by DNS
  std::shared_ptr<steer::DemandCounters> demand;
  std::shared_ptr<DecisionCounters> decisions;
};

}  // namespace gslb::answer
