// From what some pairs measured to a mean and an error for every pair.
//
// Source: steering.md (2): log-residual y = ln((rtt + 5) / (prior + 5)), shrunk hierarchically;
// Cressie, "Statistics for Spatial Data", ch. 3 (kriging); Robbins, "An Empirical Bayes Approach".
//
// Why these steps, each of which takes only what the data support:
//   1. prior: a line over distance, fitted robustly to all measured pairs;
//   2. levels: for each cluster, how much slower than the line it is for everybody, for the part
//      of the world, the country, the surroundings, the network in the country; every level
//      corrects the one above in proportion to how many units speak for it;
//   3. the unit's own measurements, which speak for its other pairs too: a last mile is on every
//      path, and two clusters beyond the same far ocean are reached by the same cable.
// A place that contradicts the measurements is replaced by the places that explain them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gslb/fleet/health_board.h"
#include "gslb/geo/geo_map.h"
#include "gslb/measure/estimate.h"
#include "gslb/measure/pair_track.h"

namespace gslb::measure {

// Where a cluster is; its id outlives a reload.
struct Site {
  std::string id;
  geo::Place place;
};

// Measured pairs by unit: those of unit u are values[offsets[u] .. offsets[u + 1]), by cluster.
struct PairValues {
  std::vector<PairValue> values;
  std::vector<std::uint32_t> offsets;  // units + 1
};

// Least RTT over so many km: light in fibre takes 1 ms per 100 km there and back; some paths are
// partly through air.
double light_ms(double km) noexcept;

// What the model found out about the world, for metrics and explain.
struct ModelFacts {
  PriorLine line;                     // fitted
  std::size_t pairs = 0;              // measured and believed
  std::size_t contradicted = 0;       // units whose place contradicts the measurements
  std::vector<bool> distrusted;       // by cluster: what it reports can't be, for too many units
  std::vector<bool> is_contradicted;  // by unit
};

// Immutable after construction; thread-safe; deterministic.
class Model {
 public:
  struct Input {
    std::span<const geo::Unit> units;
    std::span<const Site> sites;
    PriorLine line;  // where nothing is measured
    const PairValues& pairs;
  };
  // Construction O(pairs + anchors² x clusters).  REQUIRES: what `input` points to outlives it.
  explicit Model(const Input& input);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Estimates of one unit for every cluster.  O(clusters x measured pairs²).
  // REQUIRES: out.size() == sites.size().
  void row(geo::UnitIndex unit, std::span<RttEstimate> out) const;

  const ModelFacts& facts() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gslb::measure
