#include "gslb/trial/trial.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "gslb/answer/explain.h"

namespace gslb::trial {
namespace {

constexpr unsigned kMostPlans = 60;
constexpr double kStill = 1e-3;  // of the demand moved by a plan: it has settled

// Of a cluster or a group.
const std::vector<config::Capacity>& capacity_of(const config::Config& config, std::size_t holder) {
  const std::size_t clusters = config.clusters.size();
  return holder < clusters ? config.clusters[holder].capacity
                           : config.groups[holder - clusters].capacity;
}

const config::Capacity* find_capacity(const std::vector<config::Capacity>& capacity,
                                      const std::string& resource) {
  const auto at = std::ranges::find(capacity, resource, &config::Capacity::resource);
  return at == capacity.end() || at->target <= 0 ? nullptr : &*at;
}

// The resource by which clusters are compared: what most of them have a target for.
std::string main_resource(const config::Config& config) {
  std::map<std::string, std::size_t> counts;
  for (const config::Cluster& cluster : config.clusters) {
    for (const config::Capacity& each : cluster.capacity) {
      if (each.target > 0) { ++counts[each.resource]; }
    }
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

// 0: not known.
double configured_headroom(const std::vector<config::Capacity>& capacity) {
  double least = 0;
  for (const config::Capacity& each : capacity) {
    if (each.target <= 0 || each.max <= 0) { continue; }
    const double ratio = each.max / each.target;
    least = least == 0 ? ratio : std::min(least, ratio);
  }
  return least;
}

// Ascending; what is there no more is left out.
std::vector<std::uint16_t> positions_of(const std::vector<std::string>& ids,
                                        const std::vector<steer::Service>& services) {
  std::vector<std::uint16_t> positions;
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (std::ranges::find(ids, services[i].id) == ids.end()) { continue; }
    positions.push_back(static_cast<std::uint16_t>(i));
  }
  return positions;
}

}  // namespace

Trial::Trial(std::shared_ptr<const control::Compiled> compiled)
    : epoch_(std::make_unique<control::Epoch>(std::move(compiled), 1,
                                              MonoTime(std::chrono::hours(1)))),
      demand_(epoch_->ledger.demand(epoch_->compiled->geo->units())) {
  inputs_.assign(groups().size(), {.serving = true, .utilisation = 0, .has_capacity = false});
  factors_.assign(groups().size(), 0);
  max_per_target_.assign(groups().size(), 1);
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    set_max(i, configured_headroom(capacity_of(epoch_->compiled->config, i)));
  }
}

void Trial::set_max(std::size_t holder, double max_per_target) {
  if (max_per_target <= 0) { return; }
  max_per_target_[holder] = inputs_[holder].most_utilisation = std::max(1.0, max_per_target);
}

void Trial::take(const control::Learnt& learnt, const control::Compiled* learnt_with,
                 WallTime now) {
  control::apply_learnt(learnt, *epoch_);
  control::learn(*epoch_, {}, now);
  knows_demand_ = !learnt.demand.empty();
  demand_ = epoch_->ledger.demand(epoch_->compiled->geo->units());
  demand_.wall = now;
  const config::Config& config = epoch_->compiled->config;
  const std::string resource = main_resource(config);
  const fleet::FleetModel& fleet = *epoch_->compiled->fleet;
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const control::LearntCluster* const known = learnt.find(fleet.holder_id(i));
    if (known == nullptr) { continue; }
    inputs_[i].serving = known->input.serving;
    inputs_[i].fails = positions_of(known->fails, epoch_->compiled->services->services);
    factors_[i] = known->load_factor;
    set_max(i, known->max_per_target);
    if (learnt_with == nullptr) { continue; }
    const auto before = learnt_with->fleet->find_holder(fleet.holder_id(i));
    if (before == fleet::kNoCluster) { continue; }
    const auto* const target = find_capacity(capacity_of(config, i), resource);
    const auto* const then = find_capacity(capacity_of(learnt_with->config, before), resource);
    if (target != nullptr && then != nullptr) { factors_[i] *= then->target / target->target; }
  }
}

double Trial::ask(const std::vector<AskedQuery>& queries, double rate_per_s) {
  const control::Compiled& compiled = *epoch_->compiled;
  const std::size_t units = epoch_->demand->units();
  std::vector<double> counts(demand_.expected.size(), 0);
  double routed = 0;
  double other = 0;
  for (const AskedQuery& query : queries) {
    const zone::RouteIndex route = answer::find_route(*compiled.zones, query.name, query.type);
    if (route == zone::kNoRoute) {
      other += query.count;
      continue;
    }
    const std::size_t service = compiled.services->routes[route].service;
    counts[service * units + compiled.geo->find(query.client.address()).unit] += query.count;
    routed += query.count;
  }
  const double known = std::accumulate(demand_.expected.begin(), demand_.expected.end(), 0.0);
  demand_.expected = std::move(counts);
  if (routed > 0) { set_rate(rate_per_s > 0 ? rate_per_s : knows_demand_ ? known : routed); }
  return other;
}

void Trial::set_rate(double rate_per_s) {
  const double sum = std::accumulate(demand_.expected.begin(), demand_.expected.end(), 0.0);
  for (double& each : demand_.expected) { each *= sum > 0 ? rate_per_s / sum : 0; }
}

bool Trial::knows_loads() const noexcept {
  return std::ranges::any_of(factors_, [](double each) { return each > 0; });
}

double Trial::estimate_use(const Assumption& assumption) const {
  const config::Config& config = epoch_->compiled->config;
  const std::string resource = main_resource(config);
  std::vector<double> uses;  // of the resource, by a query
  double targets = 0;
  for (std::size_t i = 0; i < clusters(); ++i) {
    const auto* const capacity = find_capacity(capacity_of(config, i), resource);
    if (capacity == nullptr || !inputs_[i].serving) { continue; }
    targets += capacity->target;
    if (factors_[i] > 0) { uses.push_back(factors_[i] * capacity->target); }
  }
  double rate = 0;
  for (std::size_t row = 0; row < demand_.expected.size(); ++row) {
    rate += demand_.expected[row] * load_of_query(row);
  }
  if (uses.empty()) { return rate > 0 ? assumption.use_of_targets * targets / rate : 0; }
  const auto middle = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
  std::nth_element(uses.begin(), middle, uses.end());
  return *middle;
}

std::size_t Trial::assume_loads(double use) {
  const config::Config& config = epoch_->compiled->config;
  const std::string resource = main_resource(config);
  std::size_t assumed = 0;
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const auto* const capacity = find_capacity(capacity_of(config, i), resource);
    if (capacity == nullptr || factors_[i] > 0 || use <= 0) { continue; }
    factors_[i] = use / capacity->target;
    ++assumed;
  }
  return assumed;
}

void Trial::scale_capacity(steer::HolderIndex holder, double factor) { factors_[holder] /= factor; }

unsigned Trial::settle() {
  demand_.recent.assign(demand_.expected.begin(), demand_.expected.end());
  const config::Config& config = epoch_->compiled->config;
  std::int64_t step_ms = config.steering.plan_interval_ms;
  // Guards count in TTLs.
  for (const steer::Service& each : epoch_->compiled->services->services) {
    step_ms = std::max(step_ms, std::int64_t{each.ttl_s} * 1000 + 1);
  }
  for (unsigned plans = 1;; ++plans) {
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      epoch_->planner.set_load_factor(static_cast<steer::HolderIndex>(i), factors_[i]);
      if (i >= clusters()) {
        const auto& members = epoch_->compiled->fleet->groups()[i - clusters()].members;
        inputs_[i].serving = std::ranges::any_of(
            members, [this](fleet::ClusterIndex member) { return inputs_[member].serving; });
      }
      inputs_[i].has_capacity = factors_[i] > 0;
      inputs_[i].utilisation =
          plan_.map && inputs_[i].serving ? plan_.summary.planned_load[i] * factors_[i] : 0;
    }
    demand_.at += milliseconds(step_ms);
    const bool is_first = plan_.map == nullptr;
    plan_ = epoch_->planner.plan(demand_, inputs_);
    const bool is_still = !is_first && plans > 1 && plan_.summary.moved_share < kStill;
    if (is_still || plans == kMostPlans) { return plans; }
  }
}

}  // namespace gslb::trial
