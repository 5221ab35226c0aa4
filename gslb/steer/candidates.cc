#include "gslb/steer/candidates.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/check.h"
#include "gslb/steer/answer_map.h"
#include "gslb/steer/row_cost.h"

namespace gslb::steer {
namespace {

// Of more candidates than a row holds, so many are the nearest and the others an even sample.
constexpr std::size_t kNearest = 24;
static_assert(kNearest < kMaxRowChoices);

// An estimate that moved by less than this moves nobody.
constexpr double kLeastChangeMs = 0.5;
constexpr double kLeastChangeShare = 0.03;

// Loss counts by its root.
constexpr double kLeastLossChange = 1e-3;
constexpr double kLeastLossChangeShare = 0.2;

double total_ms(const measure::RttEstimate& estimate) {
  return measure::cautious_ms(estimate) + estimate.path.trouble_ms;
}

bool differs(const measure::PathQuality& before, const measure::PathQuality& now) {
  return before.loss_source != now.loss_source || before.hit_ratio != now.hit_ratio ||
         std::abs(now.loss - before.loss) >
             std::max(kLeastLossChange, kLeastLossChangeShare * before.loss);
}

bool differs(const measure::EstimateTable& a, const measure::EstimateTable& b,
             geo::UnitIndex unit) {
  for (std::size_t c = 0; c < a.clusters(); ++c) {
    const measure::RttEstimate before = a.at(unit, static_cast<ClusterIndex>(c));
    const measure::RttEstimate now = b.at(unit, static_cast<ClusterIndex>(c));
    const double most = std::max(kLeastChangeMs, kLeastChangeShare * total_ms(before));
    if (std::abs(total_ms(now) - total_ms(before)) > most || differs(before.path, now.path)) {
      return true;
    }
  }
  return false;
}

// Of all that may serve, as many as a row holds.
std::vector<Candidate> cheapest(std::vector<Candidate> all) {
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost_ms < b.cost_ms; });
  if (all.size() <= kMaxRowChoices) { return all; }
  const std::size_t rest = all.size() - kNearest;
  const std::size_t relief = kMaxRowChoices - kNearest;
  for (std::size_t i = 0; i < relief; ++i) {
    all[kNearest + i] = all[kNearest + i * rest / relief];
  }
  all.resize(kMaxRowChoices);
  return all;
}

}  // namespace

CandidateTable::CandidateTable(const CostModel& costs, const ServiceTable& services,
                               const geo::GeoMap& geo, std::size_t slots)
    : costs_(costs),
      services_(services),
      geo_(geo),
      variants_(services.services.size(), 0),
      resolvers_(std::make_shared<const measure::ResolverRows>(
          std::vector<std::optional<measure::Mixture>>(slots))),
      mixed_(services.services.size() * slots) {
  build();
}

template <typename CostOf>
std::vector<Candidate> CandidateTable::choose(ServiceIndex service, const CostOf& cost_of) const {
  const auto cluster_count = static_cast<ClusterIndex>(costs_.cluster_count());
  std::vector<Candidate> all;
  for (ClusterIndex cluster = 0; cluster < cluster_count; ++cluster) {
    const Cost& cost = cost_of(cluster);
    if (cost.mask != Mask::kNone) { continue; }
    const double surcharge_ms =
        surcharges_.empty() ? 0 : costs_.surcharge_ms(service, cost, surcharges_[cluster]);
    all.push_back({cluster, static_cast<float>(cost.total_ms + surcharge_ms)});
  }
  return cheapest(std::move(all));
}

std::vector<Candidate> CandidateTable::find(ServiceIndex service, geo::UnitIndex unit) const {
  const CostView view{costs_, geo_.units(), estimates_.get()};
  return choose(service, [&](ClusterIndex cluster) {
    return unit_cost(view, service, unit, cluster, variants_[service]);
  });
}

void CandidateTable::find_mixed() {
  mixed_is_stale_ = false;
  const CostView view{costs_, geo_.units(), estimates_.get()};
  for (std::size_t i = 0; i < mixed_.size(); ++i) {
    const auto service = static_cast<ServiceIndex>(i / resolvers_->slots());
    const measure::Mixture* const mixture = resolvers_->at(i % resolvers_->slots());
    mixed_[i] = {};
    if (mixture == nullptr) { continue; }
    const MixedCosts costs = mixed_costs(view, service, *mixture, variants_[service]);
    mixed_[i] = {costs.leader, choose(service, [&](ClusterIndex cluster) -> const Cost& {
                   return costs.by_cluster[cluster];
                 })};
  }
}

std::span<const Candidate> CandidateTable::row(std::size_t row) const {
  const std::size_t units = geo_.units().size();
  const std::size_t service = row / stride();
  const std::size_t at = row % stride();
  if (at >= units) { return mixed_[service * resolvers_->slots() + at - units].candidates; }
  const std::size_t own = service * units + at;
  return std::span(candidates_).subspan(offsets_[own], offsets_[own + 1] - offsets_[own]);
}

void CandidateTable::set_resolvers(std::shared_ptr<const measure::ResolverRows> resolvers) {
  CHECK(resolvers->slots() == resolvers_->slots());
  mixed_is_stale_ = mixed_is_stale_ || resolvers != resolvers_;
  resolvers_ = std::move(resolvers);
}

void CandidateTable::build() {
  candidates_.clear();
  offsets_.assign(1, 0);
  for (std::size_t service = 0; service < services_.services.size(); ++service) {
    for (std::size_t unit = 0; unit < geo_.units().size(); ++unit) {
      const auto candidates =
          find(static_cast<ServiceIndex>(service), static_cast<geo::UnitIndex>(unit));
      candidates_.insert(candidates_.end(), candidates.begin(), candidates.end());
      offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    }
  }
}

void CandidateTable::set_estimates(std::shared_ptr<const measure::EstimateTable> estimates) {
  const std::size_t units = geo_.units().size();
  CHECK(estimates->units() == units && estimates->clusters() == costs_.cluster_count());
  estimates_ = std::move(estimates);
  mixed_is_stale_ = true;
  std::vector<geo::UnitIndex> changed;
  std::size_t different = 0;
  for (std::size_t i = 0; base_estimates_ && i < units; ++i) {
    const auto unit = static_cast<geo::UnitIndex>(i);
    const bool differs_now = differs(*base_estimates_, *estimates_, unit);
    if (differs_now || follows_newest_[unit]) { changed.push_back(unit); }
    follows_newest_[unit] = differs_now;
    different += differs_now ? 1 : 0;
  }
  if (!base_estimates_ || different > units / 8) {
    build();
    base_estimates_ = estimates_;
    follows_newest_.assign(units, false);
    return;
  }
  for (std::size_t service = 0; service < services_.services.size(); ++service) {
    for (const geo::UnitIndex unit : changed) {
      // Masks don't depend on RTT: as many as before.
      const auto candidates = find(static_cast<ServiceIndex>(service), unit);
      std::copy(candidates.begin(), candidates.end(),
                candidates_.begin() + offsets_[service * units + unit]);
    }
  }
}

void CandidateTable::set_surcharges(std::vector<double> surcharge_per_gb) {
  const bool none = std::all_of(surcharge_per_gb.begin(), surcharge_per_gb.end(),
                                [](double each) { return each == 0; });
  if (none) { surcharge_per_gb.clear(); }
  if (surcharge_per_gb == surcharges_) { return; }
  surcharges_ = std::move(surcharge_per_gb);
  mixed_is_stale_ = true;
  rebuild();
}

void CandidateTable::rebuild() {
  build();
  // Every unit has just followed the newest estimates.
  base_estimates_ = estimates_;
  if (estimates_) { follows_newest_.assign(geo_.units().size(), false); }
}

bool CandidateTable::set_time(WallTime now) {
  std::vector<std::uint8_t> variants;
  for (const Service& service : services_.services) {
    variants.push_back(service.policy.variant_at(now));
  }
  const bool changed = variants != variants_;
  variants_ = std::move(variants);
  if (changed || mixed_is_stale_) { find_mixed(); }
  if (!changed) { return false; }
  rebuild();
  return true;
}

double CandidateTable::cost_ms(std::size_t row, const Assigned& assigned) const {
  double sum = 0;
  for (const Candidate& candidate : this->row(row)) {
    for (std::size_t i = 0; i < assigned.count; ++i) {
      if (assigned.shares[i].cluster != candidate.cluster) { continue; }
      sum += assigned.shares[i].fraction * static_cast<double>(candidate.cost_ms);
    }
  }
  return sum;
}

const Variant& CandidateTable::variant_of(std::size_t row) const {
  const std::size_t service = row / stride();
  return services_.services[service].policy.variants[variants_[service]];
}

const geo::Unit& CandidateTable::leader(std::size_t row) const {
  const std::size_t units = geo_.units().size();
  const std::size_t service = row / stride();
  const std::size_t at = row % stride();
  if (at < units) { return geo_.units()[at]; }
  return geo_.units()[mixed_[service * resolvers_->slots() + at - units].leader];
}

const PoolOrder& CandidateTable::order(std::size_t row) const {
  return variant_of(row).order_of(leader(row));
}

const Inside* CandidateTable::fixed_pool(std::size_t row,
                                         const std::vector<ClusterInput>& clusters) const {
  const auto candidates = this->row(row);
  if (candidates.empty() || !variant_of(row).has_fixed_pools()) { return nullptr; }
  const auto serving =
      std::find_if(candidates.begin(), candidates.end(),
                   [&](const Candidate& each) { return clusters[each.cluster].serving; });
  const Candidate& first = serving == candidates.end() ? candidates.front() : *serving;
  const PoolOrder& from = order(row);
  const Inside& pool = from.pools[static_cast<std::size_t>(from.standings[first.cluster].pool)];
  return pool.obeys_capacity ? nullptr : &pool;
}

}  // namespace gslb::steer
