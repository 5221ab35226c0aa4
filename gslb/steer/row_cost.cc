#include "gslb/steer/row_cost.h"

#include <algorithm>
#include <array>

namespace gslb::steer {
namespace {

// Of the clients may be sent where the rules forbid it for want of knowing who asks.
constexpr double kMostMasked = 0.1;

constexpr std::array kTerms = {
    &Cost::caution_ms,  &Cost::round_trips, &Cost::loss,      &Cost::hit_ratio,
    &Cost::transfer_ms, &Cost::loss_ms,     &Cost::fill_ms,   &Cost::trouble_ms,
    &Cost::on_net_ms,   &Cost::pool_ms,     &Cost::tier_ms,   &Cost::money_ms,
    &Cost::bias_ms,     &Cost::file_ms,     &Cost::prefer_ms, &Cost::total_ms};

Cost mean_cost(const CostView& view, ServiceIndex service, const measure::Mixture& mixture,
               fleet::ClusterIndex cluster, std::uint8_t variant) {
  // The largest says what is no figure: policy, pool, on-net.
  Cost mean = unit_cost(view, service, mixture.clients.front().unit, cluster, variant);
  if (mean.mask != Mask::kNone) { return mean; }
  for (const auto term : kTerms) { mean.*term = 0; }
  mean.rtt = {.mean_ms = 0, .sigma_ms = 0, .source = measure::RttSource::kMixture};
  double allowed = 0;
  Mask mask = Mask::kNone;
  for (const measure::MixtureShare& client : mixture.clients) {
    const Cost cost = unit_cost(view, service, client.unit, cluster, variant);
    if (cost.mask != Mask::kNone) {
      mask = cost.mask;
      continue;
    }
    allowed += client.share;
    for (const auto term : kTerms) { mean.*term += client.share * cost.*term; }
    mean.rtt.mean_ms += client.share * cost.rtt.mean_ms;
    mean.rtt.sigma_ms += client.share * cost.rtt.sigma_ms;
  }
  if (allowed < 1 - kMostMasked) { mean.mask = mask; }
  for (const auto term : kTerms) { mean.*term /= allowed; }
  mean.rtt.mean_ms /= allowed;
  mean.rtt.sigma_ms /= allowed;
  return mean;
}

}  // namespace

Cost unit_cost(const CostView& view, ServiceIndex service, geo::UnitIndex unit,
               fleet::ClusterIndex cluster, std::uint8_t variant) {
  std::optional<measure::RttEstimate> rtt;
  if (view.estimates != nullptr) { rtt = view.estimates->at(unit, cluster); }
  return view.costs.cost(service, view.units[unit], cluster, rtt, variant);
}

MixedCosts mixed_costs(const CostView& view, ServiceIndex service, const measure::Mixture& mixture,
                       std::uint8_t variant) {
  MixedCosts mixed{.leader = mixture.clients.front().unit, .by_cluster = {}};
  std::vector<Cost>& all = mixed.by_cluster;
  const auto clusters = static_cast<fleet::ClusterIndex>(view.costs.cluster_count());
  for (fleet::ClusterIndex i = 0; i < clusters; ++i) {
    all.push_back(mean_cost(view, service, mixture, i, variant));
  }
  const bool is_open = std::any_of(all.begin(), all.end(),
                                   [](const Cost& each) { return each.mask == Mask::kNone; });
  const geo::Unit& home = view.units[mixture.home];
  const bool is_told =
      home.override_index >= 0 && view.costs.override_of(home) == home.override_index;
  if (is_open && !is_told) { return mixed; }
  mixed.leader = mixture.home;
  for (fleet::ClusterIndex i = 0; i < clusters; ++i) {
    all[i] = unit_cost(view, service, mixture.home, i, variant);
  }
  return mixed;
}

}  // namespace gslb::steer
