#include "gslb/steer/cost.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gslb/geo/continents.h"

namespace gslb::steer {
namespace {

// One tier down costs more than anything a network or an operator's knobs can make of a cluster, so
// a lower tier serves only when the upper can't: what the network costs is cut at kMaxNetworkMs,
// on-net bonuses are at most 1,000 ms, bias, money and the cost file together kMaxKnobMs either
// way.
constexpr double kMaxKnobMs = 10'000;
constexpr double kMaxNetworkMs = 3'900;
constexpr double kTierStepMs = 25'000;
static_assert(kTierStepMs > 2 * kMaxKnobMs + kMaxNetworkMs + 1'000);
// The same for an operator's preference, which stands above tiers and is in the order given,
// whatever the clusters' tiers and places.  Costs of preferred clusters lose their digits in a
// float; the order is what counts.
constexpr double kPreferStepMs = 1e6;
constexpr double kMostRankMs = 900'000;  // of pools: below the operator's preference
// A full-size TCP segment, and Mathis' constant for one acknowledgement a segment.
constexpr double kSegmentOctets = 1460;
constexpr double kMathis = 1.22;
constexpr double kMostLoss = 0.5;  // that may be configured; the formula is none for more

std::uint16_t country_key(char first, char second) noexcept {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(first) << 8 |
                                    static_cast<std::uint8_t>(second));
}

bool lists(const std::vector<std::string>& codes, const std::array<char, 2>& code) {
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& each) {
    return each[0] == code[0] && each[1] == code[1];
  });
}

// A client of an unknown country is in no list.
bool admits(const config::Geofence& fence, const std::array<char, 2>& country) {
  const bool by_continent = !fence.only_continents.empty() || !fence.not_continents.empty();
  const auto continent = by_continent ? geo::continent_of(country) : std::array<char, 2>{};
  const bool only_some = !fence.only_countries.empty() || !fence.only_continents.empty();
  if (lists(fence.not_countries, country) || lists(fence.not_continents, continent)) {
    return false;
  }
  return !only_some || lists(fence.only_countries, country) ||
         lists(fence.only_continents, continent);
}

bool has_family(const config::Cluster& cluster, config::NeededFamily needed) {
  if (needed == config::NeededFamily::kAny || cluster.cname) { return true; }
  const bool ipv4 = std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                                [](const config::Node& node) { return node.ipv4.has_value(); });
  const bool ipv6 = std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                                [](const config::Node& node) { return node.ipv6.has_value(); });
  return (ipv4 || needed == config::NeededFamily::kIpv6) &&
         (ipv6 || needed == config::NeededFamily::kIpv4);
}

// What keeps a cluster from a service, whoever the client is.
Mask static_mask(const config::Service& service, const config::Cluster& cluster, int tier_rank) {
  if (tier_rank < 0) { return Mask::kTier; }
  const auto has = [](const std::vector<std::string>& list, const std::string& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  for (const std::string& need : service.needs) {
    if (!has(cluster.capabilities, need)) { return Mask::kCapability; }
  }
  if (!has_family(cluster, service.needs_family)) { return Mask::kFamily; }
  if (!service.cluster_countries.empty() && !has(service.cluster_countries, cluster.country)) {
    return Mask::kClusterCountry;
  }
  return Mask::kNone;
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
    case Mask::kCapability:
      return "capability";
    case Mask::kFamily:
      return "family";
    case Mask::kClusterCountry:
      return "cluster-country";
    case Mask::kOnNetOnly:
      return "on-net-only";
    case Mask::kGeofence:
      return "geofence";
    case Mask::kBanned:
      return "banned";
    case Mask::kPool:
      return "not-in-pools";
  }
  return "";
}

CostModel::CostModel(const config::Config& config, const ServiceTable& services)
    : config_(config), services_(services) {
  for (const config::Service& service : config.services) {
    auto& ranks = tier_rank_.emplace_back();
    auto& masks = masks_.emplace_back();
    for (const config::Cluster& cluster : config.clusters) {
      ranks.push_back(best_tier(service.tiers, cluster.tiers));
      masks.push_back(static_mask(service, cluster, ranks.back()));
    }
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
  read_costs();
}

// The longest prefix of the file around an override counts; overrides stand for all prefixes in it.
void CostModel::read_costs() {
  std::map<Prefix, ByCluster> by_prefix;
  for (const config::CostEntry& entry : config_.costs) {
    if (entry.prefix) {
      by_prefix[*entry.prefix][entry.cluster] += entry.ms;
    } else if (entry.asn) {
      file_by_asn_[*entry.asn][entry.cluster] += entry.ms;
    } else {
      file_by_country_[country_key(entry.country[0], entry.country[1])][entry.cluster] += entry.ms;
    }
  }
  for (std::size_t i = 0; i < config_.overrides.size() && !by_prefix.empty(); ++i) {
    if (!config_.overrides[i].prefix) { continue; }
    const Prefix& own = *config_.overrides[i].prefix;
    for (int bits = own.bits(); bits >= 0; --bits) {
      const auto around = by_prefix.find(Prefix(own.address(), bits));
      // Of each cluster the longest that says something of it.
      if (around != by_prefix.end()) {
        preferences_[i].file_ms.insert(around->second.begin(), around->second.end());
      }
    }
  }
}

// The most exact that the file has for the pair: prefix, network, country.
double CostModel::file_ms(const geo::Unit& unit, fleet::ClusterIndex cluster) const {
  const auto in = [&](const ByCluster& costs, double* found) {
    const auto at = costs.find(cluster);
    if (at != costs.end()) { *found = at->second; }
    return at != costs.end();
  };
  double found = 0;
  if (unit.override_index >= 0 &&
      in(preferences_[static_cast<std::size_t>(unit.override_index)].file_ms, &found)) {
    return found;
  }
  const auto asn = file_by_asn_.find(unit.asn);
  if (asn != file_by_asn_.end() && in(asn->second, &found)) { return found; }
  const auto country = file_by_country_.find(country_key(unit.country[0], unit.country[1]));
  if (country != file_by_country_.end()) { in(country->second, &found); }
  return found;
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
  const config::Traffic& traffic = config_.services[service].traffic;
  const config::Delivery& delivery = config_.clusters[cluster].delivery;
  const double rtt_ms = cost.rtt.mean_ms + cost.caution_ms;
  cost.round_trips = traffic.round_trips;
  if (delivery.bandwidth_mbps > 0) {
    cost.transfer_ms = traffic.object_kb * 8 / delivery.bandwidth_mbps;  // kbit / (kbit/ms)
  }
  // The operator's word stands until the pair itself has shown enough.
  const measure::PathQuality& path = cost.rtt.path;
  const bool has_word = delivery.loss > 0 && path.loss_source != measure::LossSource::kPair;
  cost.loss_source = has_word ? measure::LossSource::kNone : path.loss_source;
  const bool is_measured = cost.loss_source != measure::LossSource::kNone;
  cost.loss = is_measured ? std::min(path.loss, kMostLoss) : delivery.loss;
  cost.is_hit_ratio_measured = path.hit_ratio.has_value();
  cost.hit_ratio = path.hit_ratio.value_or(delivery.hit_ratio);
  cost.trouble_ms = path.trouble_ms;
  // What loss leaves of the bandwidth is kMathis segments a round trip, by the root of it.
  cost.loss_ms =
      traffic.object_kb * 1000 / (kMathis * kSegmentOctets) * rtt_ms * std::sqrt(cost.loss);
  cost.loss_ms = std::max(0.0, cost.loss_ms - cost.transfer_ms);
  cost.fill_ms = (1 - cost.hit_ratio) * delivery.fill_ms;
}

void CostModel::put_knobs(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
                          Cost& cost) const {
  const config::Cluster& from = config_.clusters[cluster];
  const config::Service& of = config_.services[service];
  cost.tier_ms = tier_rank_[service][cluster] * kTierStepMs;
  cost.bias_ms = from.bias_ms;
  if (cost.policy == config::Policy::kNearest) { return; }
  if (cost.on_net) { cost.on_net_ms = -of.on_net_bonus_ms; }
  cost.money_ms = std::clamp(from.cost_per_gb * of.traffic.ms_per_cost, 0.0,
                             kMaxKnobMs - std::max(0.0, from.bias_ms));
  const double knobs = cost.bias_ms + cost.money_ms;
  cost.file_ms = std::clamp(file_ms(unit, cluster), -kMaxKnobMs - knobs, kMaxKnobMs - knobs);
}

double CostModel::surcharge_ms(ServiceIndex service, const Cost& cost, double per_gb) const {
  const bool counts_money = cost.counts_network && cost.policy != config::Policy::kNearest;
  if (!counts_money) { return 0; }
  const double knobs = cost.bias_ms + cost.money_ms + cost.file_ms;
  return std::clamp(per_gb * config_.services[service].traffic.ms_per_cost, 0.0,
                    std::max(0.0, kMaxKnobMs - knobs));
}

Mask CostModel::mask_of(ServiceIndex service, const geo::Unit& unit, fleet::ClusterIndex cluster,
                        const Cost& cost) const {
  const config::Cluster& from = config_.clusters[cluster];
  if (masks_[service][cluster] != Mask::kNone) { return masks_[service][cluster]; }
  if ((from.on_net_only || config_.services[service].on_net_only) && !cost.on_net) {
    return Mask::kOnNetOnly;
  }
  return admits(from.geofence, unit.country) ? Mask::kNone : Mask::kGeofence;
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
  if (rtt && cost.policy != config::Policy::kNearest) {
    cost.rtt = *rtt;
    cost.caution_ms = measure::cautious_ms(*rtt) - rtt->mean_ms;
  } else {
    cost.rtt = measure::estimate_prior(unit, {from.latitude, from.longitude},
                                       {config_.steering.base_ms, config_.steering.ms_per_km});
  }
  cost.on_net = unit.asn != 0 && std::find(from.operators.begin(), from.operators.end(),
                                           unit.asn) != from.operators.end();
  cost.mask = standing.pool < 0 ? Mask::kPool : mask_of(service, unit, cluster, cost);
  if (const std::int32_t index = override_of(unit); index >= 0) {
    const Preference& preference = preferences_[static_cast<std::size_t>(index)];
    if (preference.banned.contains(cluster)) { cost.mask = Mask::kBanned; }
    const auto found = preference.prefer_ms.find(cluster);
    if (found != preference.prefer_ms.end()) { cost.prefer_ms = found->second; }
  }
  put_rank(standing, service, cost);
  cost.counts_network = !is_shared(cost.policy) && cost.policy != config::Policy::kFailover;
  if (cost.counts_network) {
    put_knobs(service, unit, cluster, cost);
    // Nearest is what the map says: neither what the network does nor what is in the cache.
    if (cost.policy != config::Policy::kNearest) { put_network(service, cluster, cost); }
    cost.total_ms = std::min(cost.round_trips * (cost.rtt.mean_ms + cost.caution_ms) +
                                 cost.transfer_ms + cost.loss_ms + cost.fill_ms + cost.trouble_ms,
                             kMaxNetworkMs);
  }
  cost.total_ms += cost.on_net_ms + cost.pool_ms + cost.tier_ms + cost.money_ms + cost.bias_ms +
                   cost.file_ms + cost.prefer_ms;
  return cost;
}

}  // namespace gslb::steer
