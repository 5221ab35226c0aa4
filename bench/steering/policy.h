// Ways to choose clusters: the shipped planner, and what others do, all seeing the same health and
// the same heartbeats.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gslb/control/epoch.h"

#include "bench/steering/caches.h"
#include "bench/steering/scene.h"

namespace bench::steering {

// What can be known when a choice is made.
struct View {
  gslb::MonoTime now;
  const gslb::fleet::FleetState& fleet;
  std::vector<gslb::steer::ClusterInput> inputs;
  const std::vector<double>& demand;  // true, by unit, requests a second
};

class Policy {
 public:
  virtual ~Policy() = default;
  // Every plan interval, and when a cluster starts or stops serving.
  virtual void plan(const View& view) = 0;
  // The answers now: of every unit the share of names that get each cluster.
  virtual void answer(const gslb::fleet::HealthBoard& health, Shares& shares) const = 0;
  // Where to count queries; null: the policy looks at `View::demand`.
  virtual gslb::steer::DemandCounters* counters() { return nullptr; }
};

using MakePolicy = std::function<std::unique_ptr<Policy>(const Scene&, gslb::MonoTime start)>;
struct Contender {
  std::string id;
  std::string title;
  MakePolicy make;
};

// All of them, ours last.
std::vector<Contender> contenders();
std::vector<Contender> baselines();

}  // namespace bench::steering
