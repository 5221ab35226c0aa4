// What it costs to serve a unit from a cluster, in equivalent milliseconds, or why it must not.
//
// Source: steering.md (3): hard masks first, then one currency for latency, network, tier and
// money.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "gslb/config/config.h"
#include "gslb/fleet/health_board.h"
#include "gslb/geo/geo_map.h"
#include "gslb/measure/estimate.h"
#include "gslb/steer/service.h"

namespace gslb::steer {

// Why a cluster may not serve a unit for a service; kNone: it may.
enum class Mask : std::uint8_t { kNone, kTier, kOnNetOnly, kBanned, kPool };
std::string_view to_string(Mask mask) noexcept;

// The parts of one cost; for explain.  total_ms is what the planner minimises.
struct Cost {
  Mask mask = Mask::kNone;
  config::Policy policy = config::Policy::kLatency;  // of the cluster's pool
  measure::RttEstimate rtt;
  // False: the policy asks for the order alone, so RTT, tier, money and bias count nothing.
  bool counts_network = true;
  double caution_ms = 0;  // >= 0; for what is not known of an RTT that others have measured
  bool on_net = false;
  double on_net_ms = 0;  // <= 0
  double pool_ms = 0;    // place in the policy's order
  double tier_ms = 0;
  double money_ms = 0;
  double bias_ms = 0;
  double prefer_ms = 0;  // <= 0, from an override
  double total_ms = 0;
};

// Computes costs for one configuration.  Immutable after construction; thread-safe; pure.
// REQUIRES: the configuration and the services outlive it.
class CostModel {
 public:
  CostModel(const config::Config& config, const ServiceTable& services);

  // `rtt`: what was learnt of the pair; nothing: by the distance.  `variant`: of the service's
  // policy.
  Cost cost(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
            const std::optional<measure::RttEstimate>& rtt = {}, std::uint8_t variant = 0) const;

  // The override that applies to a unit: its own prefix's, else its ASN's, else its country's;
  // -1: none.  Index into Config::overrides.
  std::int32_t override_of(const geo::Unit& unit) const;

  std::size_t cluster_count() const noexcept { return config_.clusters.size(); }
  const config::Config& config() const noexcept { return config_; }

 private:
  void put_rank(const Standing& standing, ServiceIndex service, Cost& cost) const;
  void put_network(ServiceIndex service, fleet::ClusterIndex cluster, Cost& cost) const;
  struct Preference {
    std::map<std::uint16_t, double> prefer_ms;  // cluster → bonus
    std::map<std::uint16_t, bool> banned;
  };

  const config::Config& config_;
  const ServiceTable& services_;
  // tier_rank_[service][cluster]: position of the cluster's best tier in the service's list, or -1.
  std::vector<std::vector<int>> tier_rank_;
  std::vector<double> on_net_bonus_ms_;           // by service
  std::vector<Preference> preferences_;           // by override
  std::map<std::uint32_t, std::int32_t> by_asn_;  // → override
  std::map<std::uint16_t, std::int32_t> by_country_;
};

}  // namespace gslb::steer
