#include "gslb/trial/loads.h"

#include <algorithm>
#include <numeric>

#include "gslb/steer/row_cost.h"

namespace gslb::trial {
namespace {

constexpr double kParts = 256;  // a row's shares are cut into

// Calls `visit(row, place in the row, share of the demand, the row)` for every share planned.
template <typename Visit>
void for_each_share(const Trial& trial, Visit&& visit) {
  const std::size_t units = trial.epoch().demand->units();
  for (std::size_t i = 0; i < trial.demand().size(); ++i) {
    const double demand = trial.demand()[i];
    if (demand <= 0) { continue; }
    const steer::Row row = trial.plan().map->row(static_cast<steer::ServiceIndex>(i / units),
                                                 static_cast<geo::UnitIndex>(i % units));
    int low = 0;
    for (std::size_t at = 0; at <= row.thresholds.size(); ++at) {
      const int high = at < row.thresholds.size() ? row.thresholds[at] : static_cast<int>(kParts);
      visit(i, at, demand * (high - low) / kParts, row);
      low = high;
    }
  }
}

// Whether the cluster answers the row, as workers see it.
class Serves {
 public:
  Serves(const Trial& trial, const std::vector<bool>& serving) : trial_(trial), serving_(serving) {}
  bool operator()(std::size_t row, fleet::ClusterIndex cluster) const {
    const auto& fails = trial_.inputs()[cluster].fails;
    const std::size_t service = row / trial_.epoch().demand->units();
    return serving_[cluster] && !std::ranges::binary_search(fails, service);
  }

 private:
  const Trial& trial_;
  const std::vector<bool>& serving_;
};

steer::Cost cost_of(const Trial& trial, const RowShare& share) {
  const control::Epoch& epoch = trial.epoch();
  const steer::CostView view{epoch.costs, trial.compiled().geo->units(),
                             trial.plan().estimates.get()};
  const auto service = static_cast<steer::ServiceIndex>(share.row / epoch.demand->units());
  const auto row = static_cast<geo::UnitIndex>(share.row % epoch.demand->units());
  const std::uint8_t variant = trial.plan().map->mode(service).variant;
  const measure::Mixture* const mixture = trial.plan().map->mixture(row);
  if (mixture == nullptr) { return unit_cost(view, service, row, share.cluster, variant); }
  return mixed_costs(view, service, *mixture, variant).by_cluster[share.cluster];
}

double percentile(const std::vector<std::pair<double, double>>& sorted, double total,
                  double share) {
  double sum = 0;
  for (const auto& [value, weight] : sorted) {
    sum += weight;
    if (sum >= share * total) { return value; }
  }
  return sorted.empty() ? 0 : sorted.back().first;
}

}  // namespace

std::vector<bool> serving_of(const Trial& trial) {
  std::vector<bool> serving;
  for (std::size_t i = 0; i < trial.clusters(); ++i) {
    serving.push_back(trial.inputs()[i].serving);
  }
  return serving;
}

std::vector<RowShare> name_clusters(const Trial& trial, const std::vector<bool>& serving) {
  std::vector<RowShare> shares;
  const Serves serves(trial, serving);
  for_each_share(trial, [&](std::size_t row, std::size_t at, double per_s, const steer::Row& plan) {
    const bool is_planned = at < plan.choices.size() && serves(row, plan.choices[at]);
    const auto first = std::ranges::find_if(
        plan.choices, [&](fleet::ClusterIndex cluster) { return serves(row, cluster); });
    const auto other = first == plan.choices.end() ? fleet::kNoCluster : *first;
    shares.push_back({row, is_planned ? plan.choices[at] : other, per_s});
  });
  return shares;
}

Traffic count_traffic(const Trial& trial, const std::vector<RowShare>& shares) {
  Traffic traffic;
  traffic.per_s.assign(trial.inputs().size(), 0);
  traffic.load = traffic.per_s;
  std::vector<std::pair<double, double>> times;
  for (const RowShare& each : shares) {
    traffic.total_per_s += each.per_s;
    if (each.cluster == fleet::kNoCluster) {
      traffic.unserved_per_s += each.per_s;
      ++traffic.unserved_rows;
      continue;
    }
    traffic.per_s[each.cluster] += each.per_s;
    traffic.load[each.cluster] += each.per_s * trial.load_of_query(each.row);
    const steer::Cost cost = cost_of(trial, each);
    times.emplace_back(cost.rtt.mean_ms, each.per_s);
    traffic.rtt_mean_ms += cost.rtt.mean_ms * each.per_s;
    traffic.cost_mean_ms +=
        (cost.total_ms - cost.pool_ms - cost.tier_ms - cost.prefer_ms) * each.per_s;
    traffic.money_mean += trial.compiled().config.clusters[each.cluster].cost_per_gb * each.per_s;
  }
  trial.groups().add_up(traffic.per_s);
  trial.groups().add_up(traffic.load);
  const double served = traffic.total_per_s - traffic.unserved_per_s;
  if (served <= 0) { return traffic; }
  std::sort(times.begin(), times.end());
  traffic.rtt_mean_ms /= served;
  traffic.cost_mean_ms /= served;
  traffic.money_mean /= served;
  traffic.rtt_p50_ms = percentile(times, served, 0.5);
  traffic.rtt_p95_ms = percentile(times, served, 0.95);
  return traffic;
}

double highest_use(const Trial& trial, const Traffic& traffic, bool of_max) {
  double highest = 0;
  for (std::size_t i = 0; i < traffic.load.size(); ++i) {
    const auto holder = static_cast<steer::HolderIndex>(i);
    const double use = traffic.load[i] * trial.load_factor(holder);
    highest = std::max(highest, of_max ? use / trial.max_per_target(holder) : use);
  }
  return highest;
}

std::vector<std::vector<double>> takeovers(const Trial& trial) {
  const std::size_t clusters = trial.clusters();
  const steer::GroupTree& groups = trial.groups();
  const std::vector<bool> serving = serving_of(trial);
  const Serves serves(trial, serving);
  std::vector<std::vector<double>> taken(groups.size(), std::vector<double>(clusters + 1, 0));
  for_each_share(trial, [&](std::size_t i, std::size_t at, double per_s, const steer::Row& row) {
    if (at >= row.choices.size() || !serves(i, row.choices[at])) { return; }
    const auto lose = [&](steer::HolderIndex lost) {
      const auto heir = std::ranges::find_if(row.choices, [&](fleet::ClusterIndex cluster) {
        return cluster != lost && serves(i, cluster) && !groups.is_within(cluster, lost);
      });
      taken[lost][heir == row.choices.end() ? clusters : *heir] += per_s * trial.load_of_query(i);
    };
    lose(row.choices[at]);
    for (auto lost = groups.above(row.choices[at]); lost != steer::kNoHolder;
         lost = groups.above(lost)) {
      if (groups.fails_together[lost - clusters]) { lose(lost); }
    }
  });
  return taken;
}

}  // namespace gslb::trial
