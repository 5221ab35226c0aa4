// One configuration at work: its compiled form with the planner, ledger and counters that belong to
// it.  A reload or new geo data makes a new epoch, which inherits what was learnt.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "gslb/answer/snapshot.h"
#include "gslb/control/compiled.h"
#include "gslb/fleet/fleet_state.h"
#include "gslb/measure/estimator.h"
#include "gslb/measure/mixtures.h"
#include "gslb/steer/cost.h"
#include "gslb/steer/demand.h"
#include "gslb/steer/planner.h"

namespace gslb::control {

struct TimedSample {
  measure::Sample sample;
  WallTime at;
  std::optional<fleet::ClusterIndex> peer{};  // from one cluster to another: there is no unit
  std::optional<measure::CacheCount> cache{};  // of a cluster's cache: neither unit nor RTT
};

// All that one plan is made of beside what its epoch has learnt before: what a recording keeps.
struct PlanInputs {
  MonoTime mono;
  WallTime wall;
  bool learns = true;  // false: a cluster came or went, which doesn't wait for estimates
  std::vector<TimedSample> samples;           // oldest first
  std::vector<measure::BeaconJoin> joins;     // the same
  steer::FleetUse use{};
  std::vector<steer::ClusterInput> clusters;  // then groups
};

// Resolvers that may have rows of their own; none where there is no beacon.
inline constexpr std::size_t kMixtures = 512;

// `planner`, `ledger`, `estimator` and `mixtures` are used by the planning thread only; the rest is
// immutable or atomic.
struct Epoch {
  Epoch(std::shared_ptr<const Compiled> from, std::size_t workers, MonoTime now);

  // Takes over demand by unit and service, load factors and RTT by cluster, mixtures, and decision
  // counters when services and clusters are the same.  Planning thread only.
  void inherit(const Epoch& old);

  // Forgets of the estimator what its text does not tell (digits beyond the fifth), so that who
  // reads that text has the same estimator.  Returns the text.  Planning thread only.
  std::string settle_estimator();
  // The same of mixtures.
  void settle_mixtures();

  MonoTime started;
  std::shared_ptr<const Compiled> compiled;
  std::shared_ptr<const answer::Identity> identity;
  std::shared_ptr<const answer::Protection> protection;
  std::shared_ptr<steer::DemandCounters> demand;
  std::shared_ptr<answer::DecisionCounters> decisions;
  steer::CostModel costs;
  steer::DemandLedger ledger;
  steer::Planner planner;
  measure::Estimator estimator;
  measure::Mixtures mixtures;
};

// The samples and joins since the last plan, oldest first → estimator and mixtures; their news →
// the planner.  Planning thread only.
void add_sample(measure::Estimator& estimator, const TimedSample& sample);
// What is expected of each unit's clients, by whatever resolver they ask, of all services.
// Planning thread only.
std::vector<double> demand_by_unit(const Epoch& epoch);
void learn(Epoch& epoch, std::span<const TimedSample> samples, WallTime now,
           std::span<const measure::BeaconJoin> joins = {});

// What the planner is told of the fleet.  Control loop only.
std::vector<steer::ClusterInput> cluster_inputs(const fleet::FleetState& fleet);
// Reads the counters and plans.  Planning thread only.
steer::Plan make_plan(Epoch& epoch, const std::vector<steer::ClusterInput>& inputs,
                      fleet::Moment now);
// learn() and make_plan(): one step of the planning loop.  Planning thread only.
steer::Plan plan_step(Epoch& epoch, const PlanInputs& inputs);

}  // namespace gslb::control
