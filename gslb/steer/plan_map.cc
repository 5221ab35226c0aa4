// The planner's result as workers read it, and whether it may replace the one before.
#include <limits>

#include "gslb/steer/planner.h"

namespace gslb::steer {
namespace {

// A cluster that is fuller than the first is nearly full; one with less than the second has room.
constexpr double kCrowded = 0.9;
constexpr double kRoomy = 0.7;
constexpr double kClearLeadMs = 20;
// A row whose names move by more than this has changed.
constexpr double kChanged = 0.02;

Split split_of(config::Policy policy) {
  if (policy == config::Policy::kSticky) { return Split::kClient; }
  return policy == config::Policy::kHome ? Split::kName : Split::kBoth;
}

}  // namespace

std::string_view to_string(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::kNone:
      return "";
    case Refusal::kEmptyRow:
      return "empty row";
    case Refusal::kOverMax:
      return "over max";
  }
  return "";
}

bool passes_max(const PlanSummary& summary, const std::vector<double>& load,
                const std::vector<ClusterInput>& clusters) {
  constexpr double kRounding = 1.000001;
  for (std::size_t i = 0; i < load.size(); ++i) {
    if (load[i] > summary.capacity[i] * clusters[i].most_utilisation * kRounding) { return true; }
  }
  return false;
}

// `load` empty: health or the hour changed, so the plan before is no measure.
Refusal Planner::refusal_of(const AnswerMap& map, const PlanSummary& summary,
                            const PlannedLoad& load,
                            const std::vector<ClusterInput>& clusters) const {
  if (!last_map_) { return Refusal::kNone; }
  const std::size_t stride = candidates_.stride();
  for (std::size_t row = 0; row < candidates_.rows(); ++row) {
    // A resolver that is believed no more asks for its own unit.
    if (row % stride >= geo_.units().size()) { continue; }
    const auto service = static_cast<ServiceIndex>(row / stride);
    const auto unit = static_cast<geo::UnitIndex>(row % stride);
    if (map.choices(service, unit).empty() && !last_map_->choices(service, unit).empty()) {
      return Refusal::kEmptyRow;
    }
  }
  const bool is_worse = !load.carried.empty() &&
                        passes_max(summary, summary.planned_load, clusters) &&
                        !passes_max(summary, load.carried, clusters);
  return is_worse ? Refusal::kOverMax : Refusal::kNone;
}

// How long a row's answers may live; `use`: of each cluster's capacity.
std::uint8_t Planner::ttl_step(std::size_t row, const Row& made,
                               const std::vector<ClusterInput>& clusters,
                               const std::vector<double>& use) const {
  const std::size_t stride = candidates_.stride();
  const Row last = last_map_ ? last_map_->row(static_cast<ServiceIndex>(row / stride),
                                              static_cast<geo::UnitIndex>(row % stride))
                             : Row{};
  TtlSigns signs{.changed = moved_names(last, made) > kChanged};
  for (std::size_t rank = 0; rank <= made.thresholds.size() && rank < made.choices.size(); ++rank) {
    signs.is_crowded |= use[made.choices[rank]] > kCrowded;
  }
  if (made.thresholds.empty() && !made.choices.empty()) {
    double first_ms = 0;
    double lead_ms = std::numeric_limits<double>::infinity();
    for (const Candidate& each : candidates_.row(row)) {
      if (each.cluster == made.choices[0]) {
        first_ms = static_cast<double>(each.cost_ms);
      } else if (clusters[each.cluster].serving) {
        lead_ms = std::min(lead_ms, static_cast<double>(each.cost_ms));
      }
    }
    signs.is_clear = lead_ms - first_ms > kClearLeadMs && use[made.choices[0]] < kRoomy;
  }
  return next_ttl_step(last.ttl_step, signs);
}

std::shared_ptr<const AnswerMap> Planner::make_map(const Assignment& assignment,
                                                   const Fallbacks& fallbacks,
                                                   const std::vector<FixedRow>& fixed,
                                                   const std::vector<ClusterInput>& clusters,
                                                   const std::vector<double>& use) const {
  const std::size_t stride = candidates_.stride();
  auto map = std::make_shared<AnswerMap>(services_.services.size(), geo_.units().size(),
                                         candidates_.resolvers());
  for (std::size_t i = 0; i < services_.services.size(); ++i) {
    const auto service = static_cast<ServiceIndex>(i);
    const std::uint8_t variant = candidates_.variant(service);
    map->set_mode(service,
                  {variant, split_of(services_.services[i].policy.variants[variant].policy())});
  }
  const ServiceInputs inputs(clusters, services_.services.size());
  auto policy = fixed.begin();
  for (std::size_t row = 0; row < candidates_.rows(); ++row) {
    const auto service = static_cast<ServiceIndex>(row / stride);
    Row made;
    if (policy != fixed.end() && policy->row == row) {
      made = (policy++)->made;
    } else {
      made = planned_row(candidates_.row(row), assignment.rows[row], inputs.of(service),
                         assignment.price_ms, fallbacks.heirs[row]);
    }
    const TtlSteps& ttls = services_.services[service].ttl_steps_s;
    if (ttls.front() != ttls.back()) {
      made.ttl_step = ttl_step(row, made, inputs.of(service), use);
    }
    map->set_row(service, static_cast<geo::UnitIndex>(row % stride), made);
  }
  return map;
}

}  // namespace gslb::steer
