// The plan as workers read it: for every (service, unit) an ordered row of clusters.  `unit` may be
// a resolver's row as well.
//
// Source: steering.md (4) and (5); split weights as hash intervals in fixed order, so that a
// weight change of 10 % moves 10 % of the names and a resolver keeps its answer.
//
// A row lists clusters; the first `weighted` of them share the names of the unit by thresholds out
// of 256, the rest are fallbacks in the order they are to be tried.  Equal rows are stored once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gslb/fleet/health_board.h"
#include "gslb/geo/geo_map.h"
#include "gslb/measure/mixtures.h"
#include "gslb/steer/service.h"

namespace gslb::steer {

using fleet::ClusterIndex;
using fleet::kNoCluster;

inline constexpr std::size_t kMaxRowChoices = 32;  // different clusters
inline constexpr std::size_t kMaxThresholds = 255;

// Why a cluster was named in an answer; the label of a metric, so keep it short and stable.
enum class Reason : std::uint8_t {
  kBest,      // the plan's choice, and the cheapest before prices
  kSpill,     // the plan's choice, because a cheaper cluster is full
  kStay,      // the plan's choice, because a cheaper one with room isn't worth the move yet
  kFailover,  // the plan's choice can't serve; the next in the row can
  kFallback,  // no cluster of the row can serve: the service's fallback policy
};
inline constexpr std::size_t kReasonCount = 5;
std::string_view to_string(Reason reason) noexcept;

// One row in the making.
struct Row {
  // choices[0..thresholds.size()] share the names: a name with hash h (0..255) goes to the first
  // i with h < thresholds[i], else to choices[thresholds.size()].
  std::vector<std::uint8_t> thresholds;  // strictly increasing
  // At most kMaxRowChoices different ones.  One that shares names may do so in several places.
  std::vector<ClusterIndex> choices;
  std::uint8_t spilled = 0;  // bit i < 4: choices[i] is not the cheapest before prices
  std::uint8_t stayed = 0;   // the same of spilled ones: nor is it with prices
  std::uint8_t ttl_step = kUsualTtl;
  friend bool operator==(const Row&, const Row&) = default;

  // Share of the names that choices[rank] is planned for, 0..1.
  double share(std::size_t rank) const noexcept;
};

// What the hash that rows are split by is of.
enum class Split : std::uint8_t { kBoth, kClient, kName };  // (leaf, name), leaf, name

// How the rows of a service are to be read.
struct ServiceMode {
  std::uint8_t variant = 0;  // of its policy: which the rows were made by
  Split split = Split::kBoth;
};

struct Choice {
  ClusterIndex cluster = kNoCluster;  // kNoCluster: nobody in the row can serve
  Reason reason = Reason::kFallback;
  ClusterIndex planned = kNoCluster;  // what the plan wanted, whatever its health
  std::uint8_t ttl_step = kUsualTtl;  // the shortest when this is not as planned
};

// Immutable after building; thread-safe.
class AnswerMap {
 public:
  // Behind the rows of the units stand those of `resolvers`' slots; null: there are none.
  AnswerMap(std::size_t service_count, std::size_t unit_count,
            std::shared_ptr<const measure::ResolverRows> resolvers = nullptr);

  // Control thread, while building.  REQUIRES: indexes in range.
  void set_row(ServiceIndex service, geo::UnitIndex unit, const Row& row);
  void set_mode(ServiceIndex service, ServiceMode mode) { modes_[service] = mode; }

  ServiceMode mode(ServiceIndex service) const noexcept { return modes_[service]; }

  // Which row answers what is decided by a resolver's address, which lies in `unit`: that of the
  // resolver, where its clients are known, else the unit's.  No allocation, O(1).
  geo::UnitIndex row_of(const Address& resolver, geo::UnitIndex unit) const noexcept {
    const auto slot = resolvers_ ? resolvers_->find(resolver) : std::nullopt;
    return slot ? static_cast<geo::UnitIndex>(units_ + *slot) : unit;
  }
  // Null: the row is a unit's own, or nobody's.
  const measure::Mixture* mixture(geo::UnitIndex row) const noexcept {
    return row < units_ ? nullptr : resolvers_->at(row - units_);
  }
  std::size_t known_resolvers() const noexcept { return resolvers_ ? resolvers_->known() : 0; }

  // The first cluster that can serve, for a name whose split hash is `split` (0..255).  `nodes`, by
  // cluster, says which of its nodes count, those with an address of one family; empty: all.
  // Without a cluster `planned` still is one that has such nodes.  No allocation, O(choices).
  Choice choose(ServiceIndex service, geo::UnitIndex unit, std::uint8_t split,
                const fleet::HealthView& health,
                std::span<const std::uint64_t> nodes = {}) const noexcept;

  // The clusters of a row in their order; empty when there is none.  No allocation.
  std::span<const ClusterIndex> choices(ServiceIndex service, geo::UnitIndex unit) const noexcept;

  // For explain, tests and digests.
  Row row(ServiceIndex service, geo::UnitIndex unit) const;
  std::size_t distinct_rows() const noexcept { return distinct_rows_; }
  std::size_t memory_octets() const noexcept;

 private:
  std::size_t slot(ServiceIndex service, geo::UnitIndex unit) const noexcept {
    return static_cast<std::size_t>(service) * columns_ + unit;
  }
  std::uint32_t intern(const Row& row);

  std::size_t units_;
  std::size_t columns_;  // units and slots
  std::shared_ptr<const measure::ResolverRows> resolvers_;
  std::vector<ServiceMode> modes_;     // by service
  std::vector<std::uint32_t> row_of_;  // (service, unit) → offset into cells_
  // A row: [choices | stayed << 12], [thresholds | spilled << 8 | TTL step << 12], thresholds,
  // clusters.  Offset 0: no row.
  std::vector<std::uint16_t> cells_;
  std::size_t distinct_rows_ = 0;
  std::vector<std::uint32_t> table_;  // open addressing over row offsets, while building
};

}  // namespace gslb::steer
