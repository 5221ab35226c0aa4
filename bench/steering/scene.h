// What is true in one simulated world: clusters, who their clients are, what really lies between
// them; and the configuration and geo data the GSLB gets to see of it, with their errors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/control/compiled.h"

#include "bench/steering/matrix.h"

namespace bench::steering {

struct SceneOptions {
  std::uint64_t seed = 1;
  std::size_t clusters = 20;
  std::size_t operators = 3;     // access networks a place
  double use = 0.7;              // mean demand of all capacity
  double ecs = 0.6;              // share of traffic whose resolvers send ECS
  double wrong_geo = 0.1;        // share of networks whose place is wrong
  double hidden_sigma = 0.3;     // of the load a request makes, by cluster (log-normal)
  double query_sigma = 0.3;      // of DNS queries per request, by unit
  double capacity_sigma = 0.35;  // of capacity against what its region needs
};

// An access network: one prefix.
struct Network {
  std::size_t site = 0;
  std::size_t resolver = 0;  // the network whose resolver asks for it without ECS
  double weight = 0;         // share of all traffic
  double last_mile_ms = 0;
  gslb::Prefix prefix;
  gslb::geo::UnitIndex unit = 0;
  std::vector<double> rtt_ms;  // by cluster
};

// What is steered alike.
struct UnitTruth {
  double weight = 0;     // share of all traffic that is answered as this unit's
  double longitude = 0;  // of where its clients are: their hour of the day
  double queries_per_request = 1;
  std::vector<double> rtt_ms;  // by cluster: mean of its traffic
  double best_ms = 0;
};

struct ClusterTruth {
  std::size_t site = 0;
  double capacity = 0;          // requests a second at its max
  double load_per_request = 1;  // hidden: of the resource it reports
};

struct Scene {
  SceneOptions options;
  std::vector<ClusterTruth> clusters;
  std::vector<Network> networks;
  std::vector<UnitTruth> units;
  std::vector<gslb::geo::Place> claimed;  // by unit: what the geo data say
  double demand = 0;                      // requests a second, mean
  double mixed_ms = 0;  // mean RTT lost because one answer serves clients of several networks
  std::shared_ptr<gslb::control::Compiled> compiled;
};

inline constexpr double kTargetOfMax = 0.9;
inline constexpr double kTotalRequests = 20'000;

// The daemon's own loader on a configuration of one zone, "example.zone", and one geo source,
// "geo.csv".  Throws std::runtime_error when it is refused.
std::shared_ptr<gslb::control::Compiled> compile(const std::string& config,
                                                 const std::string& geo_csv);

// Throws std::runtime_error when the configuration it wrote is refused.
Scene make_scene(const RttMatrix& matrix, const SceneOptions& options);

}  // namespace bench::steering
