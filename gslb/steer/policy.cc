#include "gslb/steer/policy.h"

#include <algorithm>
#include <string>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"
#include "gslb/geo/continents.h"
#include "gslb/steer/answer_map.h"

namespace gslb::steer {
namespace {

using config::Policy;

const std::vector<config::ClusterWeight> kEqualWeights;

template <typename List>
const typename List::value_type* find_id(const List& list, const std::string& id) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.id.text == id; });
  return found == list.end() ? nullptr : &*found;
}

double weight_of(const std::vector<config::ClusterWeight>& weights, const std::string& cluster) {
  for (const config::ClusterWeight& each : weights) {
    if (each.cluster.text == cluster) { return each.weight; }
  }
  return 1;
}

std::array<char, 2> code_of(const std::string& text) { return {text[0], text[1]}; }

// What holds inside a pool that says nothing of its own.
Policy inside_of(Policy service) {
  if (service == Policy::kGeo) { return Policy::kFailover; }
  if (service == Policy::kSticky) { return Policy::kWeighted; }
  return service;
}

Inside make_inside(Policy policy, std::optional<bool> obeys) {
  return {policy, !is_shared(policy) && policy != Policy::kHome &&
                      obeys.value_or(policy == Policy::kLatency)};
}

void add_pool(const config::Config& config, const std::vector<LocatedString>& ids,
              const std::vector<config::ClusterWeight>& weights, PoolOrder& order) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const config::Cluster* cluster = find_id(config.clusters, ids[i].text);
    CHECK(cluster != nullptr);  // config::load refuses unknown clusters
    Standing& standing =
        order.standings[static_cast<std::size_t>(cluster - config.clusters.data())];
    if (standing.pool >= 0) { continue; }
    standing.pool = static_cast<int>(order.pools.size()) - 1;
    standing.position = static_cast<double>(i) / static_cast<double>(ids.size());
    standing.weight = weight_of(weights, ids[i].text);
    standing.id_hash = hash_text(ids[i].text);
  }
}

bool holds(const config::Window& window, WallTime now) {
  constexpr std::int64_t kDayMin = 24 * 60;
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count() +
      window.utc_offset_min;
  const std::int64_t day = minute >= 0 ? minute / kDayMin : (minute - kDayMin + 1) / kDayMin;
  const auto of_day = static_cast<int>(minute - day * kDayMin);
  const auto is_on = [&](std::int64_t which) {
    constexpr std::int64_t kThursday = 3;  // 1970-01-01
    const auto weekday = static_cast<unsigned>(((which + kThursday) % 7 + 7) % 7);
    return (window.days >> weekday & 1) != 0;
  };
  if (window.from_min < window.to_min) {
    return is_on(day) && of_day >= window.from_min && of_day < window.to_min;
  }
  return (is_on(day) && of_day >= window.from_min) || (is_on(day - 1) && of_day < window.to_min);
}

// Rows hold as many clusters that share names, and their heirs, as this.
void check_shared(const config::Service& service, const Variant& variant, Problems& problems) {
  for (const PoolOrder& order : variant.orders()) {
    const bool shares = std::any_of(order.pools.begin(), order.pools.end(),
                                    [](const Inside& pool) { return is_shared(pool.policy); });
    const auto members = std::count_if(order.standings.begin(), order.standings.end(),
                                       [](const Standing& standing) { return standing.pool >= 0; });
    if (!shares || static_cast<std::size_t>(members) <= kMaxRowChoices) { continue; }
    problems.error(service.id.at,
                   "service '" + service.id.text + "' deals out names by weight, and has " +
                       std::to_string(members) + " clusters, over " +
                       std::to_string(kMaxRowChoices),
                   "name the clusters it may use in 'pools'");
    return;
  }
}

}  // namespace

Variant::Variant(const config::Config& config, const config::Choosing& choosing)
    : policy_(choosing.policy) {
  if (choosing.policy != Policy::kGeo) {
    add_order(config, choosing, choosing.pools);
    return;
  }
  const config::Map* map = find_id(config.maps, choosing.map->text);
  CHECK(map != nullptr);
  add_order(config, choosing, map->others);
  for (const auto& [asn, pools] : map->networks) {
    by_network_[asn] = orders_.size();
    add_order(config, choosing, pools);
  }
  for (const auto& [code, pools] : map->subdivisions) {
    geo::Subdivision part{};
    std::copy(code.begin() + 3, code.end(), part.begin());
    by_subdivision_[{code_of(code.substr(0, 2)), part}] = orders_.size();
    add_order(config, choosing, pools);
  }
  for (const auto& [country, pools] : map->countries) {
    by_country_[code_of(country)] = orders_.size();
    add_order(config, choosing, pools);
  }
  for (const auto& [continent, pools] : map->continents) {
    by_continent_[code_of(continent)] = orders_.size();
    add_order(config, choosing, pools);
  }
}

void Variant::add_order(const config::Config& config, const config::Choosing& choosing,
                        const config::PoolList& pools) {
  PoolOrder order;
  order.standings.resize(config.clusters.size());
  const auto add = [&](Inside inside, const std::vector<LocatedString>& ids,
                       const std::vector<config::ClusterWeight>& weights) {
    order.pools.push_back(inside);
    add_pool(config, ids, inside.policy == Policy::kWeighted ? weights : kEqualWeights, order);
    has_fixed_pools_ |= !inside.obeys_capacity;
  };
  const Policy usual = inside_of(choosing.policy);
  const Inside as_service = make_inside(usual, choosing.obey_capacity);
  // Clusters named next to each other are one pool.
  std::vector<LocatedString> loose;
  const auto add_loose = [&] {
    if (!loose.empty()) { add(as_service, loose, choosing.weights); }
    loose.clear();
  };
  for (const LocatedString& id : pools) {
    const config::Pool* pool = find_id(config.pools, id.text);
    if (pool == nullptr) {
      loose.push_back(id);
      continue;
    }
    add_loose();
    const bool as_usual = !pool->policy;
    add(make_inside(pool->policy.value_or(usual), pool->obey_capacity || !as_usual
                                                      ? pool->obey_capacity
                                                      : choosing.obey_capacity),
        pool->clusters, as_usual && pool->weights.empty() ? choosing.weights : pool->weights);
  }
  if (pools.empty()) {
    for (const config::Cluster& cluster : config.clusters) { loose.push_back(cluster.id); }
  }
  add_loose();
  orders_.push_back(std::move(order));
}

const PoolOrder& Variant::order_of(const geo::Unit& unit) const {
  if (orders_.size() == 1) { return orders_.front(); }
  if (const auto found = by_network_.find(unit.asn); found != by_network_.end()) {
    return orders_[found->second];
  }
  if (unit.subdivision[0] != 0) {
    const auto found = by_subdivision_.find({unit.country, unit.subdivision});
    if (found != by_subdivision_.end()) { return orders_[found->second]; }
  }
  if (const auto found = by_country_.find(unit.country); found != by_country_.end()) {
    return orders_[found->second];
  }
  if (!by_continent_.empty()) {
    const auto found = by_continent_.find(geo::continent_of(unit.country));
    if (found != by_continent_.end()) { return orders_[found->second]; }
  }
  return orders_.front();
}

std::uint8_t ServicePolicy::variant_at(WallTime now) const noexcept {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (holds(windows[i], now)) { return static_cast<std::uint8_t>(i + 1); }
  }
  return 0;
}

ServicePolicy compile_policy(const config::Config& config, const config::Service& service,
                             Problems& problems) {
  ServicePolicy policy;
  policy.windows = service.scheduled;
  policy.variants.emplace_back(config, service.choosing);
  for (const config::Window& window : service.scheduled) {
    policy.variants.emplace_back(config, window.choosing);
  }
  for (const Variant& variant : policy.variants) { check_shared(service, variant, problems); }
  return policy;
}

}  // namespace gslb::steer
