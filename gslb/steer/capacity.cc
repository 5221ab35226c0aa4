#include "gslb/steer/capacity.h"

#include <algorithm>
#include <array>
#include <limits>

namespace gslb::steer {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// The feedback's gain an epoch, and the gain once a cluster is over its target by half: then being
// late costs more than being nervous.
constexpr double kGain = 0.1;
constexpr double kUrgentGain = 0.5;
constexpr double kUrgentUtilisation = 1.5;
// How much more a cluster below its target may be given at once, against its factor.
constexpr double kMostGrowth = 0.25;
// Below this demand a cluster's load says nothing about what its queries cost.
constexpr double kLeastDemand = 1e-3;
// How far over its target a cluster may keep what it has.
constexpr double kTolerance = 0.03;
constexpr std::array kRamp = {0.05, 0.10, 0.25, 0.50, 1.0};

}  // namespace

ServiceInputs::ServiceInputs(const std::vector<ClusterInput>& all, std::size_t services)
    : all_(all), own_(services) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::uint16_t service : all[i].fails) {
      if (own_[service].empty()) { own_[service] = all; }
      own_[service][i].serving = false;
    }
  }
}

CapacityModel::CapacityModel(std::size_t clusters)
    : load_per_demand_(clusters, 0), standings_(clusters) {}

// Against the smoothed demand alone a rising crowd would look dear (its load is there before its
// demand) and too much would be moved; so the larger of planned and asked is taken.
void CapacityModel::learn(const PlannedLoad& load, const std::vector<ClusterInput>& clusters) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].serving || clusters[i].blind) { continue; }
    const double demand = std::max(load.asked[i], load.planned[i]);
    double& factor = load_per_demand_[i];
    // Below target, load without queries says nothing about what queries cost: an old verdict
    // fades.  Above it, somebody has to go, whatever the load is from.
    if (clusters[i].utilisation <= 1 && load.asked[i] <= 0) {
      if (demand < kLeastDemand) { factor *= 1 - kGain; }
      continue;
    }
    if (demand < kLeastDemand) { continue; }
    const double observed = clusters[i].utilisation / demand;
    const double gain = clusters[i].utilisation > kUrgentUtilisation ? kUrgentGain : kGain;
    factor = factor == 0 ? observed : factor + gain * (observed - factor);
  }
}

std::vector<double> CapacityModel::capacities(const PlannedLoad& load,
                                              const std::vector<ClusterInput>& clusters) const {
  std::vector<double> capacity(clusters.size(), kInfinity);
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].serving) {
      capacity[i] = 0;
    } else if (clusters[i].blind) {
      // What was learnt while it could be seen is all that is known, and it gets less.
      if (load_per_demand_[i] > 0) {
        capacity[i] = clusters[i].capacity_share / load_per_demand_[i];
      }
    } else if (clusters[i].has_capacity && load_per_demand_[i] > 0) {
      capacity[i] = 1 / load_per_demand_[i];
      // Below its target a cluster keeps what it has and may grow, whatever a young factor says.
      const double headroom = 1 / std::max(clusters[i].utilisation, 0.01) - 1;
      if (headroom >= 0) {
        const double growth = 1 + std::min(kGain * headroom, kMostGrowth);
        capacity[i] = std::max(capacity[i], load.planned[i] * growth);
      }
      // Estimates jitter from plan to plan; who is at a cluster isn't sent away and back for that.
      if (load.carried[i] <= capacity[i] * (1 + kTolerance)) {
        capacity[i] = std::max(capacity[i], load.carried[i]);
      }
    }
  }
  return capacity;
}

void CapacityModel::watch_returns(const std::vector<ClusterInput>& clusters, MonoTime now,
                                  double ttl_s) {
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    Standing& standing = standings_[i];
    const auto seconds_since = [&](MonoTime then) {
      return std::chrono::duration<double>(now - then).count();
    };
    if (!watched_) {
      standing = {clusters[i].serving, now, kRamp.size() - 1, now};
    } else if (clusters[i].serving != standing.serving) {
      // While old answers live, clients keep coming and the cache stays warm.
      if (clusters[i].serving && seconds_since(standing.since) > ttl_s) { standing.stage = 0; }
      standing.serving = clusters[i].serving;
      standing.since = standing.stage_since = now;
    } else if (standing.stage + 1 < kRamp.size() && clusters[i].utilisation <= 1 &&
               seconds_since(standing.stage_since) >= ttl_s) {
      ++standing.stage;
      standing.stage_since = now;
    }
  }
  watched_ = true;
}

double CapacityModel::ramp(fleet::ClusterIndex cluster) const {
  return kRamp[standings_[cluster].stage];
}

}  // namespace gslb::steer
