// What units have in common: how much slower than the prior a cluster is for everybody, a part of
// the world, a country, the surroundings, a network in a country.
//
// Source: steering.md (2): shrink hierarchically; empirical Bayes with fixed variance components,
// tuned on a 241-city matrix (docs/steering.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "gslb/fleet/health_board.h"
#include "gslb/geo/geo_map.h"

namespace gslb::measure {

// Mean and variance of one residual (a logarithm), and how many units near by speak for it.
struct Belief {
  float mean = 0;
  float variance = 0;
  float support = 0;
};

// One unit's residual for one cluster, against the prior.
struct Residual {
  fleet::ClusterIndex cluster = 0;
  float value = 0;
  float variance = 0;  // of the measurement
};

// A point of the unit sphere; distances by the dot product, which is quick.
struct Direction {
  float x = 0;
  float y = 0;
  float z = 0;
};
Direction direction_of(const geo::Place& place) noexcept;
// Great-circle, within a few metres of geo::distance_km beyond 10 km.
float distance_km(const Direction& a, const Direction& b) noexcept;

// Where a unit hangs in the hierarchy; -1: nowhere.
struct Chain {
  std::int32_t anchor = -1;  // the ~300 km cell of its place
  std::int32_t country = -1;
  std::int32_t network = -1;  // (ASN, country)
};

// Thread-compatible while sums are added; after finish() immutable and thread-safe.
class Levels {
 public:
  Levels(std::span<const geo::Unit> units, std::size_t cluster_count);

  const Chain& chain(geo::UnitIndex unit) const { return chains_[unit]; }
  // The surroundings of places that have units: where a unit of unknown place may be.
  std::span<const Direction> anchors() const noexcept { return anchors_; }

  void add(const Chain& chain, const Residual& residual);
  // After the last add().
  void finish();
  void clear();

  // Beliefs for every cluster, for a unit at `chain` whose own residuals are left out of the sums
  // they were added to.  The unit's own peculiarity is included in the variance.
  void predict(const Chain& chain, std::span<const Residual> own, std::span<Belief> out) const;

 private:
  struct Sum {
    float value = 0;
    float weight = 0;
  };
  static Sum sum_of(const Residual& residual) noexcept;
  void spread_far();
  void spread_near();
  void group_anchors();
  void group(std::span<const geo::Unit> units);
  Sum& at(std::vector<Sum>& sums, std::size_t row, std::size_t cluster) const {
    return sums[row * clusters_ + cluster];
  }

  std::size_t clusters_;
  std::vector<Chain> chains_;  // by unit
  std::vector<Direction> anchors_;
  // Coarse cells, in which anchors stand for the far surroundings.
  std::vector<std::uint32_t> coarse_of_;  // by anchor
  std::vector<Direction> coarse_;
  std::vector<float> own_far_weight_;  // by anchor: of its own sums in far_
  std::size_t countries_ = 0;
  std::size_t networks_ = 0;
  // Rows of clusters.
  std::vector<Sum> all_;
  std::vector<Sum> by_anchor_;
  std::vector<Sum> by_country_;
  std::vector<Sum> by_network_;
  std::vector<std::int32_t>
      network_rows_;  // network → row of by_network_, -1 while nothing is there
  // by_anchor_ smoothed over the surroundings.
  std::vector<Sum> far_;
  std::vector<Sum> near_;
};

}  // namespace gslb::measure
