// Where a unit may be, by what it has measured: multilateration on a network whose paths bend.
//
// Source: steering.md (2): RTT below light speed for the claimed place: the place is wrong, drop
// the prior for that unit; Gueye et al., "Constraint-Based Geolocation of Internet Hosts" (2006).
//
// Why a distribution over places instead of a point: after one measurement the unit is somewhere on
// a ring.  The mean over that ring is an honest prior, with an honest error, and says which cluster
// to measure next.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gslb/measure/levels.h"
#include "gslb/measure/model.h"

namespace gslb::measure {

struct PossiblePlace {
  std::uint32_t anchor = 0;
  float weight = 0;
};

// All weights add up to 1.
struct PossiblePlaces {
  float claimed = 0;                   // weight of the place that is claimed
  std::vector<PossiblePlace> anchors;  // heaviest first
};

// Immutable; thread-safe.  REQUIRES: `levels` outlives it.
class PlaceSearch {
 public:
  PlaceSearch(const Levels& levels, std::span<const Site> sites, const PriorLine& line);

  // What a unit at the anchor would see of the cluster: ln(rtt + 5) and its variance.
  float expected(std::size_t anchor, std::size_t cluster) const {
    return expected_[anchor * clusters_ + cluster];
  }
  float variance(std::size_t anchor, std::size_t cluster) const {
    return variance_[anchor * clusters_ + cluster];
  }

  // The likeliest places given the pairs; nullopt: the claimed place is likelier than all others.
  struct Claim {
    // By cluster, what is expected at the claimed place (mean: ln(rtt + 5)); empty: none is
    // claimed, or it can't be.
    std::span<const Belief> expected;
    double wrong = 0;  // how many of all claims are wrong
  };
  std::optional<PossiblePlaces> search(std::span<const PairValue> pairs, const Claim& claim) const;

 private:
  std::size_t clusters_;
  std::size_t anchors_;
  std::vector<float> expected_;
  std::vector<float> variance_;
  std::vector<float> least_;  // ln(rtt + 5) of light, with slack for the size of an anchor's cell
};

}  // namespace gslb::measure
