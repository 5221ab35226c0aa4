// The clusters that may serve each (service, unit), cheapest first: what a plan chooses from.
//
// Source: steering.md (4): the nearest, and some far ones so that a plan exists when a whole region
// is full or dead.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "gslb/measure/estimator.h"
#include "gslb/measure/mixtures.h"
#include "gslb/steer/assign.h"
#include "gslb/steer/capacity.h"
#include "gslb/steer/cost.h"

namespace gslb::steer {

// Follows estimates, mixtures and the hours of policies.  Rows are service * stride() + unit, those
// of resolvers behind the units'.  Not thread-safe.
class CandidateTable {
 public:
  // REQUIRES: all outlive the table.
  // `slots`: rows of resolvers.
  CandidateTable(const CostModel& costs, const ServiceTable& services, const geo::GeoMap& geo,
                 std::size_t slots);

  // REQUIRES: of the same units and clusters.  O(units x clusters).
  void set_estimates(std::shared_ptr<const measure::EstimateTable> estimates);
  const std::shared_ptr<const measure::EstimateTable>& estimates() const { return estimates_; }
  // Takes effect with the next set_time().  REQUIRES: of as many slots
  void set_resolvers(std::shared_ptr<const measure::ResolverRows> resolvers);
  const std::shared_ptr<const measure::ResolverRows>& resolvers() const { return resolvers_; }
  // Money per GB on top of each cluster's.  Before set_time(); O(units x clusters) when it has
  // changed.
  void set_surcharges(std::vector<double> surcharge_per_gb);
  // True when some service is to be steered otherwise than before.
  bool set_time(WallTime now);
  std::uint8_t variant(ServiceIndex service) const { return variants_[service]; }

  std::size_t stride() const noexcept { return geo_.units().size() + resolvers_->slots(); }
  std::size_t rows() const noexcept { return services_.services.size() * stride(); }
  std::span<const Candidate> row(std::size_t row) const;
  // Mean cost of a row so assigned; clusters that are no candidates count nothing.
  double cost_ms(std::size_t row, const Assigned& assigned) const;

  // The pool that serves the row now: that of its first candidate that can, or just of the first.
  // Null: the row has no candidate, or all its pools are left to prices.
  const Inside* fixed_pool(std::size_t row, const std::vector<ClusterInput>& clusters) const;
  // REQUIRES: fixed_pool() of the row.
  const PoolOrder& order(std::size_t row) const;

 private:
  void build();
  void rebuild();
  // Of the clusters that may serve, as many as a row holds, by `cost_of(cluster)`.
  template <typename CostOf>
  std::vector<Candidate> choose(ServiceIndex service, const CostOf& cost_of) const;
  std::vector<Candidate> find(ServiceIndex service, geo::UnitIndex unit) const;
  void find_mixed();
  const geo::Unit& leader(std::size_t row) const;
  const Variant& variant_of(std::size_t row) const;

  const CostModel& costs_;
  const ServiceTable& services_;
  const geo::GeoMap& geo_;
  std::vector<double> surcharges_;      // by cluster; empty: none
  std::vector<std::uint8_t> variants_;  // of each service's policy
  std::vector<Candidate> candidates_;   // of all units' rows
  std::vector<std::uint32_t> offsets_;  // of these + 1
  std::shared_ptr<const measure::ResolverRows> resolvers_;
  struct MixedRow {
    geo::UnitIndex leader = 0;
    std::vector<Candidate> candidates;
  };
  std::vector<MixedRow> mixed_;  // by service, by slot
  bool mixed_is_stale_ = false;
  std::shared_ptr<const measure::EstimateTable> estimates_;  // null: none yet
  // All candidates follow one table, but for units that differ from it, which follow the newest.
  std::shared_ptr<const measure::EstimateTable> base_estimates_;
  std::vector<bool> follows_newest_;  // by unit
};

}  // namespace gslb::steer
