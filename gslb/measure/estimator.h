// RTT of every (unit, cluster) pair, learnt from samples: the one place where measurements live.
//
// Source: steering.md (2).  docs/steering.md tells what becomes of a sample.
//
// Deterministic: the same calls in the same order give the same bits, whatever the machine's load.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/measure/estimate.h"
#include "gslb/measure/hit_ratio.h"
#include "gslb/measure/model.h"
#include "gslb/measure/pair_track.h"

namespace gslb::measure {

struct EstimatorFigures {
  std::uint64_t taken = 0;
  std::uint64_t out_of_range = 0;
  std::uint64_t full = 0;
  std::uint64_t resets = 0;   // route changes
  std::uint64_t evicted = 0;  // pairs
  std::size_t pairs = 0;      // known now
};

// Estimates of all pairs at one moment.  Immutable; thread-safe.  9 octets a pair, 16 more a
// measured one, 4 a unit.
class EstimateTable {
 public:
  EstimateTable(std::size_t units, std::size_t clusters);

  // O(log of the unit's measured clusters).
  RttEstimate at(geo::UnitIndex unit, fleet::ClusterIndex cluster) const noexcept;
  std::size_t units() const noexcept { return units_; }
  std::size_t clusters() const noexcept { return clusters_; }
  // The unit's own place contradicts what it measured, and was left out.
  bool is_contradicted(geo::UnitIndex unit) const { return facts_.is_contradicted[unit]; }
  const ModelFacts& facts() const noexcept { return facts_; }
  const EstimatorFigures& figures() const noexcept { return figures_; }  // when it was made
  // By cluster: units to which the way is broken.
  const std::vector<std::uint32_t>& broken() const noexcept { return broken_; }
  // Of the cluster's cache; nothing: not told of enough requests.
  std::optional<double> hit_ratio(fleet::ClusterIndex cluster) const {
    return hit_ratios_[cluster];
  }

 private:
  friend class Estimator;
  PathQuality quality(geo::UnitIndex unit, fleet::ClusterIndex cluster) const noexcept;
  struct Cell {
    float mean_ms = 0;
    float sigma_ms = 0;
  };
  std::size_t units_;
  std::size_t clusters_;
  std::vector<Cell> cells_;
  std::vector<RttSource> sources_;
  struct MeasuredPath {
    float loss = 0;
    float bits_per_s = 0;
    float trouble_ms = 0;
    fleet::ClusterIndex cluster = 0;
    bool is_own_loss = false;
  };
  std::vector<MeasuredPath> paths_;                // by unit, by cluster
  std::vector<std::uint32_t> path_offsets_;        // units + 1
  std::vector<float> unit_loss_;                   // by unit; empty: too little is known
  std::vector<std::optional<double>> hit_ratios_;  // by cluster
  std::vector<std::uint32_t> broken_;              // by cluster
  ModelFacts facts_;
  EstimatorFigures figures_;
};

struct Sample {
  geo::UnitIndex unit = 0;
  fleet::ClusterIndex cluster = 0;
  double rtt_ms = 0;
  std::uint32_t count = 1;  // connections or probes behind it
  bool is_probe = false;    // not of clients' own connections
  // Where the connections lie, where that is known: beside it rtt_ms doesn't count.
  struct Share {
    float rtt_ms = 0;
    float connections = 0;
  };
  std::vector<Share> spread{};  // ascending
  PathCount path{};
  Attempts requests{};
};

enum class SampleVerdict : std::uint8_t {
  kTaken,
  kOutOfRange,  // RTT not in (0, 60,000] ms, or no such unit or cluster
  kFull,        // a pair not known yet, and no room for one until the next refresh()
};

// Thread-compatible; control path.
class Estimator {
 public:
  struct Limits {
    std::size_t pairs = 262'144;  // about 190 octets each
    std::size_t vantages = 0;     // of the sites, the last: they measure, but serve nobody
  };
  // `line`: what is believed of the network before anything is measured.
  Estimator(const std::vector<geo::Unit>& units, std::vector<Site> sites, const PriorLine& line,
            const Limits& limits);
  Estimator(const std::vector<geo::Unit>& units, std::vector<Site> sites, const PriorLine& line)
      : Estimator(units, std::move(sites), line, Limits()) {}

  SampleVerdict add(const Sample& sample, WallTime now);
  // RTT between two clusters: clusters are units whose place is known for sure.
  SampleVerdict add_mesh(fleet::ClusterIndex from, fleet::ClusterIndex to, double rtt_ms,
                         WallTime now);

  // What edges told of a cluster's cache since the last refresh().
  void add_cache(fleet::ClusterIndex cluster, const CacheCount& count);

  // All pairs anew from the samples so far.  `demand`, by unit, says which pairs are worth their
  // memory should there be too many (empty: all alike).  100,000 units x 64 clusters: below 1 s.
  std::shared_ptr<const EstimateTable> refresh(WallTime now, std::span<const double> demand = {});

  // True when refresh() would have something new to say.
  bool has_news() const noexcept { return news_ || has_troubles_; }
  const EstimatorFigures& figures() const noexcept { return figures_; }

  // All that is to be kept as lines of text; equal states give equal octets.  See read().
  std::string write() const;
  // Adds what an earlier estimator wrote down: by the ids of units and clusters, so that geo data
  // and configuration may have changed.  Total; returns the number of lines that were of no use
  // (unknown ids among them).
  std::size_t read(std::string_view text);
  // The same, and figures, of an earlier estimator, by ids.
  void inherit(const Estimator& old);

 private:
  struct Ids;
  std::vector<PairTrack>::iterator find(std::size_t unit, fleet::ClusterIndex cluster);
  SampleVerdict add_to(std::size_t unit, const Sample& sample, WallTime now);
  bool read_pair(std::string_view line, const Ids& ids);
  bool read_cache(std::string_view line, const Ids& ids);
  void judge_reach(WallTime now);
  void note_paths(EstimateTable& table, WallTime now);
  void evict(WallTime now, std::span<const double> demand);

  std::vector<geo::Unit> units_;  // the geo map's, then one a cluster
  std::size_t geo_units_;
  std::vector<Site> sites_;
  PriorLine line_;
  Limits limits_;
  std::size_t clusters_;                        // sites that serve
  std::vector<std::vector<PairTrack>> tracks_;  // by unit; by cluster
  std::vector<HitRatio> hit_ratios_;            // by cluster
  EstimatorFigures figures_;
  bool news_ = true;
  bool has_troubles_ = false;  // which end by themselves
};

}  // namespace gslb::measure
