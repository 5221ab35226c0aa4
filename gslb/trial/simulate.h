// What would move: a plan as it is and one as it would be, side by side.
//
// Source: steering.md (4) and N-1.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gslb/trial/loads.h"

namespace gslb::trial {

// What is to happen, by patterns of ids of clusters and groups.
struct Changes {
  std::vector<std::string> outages{};
  std::vector<std::string> drains{};
  std::vector<std::pair<std::string, double>> capacity{};  // times so much

  bool empty() const noexcept { return outages.empty() && drains.empty() && capacity.empty(); }
};

// Limits that make a simulation fail; unset: none.
struct Limits {
  std::optional<double> utilisation{};  // of any target, at once or later
  std::optional<double> moved{};        // share of the demand
  std::optional<double> rtt_p95_increase_ms{};
};

struct SimulatedCluster {
  std::string id;
  bool is_group = false;
  bool was_serving = false;
  bool is_serving = false;
  // Queries a second before, at once (by the old plan's rows) and by the new plan; nullopt: the
  // configuration then has no such cluster.
  std::optional<double> before_per_s;
  std::optional<double> at_once_per_s;
  std::optional<double> after_per_s;
  // Load / target of the same; nullopt: no load or target known.
  std::optional<double> before_use;
  std::optional<double> at_once_use;
  std::optional<double> after_use;
  double max_per_target = 1;  // after
};

struct Simulation {
  Traffic before;
  std::optional<Traffic> at_once;  // when health is all that changes
  Traffic after;
  std::vector<SimulatedCluster> clusters;  // and groups; as after, then those that are gone
  double moved = 0;     // share of the demand of `after` that another cluster answers
  double compared = 0;  // share whose service and unit are in both
  unsigned plans = 0;   // until it had settled
  std::vector<std::string> passed_limits;  // for people; empty: all are kept
};

// `before` has its demand and loads; `after` is null when the configuration stays, then `changes`
// are made to `before` itself: clients then stay where leaving isn't worth it.  A pattern that
// names no cluster is a problem.  REQUIRES: factors above 0
Simulation simulate(Trial& before, Trial* after, const Changes& changes, const Limits& limits,
                    Problems& problems);

// Tables for people; JSON as docs/admin-api.md says.
std::string to_text(const Simulation& simulation);
std::string to_json(const Simulation& simulation);

}  // namespace gslb::trial
