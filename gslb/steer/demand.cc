#include "gslb/steer/demand.h"

#include <algorithm>
#include <cmath>

namespace gslb::steer {
namespace {

constexpr double kRiseTimeS = 15;
constexpr double kFallTimeS = 60;
// All units together are taken to ask for this much when nothing has been seen: small beside real
// traffic, enough to give every unit a place in the plan.
constexpr double kPriorQueriesPerS = 1.0;

}  // namespace

DemandLedger::DemandLedger(std::shared_ptr<const DemandCounters> counters, MonoTime start)
    : counters_(std::move(counters)), updated_(start) {
  last_.resize(counters_->services() * counters_->units(), 0);
  rate_.resize(last_.size(), 0);
  recent_.resize(last_.size(), 0);
}

void DemandLedger::update(MonoTime now) {
  const double elapsed_s = std::chrono::duration<double>(now - updated_).count();
  if (elapsed_s <= 0) { return; }
  updated_ = now;
  const double keep_rising = std::exp(-elapsed_s / kRiseTimeS);
  const double keep_falling = std::exp(-elapsed_s / kFallTimeS);
  std::size_t at = 0;
  for (std::size_t service = 0; service < counters_->services(); ++service) {
    for (std::size_t unit = 0; unit < counters_->units(); ++unit, ++at) {
      const std::uint32_t total =
          counters_->total(static_cast<ServiceIndex>(service), static_cast<geo::UnitIndex>(unit));
      const std::uint32_t fresh = total - last_[at];  // wraps with the counter
      last_[at] = total;
      recent_[at] = static_cast<float>(fresh / elapsed_s);
      if (fresh == 0 && rate_[at] == 0) { continue; }
      const double keep = recent_[at] > rate_[at] ? keep_rising : keep_falling;
      rate_[at] = static_cast<float>(keep * rate_[at] + (1 - keep) * recent_[at]);
      if (rate_[at] < 1e-6F) { rate_[at] = 0; }
    }
  }
}

Demand DemandLedger::demand(const std::vector<geo::Unit>& units) const {
  double weight = 0;
  for (const geo::Unit& unit : units) { weight += unit.address_weight; }
  const double services = static_cast<double>(std::max<std::size_t>(1, counters_->services()));
  Demand result{.expected = {rate_.begin(), rate_.end()}, .recent = recent_, .at = updated_};
  for (std::size_t at = 0; at < result.expected.size(); ++at) {
    const std::size_t unit = at % counters_->units();
    if (unit >= units.size()) { continue; }
    const double share =
        weight > 0 ? units[unit].address_weight / weight : 1.0 / static_cast<double>(units.size());
    result.expected[at] += kPriorQueriesPerS * share / services;
  }
  return result;
}

double DemandLedger::queries_per_s(ServiceIndex service, geo::UnitIndex unit) const noexcept {
  return rate_[static_cast<std::size_t>(service) * counters_->units() + unit];
}

void DemandLedger::set_queries_per_s(ServiceIndex service, geo::UnitIndex unit,
                                     double rate) noexcept {
  rate_[static_cast<std::size_t>(service) * counters_->units() + unit] = static_cast<float>(rate);
}

}  // namespace gslb::steer
