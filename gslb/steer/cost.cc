#include "gslb/steer/cost.h"

#include <algorithm>

namespace gslb::steer {
namespace {

// One tier down costs more than anything a network or an operator's knobs can make of a cluster, so
// a lower tier serves only when the upper can't: two clusters' RTT differ by less than 2,002 ms
// (half the way round the Earth at the largest ms_per_km), on-net bonuses by 1,000 ms, bias and
// money together by kMaxKnobMs either way.
constexpr double kMaxKnobMs = 10'000;
constexpr double kMaxRttMs = 2'003;  // nobody waits for more, whatever was measured
constexpr double kTierStepMs = 25'000;
static_assert(kTierStepMs > 2 * kMaxKnobMs + kMaxRttMs + 1'000);
// The same for an operator's preference, which stands above tiers and is in the order given,
// whatever the clusters' tiers and places.  Costs of preferred clusters lose their digits in a
// float; the order is what counts.
constexpr double kPreferStepMs = 1e6;
constexpr double kMostRankMs = 900'000;  // of pools: below the operator's preference
// One unit of currency a GB against latency; the median web object is small, so money is a
// tie-breaker here until service classes carry sizes.
constexpr double kMsPerCost = 10;

std::uint16_t country_key(char first, char second) noexcept {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(first) << 8 |
                                    static_cast<std::uint8_t>(second));
}

int best_tier(const std::vector<std::string>& wanted, const std::vector<std::string>& offered) {
  for (std::size_t rank = 0; rank < wanted.size(); ++rank) {
    if (std::find(offered.begin(), offered.end(), wanted[rank]) != offered.end()) {
      return static_cast<int>(rank);
    }
  }
  return -1;
}

}  // namespace

std::string_view to_string(Mask mask) noexcept {
  switch (mask) {
    case Mask::kNone:
      return "";
    case Mask::kTier:
      return "tier";
    case Mask::kOnNetOnly:
      return "on-net-only";
    case Mask::kBanned:
      return "banned";
    case Mask::kPool:
      return "not-in-pools";
  }
  return "";
}

CostModel::CostModel(const config::Config& config, const ServiceTable& services)
    : config_(config), services_(services) {
  for (const Service& service : services.services) {
    auto& ranks = tier_rank_.emplace_back();
    for (const config::Cluster& cluster : config.clusters) {
      ranks.push_back(best_tier(service.tiers, cluster.tiers));
    }
    on_net_bonus_ms_.push_back(service.on_net_bonus_ms);
  }
  std::map<std::string, std::uint16_t> cluster_index;
  for (std::size_t i = 0; i < config.clusters.size(); ++i) {
    cluster_index[config.clusters[i].id.text] = static_cast<std::uint16_t>(i);
  }
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    const config::Override& from = config.overrides[i];
    Preference& preference = preferences_.emplace_back();
    double bonus_ms = kPreferStepMs * static_cast<double>(from.prefer.size());
    for (const LocatedString& id : from.prefer) {
      preference.prefer_ms.emplace(cluster_index.at(id.text), -bonus_ms);
      bonus_ms -= kPreferStepMs;
    }
    for (const LocatedString& id : from.ban) {
      preference.banned[cluster_index.at(id.text)] = true;
    }
    if (from.asn) { by_asn_.emplace(*from.asn, static_cast<std::int32_t>(i)); }
    if (from.country.size() == 2) {
      by_country_.emplace(country_key(from.country[0], from.country[1]),
                          static_cast<std::int32_t>(i));
    }
  }
}

std::int32_t CostModel::override_of(const geo::Unit& unit) const {
  // A prefix override may only relocate; then the ASN's or the country's preference still holds.
  if (unit.override_index >= 0) {
    const auto& own = config_.overrides[static_cast<std::size_t>(unit.override_index)];
    if (!own.prefer.empty() || !own.ban.empty()) { return unit.override_index; }
  }
  if (const auto found = by_asn_.find(unit.asn); unit.asn != 0 && found != by_asn_.end()) {
    return found->second;
  }
  const auto found = by_country_.find(country_key(unit.country[0], unit.country[1]));
  return found == by_country_.end() ? -1 : found->second;
}

// A pool later in the order costs more than any tier of the one before; the steps are those of the
// tiers, so that few pools leave a float its digits.
void CostModel::put_rank(const Standing& standing, ServiceIndex service, Cost& cost) const {
  const double step_ms = kTierStepMs * static_cast<double>(std::max<std::size_t>(
                                           1, services_.services[service].tiers.size()));
  double rank = standing.pool;
  if (cost.policy == config::Policy::kFailover) { rank += standing.position; }
  cost.pool_ms = std::min(kMostRankMs, rank * step_ms);
}

void CostModel::put_network(ServiceIndex service, fleet::ClusterIndex cluster, Cost& cost) const {
  const config::Cluster& from = config_.clusters[cluster];
  if (cost.policy != config::Policy::kNearest) {
    if (cost.on_net) { cost.on_net_ms = -on_net_bonus_ms_[service]; }
    cost.money_ms =
        std::clamp(from.cost_per_gb * kMsPerCost, 0.0, kMaxKnobMs - std::max(0.0, from.bias_ms));
  }
  cost.tier_ms = tier_rank_[service][cluster] * kTierStepMs;
  cost.bias_ms = from.bias_ms;
}

Cost CostModel::cost(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
                     const std::optional<measure::RttEstimate>& rtt, std::uint8_t variant) const {
  const config::Cluster& from = config_.clusters[cluster];
  Cost cost;
  const PoolOrder& order = services_.services[service].policy.variants[variant].order_of(unit);
  const Standing& standing = order.standings[cluster];
  if (standing.pool >= 0) {
    cost.policy = order.pools[static_cast<std::size_t>(standing.pool)].policy;
  }
  // Nearest is what the map says, whatever the network does.
  if (rtt && cost.policy != config::Policy::kNearest) {
    cost.rtt = *rtt;
    cost.caution_ms = measure::cautious_ms(*rtt) - rtt->mean_ms;
  } else {
    cost.rtt = measure::estimate_prior(unit, {from.latitude, from.longitude},
                                       {config_.steering.base_ms, config_.steering.ms_per_km});
  }
  cost.on_net = unit.asn != 0 && std::find(from.operators.begin(), from.operators.end(),
                                           unit.asn) != from.operators.end();
  if (standing.pool < 0) {
    cost.mask = Mask::kPool;
  } else if (tier_rank_[service][cluster] < 0) {
    cost.mask = Mask::kTier;
  } else if (from.on_net_only && !cost.on_net) {
    cost.mask = Mask::kOnNetOnly;
  }
  if (const std::int32_t index = override_of(unit); index >= 0) {
    const Preference& preference = preferences_[static_cast<std::size_t>(index)];
    if (preference.banned.contains(cluster)) { cost.mask = Mask::kBanned; }
    const auto found = preference.prefer_ms.find(cluster);
    if (found != preference.prefer_ms.end()) { cost.prefer_ms = found->second; }
  }
  put_rank(standing, service, cost);
  cost.counts_network =
      cost.policy == config::Policy::kLatency || cost.policy == config::Policy::kNearest;
  if (cost.counts_network) {
    put_network(service, cluster, cost);
    cost.total_ms = std::min(cost.rtt.mean_ms + cost.caution_ms, kMaxRttMs);
  }
  cost.total_ms +=
      cost.on_net_ms + cost.pool_ms + cost.tier_ms + cost.money_ms + cost.bias_ms + cost.prefer_ms;
  return cost;
}

}  // namespace gslb::steer
