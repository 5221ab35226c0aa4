#include "gslb/steer/service_load.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gslb::steer {
namespace {

// Of the means, an epoch: five minutes at the usual 15 s.
constexpr double kGain = 0.05;
// From so many plans on what is learnt counts for as much as what is configured.
constexpr double kHalfTold = 20;
constexpr double kMostTold = 1000;
// Below so much a second a service says nothing about what its queries take.
constexpr double kLeastQueries = 0.05;
// Nobody is believed to take so many times as much, or as little, as configured.
constexpr double kMostTimes = 100;
constexpr double kLeastLoad = 0.001;
constexpr double kMostLoad = 1000;
constexpr double kMostAmount = 1e18;

bool is_amount(double value) { return value >= 0 && value <= kMostAmount; }

void approach(double& mean, double value, bool is_first) {
  mean = is_first ? value : mean + kGain * (value - mean);
}

}  // namespace

ServiceLoads::ServiceLoads(std::vector<double> configured)
    : configured_(std::move(configured)), needs_(configured_.size()), loads_(configured_) {}

// A service nobody told of this time was not asked for, or its edges are silent: its means stay.
void ServiceLoads::learn(const FleetUse& use, std::span<const double> queries_per_s) {
  if (use.services.empty()) { return; }
  for (const ServiceUse& each : use.services) {
    const double queries = queries_per_s[each.service];
    if (queries < kLeastQueries || each.requests_per_s <= 0) { continue; }
    ServiceNeed& need = needs_[each.service];
    const bool is_first = need.told == 0;
    approach(need.queries, queries, is_first);
    approach(need.requests, each.requests_per_s, is_first);
    approach(need.octets, each.octets_per_s, is_first);
    need.told = std::min(need.told + 1, kMostTold);
  }
  const bool is_told =
      std::any_of(needs_.begin(), needs_.end(), [](const auto& each) { return each.told > 0; });
  if (is_told) { set_egress_share(egress_share_ + kGain * (use.egress_share - egress_share_)); }
  weigh();
}

// Against the mean of all services that were told of, whose queries then take together as much as
// they are configured to: those nobody tells of stay comparable.
void ServiceLoads::weigh() {
  ServiceNeed sum;
  double configured = 0;
  for (std::size_t i = 0; i < needs_.size(); ++i) {
    if (needs_[i].told == 0) { continue; }
    sum.queries += needs_[i].queries;
    sum.requests += needs_[i].requests;
    sum.octets += needs_[i].octets;
    configured += needs_[i].queries * configured_[i];
  }
  loads_ = configured_;
  if (sum.queries <= 0 || sum.requests <= 0) { return; }
  const double by_octets = sum.octets > 0 ? egress_share_ : 0;
  for (std::size_t i = 0; i < needs_.size(); ++i) {
    const ServiceNeed& need = needs_[i];
    if (need.told == 0 || need.queries <= 0) { continue; }
    double share = (1 - by_octets) * need.requests / sum.requests;
    if (by_octets > 0) { share += by_octets * need.octets / sum.octets; }
    const double learnt = share / need.queries * configured;
    const double times = std::clamp(learnt / configured_[i], 1 / kMostTimes, kMostTimes);
    const double trust = need.told / (need.told + kHalfTold);
    loads_[i] = std::clamp(configured_[i] * std::pow(times, trust), kLeastLoad, kMostLoad);
  }
}

void ServiceLoads::set_need(std::size_t service, const ServiceNeed& need) noexcept {
  if (!is_amount(need.queries) || !is_amount(need.requests) || !is_amount(need.octets)) { return; }
  if (!(need.told >= 0 && need.told <= kMostTold)) { return; }
  needs_[service] = need;
}

void ServiceLoads::set_egress_share(double share) noexcept {
  if (share >= 0 && share <= 1) { egress_share_ = share; }
}

}  // namespace gslb::steer
