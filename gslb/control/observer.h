// What is learnt between two plans: samples, probe results and beacons of heartbeats, and what
// workers saw.
//
// Source: steering.md (1), (2), (2b).  Control loop: heartbeats and lanes → samples by unit, joins,
// orders for edges.  Planning thread: samples → estimator → planner, which pairs to probe next.
#pragma once

#include <memory>
#include <vector>

#include "gslb/control/beacons.h"
#include "gslb/control/learning.h"
#include "gslb/control/service_use.h"
#include "gslb/control/sightings.h"
#include "gslb/measure/probe_book.h"

namespace gslb::control {

// Whom the planner may think of probing, taken at one moment.
struct ProbeChoices {
  bool enabled = false;
  std::vector<geo::UnitIndex> units;  // with a target that may be probed now
  std::vector<bool> clusters;         // whose edges take orders
};

// Control-loop-only, but for the lanes' writing ends.  Belongs to one configuration and one geo
// map until adopt().
class Observer {
 public:
  Observer(const Compiled& compiled, std::size_t workers, fleet::Moment now);

  // Valid as long as this object.
  SightingLane& lane(unsigned worker) noexcept { return *lanes_[worker]; }

  // An accepted heartbeat.  Returns what its node is to measure.
  std::vector<fleet::Probe> hear(const Compiled& compiled, const fleet::Report& report,
                                 fleet::Moment now);
  // What workers saw since the last call.
  void collect(const Compiled& compiled, fleet::Moment now);

  // The samples that wait.
  std::vector<TimedSample> take() { return samples_.take(); }
  std::uint64_t samples_lost() const noexcept { return samples_.lost(); }
  std::vector<measure::BeaconJoin> take_joins() { return std::exchange(joins_, {}); }
  // What was served since the last call, by service.
  std::vector<steer::ServiceUse> take_uses(MonoTime now) { return uses_.take(now); }
  ProbeChoices probe_choices(const Compiled& compiled, MonoTime now) const;
  void set_wishes(const std::vector<measure::ProbeOrder>& wishes) { book_.set_wishes(wishes); }
  // Another configuration or geo map: samples and joins that wait are lost, resolvers are kept.
  void adopt(const Compiled& compiled, fleet::Moment now);

  const measure::ProbeBookFigures& probe_figures() const noexcept { return book_.figures(); }
  const measure::BeaconFigures& beacon_figures() const noexcept { return beacons_.figures(); }

 private:
  static measure::ProbeBook make_book(const Compiled& compiled, fleet::Moment now);
  void see(const Compiled& compiled, const Sighting& sighting, fleet::Moment now);
  void want_lanes(const Compiled& compiled);
  void join(const Compiled& compiled, const fleet::Report& report, fleet::Moment now);

  SampleInbox samples_;
  ServiceUses uses_;
  Beacons beacons_;
  std::vector<measure::BeaconJoin> joins_;
  measure::ProbeBook book_;
  std::vector<MonoTime> took_orders_;  // by cluster: when one of its nodes last could
  std::vector<std::unique_ptr<SightingLane>> lanes_;
};

// Planning thread: the pairs whose measurement is worth most.
std::vector<measure::ProbeOrder> plan_probes(Epoch& epoch, const ProbeChoices& choices,
                                             const std::vector<steer::ClusterInput>& inputs,
                                             WallTime now);

}  // namespace gslb::control
