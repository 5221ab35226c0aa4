// What it costs to serve a unit from a cluster, in equivalent milliseconds, or why it must not.
//
// Source: steering.md (3): hard masks first, then one currency for latency, size, loss, cache,
// network, tier and money.  Throughput under loss: Mathis et al., "The macroscopic behavior of the
// TCP congestion avoidance algorithm", CCR 1997.
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
enum class Mask : std::uint8_t {
  kNone,
  kTier,
  kCapability,
  kFamily,          // no node with an address the service needs
  kClusterCountry,  // the service may not be served from there
  kOnNetOnly,
  kGeofence,
  kBanned,
  kPool,
};
std::string_view to_string(Mask mask) noexcept;

// The parts of one cost; for explain.  total_ms is what the planner minimises.
struct Cost {
  Mask mask = Mask::kNone;
  config::Policy policy = config::Policy::kLatency;  // of the cluster's pool
  measure::RttEstimate rtt;
  // False: the policy asks for the order alone, so RTT, tier, money and bias count nothing.
  bool counts_network = true;
  // Where loss and hit_ratio are from; else they are as configured.
  measure::LossSource loss_source = measure::LossSource::kNone;
  bool is_hit_ratio_measured = false;
  double caution_ms = 0;   // >= 0; for what is not known of an RTT that others have measured
  double round_trips = 1;  // what the two count
  double loss = 0;         // what loss_ms rests on
  double hit_ratio = 1;    // what fill_ms rests on
  double trouble_ms = 0;   // the way is broken for these clients alone
  double transfer_ms = 0;  // a typical object at the cluster's bandwidth
  double loss_ms = 0;      // the same at what loss leaves of it
  double fill_ms = 0;      // a miss, by how often there is one
  bool on_net = false;
  double on_net_ms = 0;  // <= 0
  double pool_ms = 0;    // place in the policy's order
  double tier_ms = 0;
  double money_ms = 0;
  double bias_ms = 0;
  double file_ms = 0;    // from the operator's cost file
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

  // What so much more money a GB adds to `cost`, which is of the service; with it, money, bias and
  // file stay within their bounds.
  double surcharge_ms(ServiceIndex service, const Cost& cost, double per_gb) const;

  // The override that applies to a unit: its own prefix's, else its ASN's, else its country's;
  // -1: none.  Index into Config::overrides.
  std::int32_t override_of(const geo::Unit& unit) const;

  std::size_t cluster_count() const noexcept { return config_.clusters.size(); }
  const config::Config& config() const noexcept { return config_; }

 private:
  void put_rank(const Standing& standing, ServiceIndex service, Cost& cost) const;
  void put_network(ServiceIndex service, fleet::ClusterIndex cluster, Cost& cost) const;
  void put_knobs(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
                 Cost& cost) const;
  Mask mask_of(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
               const Cost& cost) const;
  double file_ms(const geo::Unit& unit, fleet::ClusterIndex cluster) const;
  using ByCluster = std::map<fleet::ClusterIndex, double>;
  struct Preference {
    ByCluster prefer_ms;
    std::map<std::uint16_t, bool> banned;
    ByCluster file_ms;  // of the cost file's prefix around it
  };
  void read_costs();

  const config::Config& config_;
  const ServiceTable& services_;
  // tier_rank_[service][cluster]: position of the cluster's best tier in the service's list, or -1.
  std::vector<std::vector<int>> tier_rank_;
  std::vector<std::vector<Mask>> masks_;          // [service][cluster]: whoever the client is
  std::vector<Preference> preferences_;           // by override
  std::map<std::uint32_t, std::int32_t> by_asn_;  // → override
  std::map<std::uint16_t, std::int32_t> by_country_;
  std::map<std::uint32_t, ByCluster> file_by_asn_;
  std::map<std::uint16_t, ByCluster> file_by_country_;
};

}  // namespace gslb::steer
