#include "gslb/measure/places.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gslb::measure {
namespace {

constexpr std::size_t kMostPlaces = 16;
constexpr float kAnchorSlackKm = 300;
constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// Student's t with 4 degrees of freedom over residuals that share a part: a slow last mile, or a
// country whose cables all go one way, must not count once a pair.
class Likelihood {
 public:
  void add(float deviation, float variance) {
    const float standard = deviation / std::sqrt(variance);
    sum_ += standard;
    squares_ += standard * standard;
    variances_ *= double{variance};  // one logarithm at the end
    count_ += 1;
  }
  float logarithm() const {
    const float shared = kShared * sum_ * sum_ / (1 + (count_ - 1) * kShared);
    const float distance = (squares_ - shared) / (1 - kShared);
    return -0.5F * (kFreedom + count_) * std::log1p(distance / kFreedom) -
           0.5F * static_cast<float>(std::log(variances_));
  }

 private:
  static constexpr float kShared = 0.6F;
  static constexpr float kFreedom = 4;
  float sum_ = 0;
  float squares_ = 0;
  double variances_ = 1;
  float count_ = 0;
};

}  // namespace

PlaceSearch::PlaceSearch(const Levels& levels, std::span<const Site> sites, const PriorLine& line)
    : clusters_(sites.size()), anchors_(levels.anchors().size()) {
  expected_.resize(anchors_ * clusters_);
  variance_.resize(expected_.size());
  least_.resize(expected_.size());
  std::vector<Belief> beliefs(clusters_);
  std::vector<Direction> directions;
  for (const Site& site : sites) { directions.push_back(direction_of(site.place)); }
  for (std::size_t anchor = 0; anchor < anchors_; ++anchor) {
    levels.predict({.anchor = static_cast<std::int32_t>(anchor)}, {}, beliefs);
    for (std::size_t c = 0; c < clusters_; ++c) {
      const std::size_t at = anchor * clusters_ + c;
      const float km = distance_km(levels.anchors()[anchor], directions[c]);
      expected_[at] = static_cast<float>(log_of_ms(line.base_ms + line.ms_per_km * double{km})) +
                      beliefs[c].mean;
      variance_[at] = beliefs[c].variance;
      least_[at] = static_cast<float>(log_of_ms(light_ms(km - kAnchorSlackKm)));
    }
  }
}

std::optional<PossiblePlaces> PlaceSearch::search(std::span<const PairValue> pairs,
                                                  const Claim& claim) const {
  if (anchors_ == 0) { return std::nullopt; }
  float claimed_score = kImpossible;
  if (!claim.expected.empty()) {
    Likelihood likelihood;
    for (const PairValue& pair : pairs) {
      const Belief& belief = claim.expected[pair.cluster];
      likelihood.add(pair.log_rtt - belief.mean, belief.variance + pair.variance);
    }
    const double odds = (1 - claim.wrong) / claim.wrong * static_cast<double>(anchors_);
    claimed_score = likelihood.logarithm() + static_cast<float>(std::log(odds));
  }
  PossiblePlaces result;
  std::vector<PossiblePlace>& places = result.anchors;
  places.resize(anchors_);
  float best = claimed_score;
  for (std::size_t anchor = 0; anchor < anchors_; ++anchor) {
    Likelihood likelihood;
    bool possible = true;
    for (const PairValue& pair : pairs) {
      const std::size_t at = anchor * clusters_ + pair.cluster;
      possible = possible && pair.log_rtt >= least_[at];
      likelihood.add(pair.log_rtt - expected_[at], variance_[at] + pair.variance);
    }
    const float score = possible ? likelihood.logarithm() : kImpossible;
    places[anchor] = {static_cast<std::uint32_t>(anchor), score};
    best = std::max(best, score);
  }
  if (best == kImpossible) { return std::nullopt; }
  float total = 0;
  for (PossiblePlace& place : places) { total += place.weight = std::exp(place.weight - best); }
  result.claimed = std::exp(claimed_score - best);
  if (result.claimed >= total) { return std::nullopt; }
  const std::size_t kept = std::min(kMostPlaces, places.size());
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept),
                    places.end(), [](const PossiblePlace& a, const PossiblePlace& b) {
                      return a.weight != b.weight ? a.weight > b.weight : a.anchor < b.anchor;
                    });
  places.resize(kept);
  total = result.claimed;
  for (const PossiblePlace& place : places) { total += place.weight; }
  result.claimed /= total;
  for (PossiblePlace& place : places) { place.weight /= total; }
  return result;
}

}  // namespace gslb::measure
