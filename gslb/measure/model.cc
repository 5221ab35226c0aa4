#include "gslb/measure/model.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/check.h"
#include "gslb/measure/kriging.h"
#include "gslb/measure/levels.h"
#include "gslb/measure/line_fit.h"
#include "gslb/measure/places.h"
#include "gslb/measure/trust.h"

namespace gslb::measure {
namespace {

// A unit whose own pairs are, in the mean, farther than so many standard deviations (squared) from
// what is expected at its place is looked for elsewhere.
constexpr double kSurprise = 4;
// How many claimed places are taken to be wrong: there is always some other place that fits a
// detour, and believing it costs more than learning pair by pair, unless many are found even so.
constexpr double kSeldomWrong = 0.001;
constexpr double kOftenWrong = 0.05;
constexpr double kManyFound = 0.04;
// Neighbours are a source worth naming from half a unit on.
constexpr float kLeastSupport = 0.5F;

}  // namespace

struct Model::State {
  explicit State(const Input& from)
      : input(from), levels(from.units, from.sites.size()), clusters(from.sites.size()) {}

  struct Scratch {
    explicit Scratch(std::size_t clusters) : beliefs(clusters), prior(clusters), km(clusters) {}
    std::vector<Belief> beliefs;
    std::vector<float> prior;  // ln(rtt + 5), what residuals are against
    std::vector<float> km;
    std::vector<Residual> own;
  };

  std::span<const PairValue> pairs_of(geo::UnitIndex unit) const {
    return {believed.values.data() + believed.offsets[unit],
            believed.values.data() + believed.offsets[unit + 1]};
  }
  const PossiblePlaces* places_of(geo::UnitIndex unit) const {
    const std::int32_t at = relocation_of[unit];
    return at < 0 ? nullptr : &relocations[static_cast<std::size_t>(at)];
  }

  void keep_believed();
  void fit();
  void set_prior(geo::UnitIndex unit, Scratch& scratch) const;
  void mix_places(const PossiblePlaces& places, Scratch& scratch) const;
  void set_own(geo::UnitIndex unit, Scratch& scratch) const;
  void believe(geo::UnitIndex unit, Scratch& scratch) const;
  void sum_levels();
  bool is_surprising(geo::UnitIndex unit, const Scratch& scratch) const;
  using Relocated = std::vector<std::pair<geo::UnitIndex, PossiblePlaces>>;
  Relocated search_places(double wrong) const;
  void relocate();

  Input input;
  Levels levels;
  std::size_t clusters;
  std::vector<Direction> sites;
  std::vector<float> between_km;
  PairValues believed;
  ModelFacts facts;
  std::vector<std::int32_t> relocation_of;  // by unit: into relocations, or -1
  std::vector<PossiblePlaces> relocations;
  std::unique_ptr<const PlaceSearch> search;
};

void Model::State::keep_believed() {
  facts.distrusted = find_distrusted(input);
  believed.offsets.push_back(0);
  for (std::size_t unit = 0; unit < input.units.size(); ++unit) {
    for (std::uint32_t i = input.pairs.offsets[unit]; i < input.pairs.offsets[unit + 1]; ++i) {
      const PairValue& pair = input.pairs.values[i];
      if (!facts.distrusted[pair.cluster]) { believed.values.push_back(pair); }
    }
    believed.offsets.push_back(static_cast<std::uint32_t>(believed.values.size()));
  }
  facts.pairs = believed.values.size();
}

void Model::State::fit() {
  std::vector<LinePoint> points;
  for (std::size_t unit = 0; unit < input.units.size(); ++unit) {
    if (!input.units[unit].has_place) { continue; }
    for (const PairValue& pair : pairs_of(static_cast<geo::UnitIndex>(unit))) {
      const double km = geo::distance_km(input.units[unit].place, input.sites[pair.cluster].place);
      if (contradicts(pair, km, input.units[unit].place_sigma_km)) { continue; }
      points.push_back({km, double{pair.log_rtt}});
    }
  }
  facts.line = fit_line(points, input.line);
}

// What is expected before anybody's residuals: the line at the claimed place.
void Model::State::set_prior(geo::UnitIndex unit, Scratch& scratch) const {
  const geo::Unit& from = input.units[unit];
  const Direction here = direction_of(from.place);
  constexpr float kUnknownKm = 10'000;  // as estimate_prior
  for (std::size_t c = 0; c < clusters; ++c) {
    scratch.km[c] = from.has_place ? distance_km(here, sites[c]) : kUnknownKm;
    scratch.prior[c] = std::log(static_cast<float>(facts.line.base_ms + kLogOffsetMs) +
                                static_cast<float>(facts.line.ms_per_km) * scratch.km[c]);
  }
}

// The same for a unit that may be at several places: the mean over them, and what they differ by.
// Levels are in the places' expectations already.
void Model::State::mix_places(const PossiblePlaces& places, Scratch& scratch) const {
  const Direction here = levels.anchors()[places.anchors.front().anchor];
  for (std::size_t c = 0; c < clusters; ++c) {
    Belief& belief = scratch.beliefs[c];
    scratch.km[c] = distance_km(here, sites[c]);
    const float claimed = scratch.prior[c] + belief.mean;
    float mean = places.claimed * claimed;
    for (const PossiblePlace& place : places.anchors) {
      mean += place.weight * search->expected(place.anchor, c);
    }
    float variance = places.claimed * (belief.variance + (claimed - mean) * (claimed - mean));
    for (const PossiblePlace& place : places.anchors) {
      const float apart = search->expected(place.anchor, c) - mean;
      variance += place.weight * (search->variance(place.anchor, c) + apart * apart);
    }
    scratch.prior[c] = mean;
    belief = {0, variance, 1};
  }
}

void Model::State::set_own(geo::UnitIndex unit, Scratch& scratch) const {
  scratch.own.clear();
  for (const PairValue& pair : pairs_of(unit)) {
    scratch.own.push_back(
        {pair.cluster, pair.log_rtt - scratch.prior[pair.cluster], pair.variance});
  }
}

// Residual beliefs before the unit's own measurements.
void Model::State::believe(geo::UnitIndex unit, Scratch& scratch) const {
  set_prior(unit, scratch);
  set_own(unit, scratch);
  const PossiblePlaces* places = places_of(unit);
  const geo::Unit& from = input.units[unit];
  // What sum_levels() left out isn't to be taken out.
  const bool is_summed = places == nullptr && from.has_place;
  levels.predict(levels.chain(unit), is_summed ? scratch.own : std::vector<Residual>(),
                 scratch.beliefs);
  const auto place_ms = static_cast<float>(facts.line.ms_per_km * from.place_sigma_km);
  for (std::size_t c = 0; c < clusters; ++c) {
    const float share = place_ms / std::exp(scratch.prior[c]);
    // Of a place nobody knows, as estimate_prior.
    scratch.beliefs[c].variance += from.has_place ? share * share : 1;
  }
  if (places != nullptr) {
    mix_places(*places, scratch);
    set_own(unit, scratch);
  }
}

void Model::State::sum_levels() {
  Scratch scratch(clusters);
  levels.clear();
  for (std::size_t i = 0; i < input.units.size(); ++i) {
    const auto unit = static_cast<geo::UnitIndex>(i);
    const auto pairs = pairs_of(unit);
    // Without a place there is no distance to be slower than.
    if (pairs.empty() || relocation_of[unit] >= 0 || !input.units[i].has_place) { continue; }
    set_prior(unit, scratch);
    set_own(unit, scratch);
    for (const Residual& residual : scratch.own) { levels.add(levels.chain(unit), residual); }
  }
  levels.finish();
}

bool Model::State::is_surprising(geo::UnitIndex unit, const Scratch& scratch) const {
  if (!input.units[unit].has_place) { return true; }
  double sum = 0;
  for (const Residual& residual : scratch.own) {
    const Belief& belief = scratch.beliefs[residual.cluster];
    const double deviation = residual.value - belief.mean;
    sum += deviation * deviation / (belief.variance + residual.variance);
  }
  return sum > kSurprise * static_cast<double>(scratch.own.size());
}

Model::State::Relocated Model::State::search_places(double wrong) const {
  Scratch scratch(clusters);
  Relocated found;
  for (std::size_t i = 0; i < input.units.size(); ++i) {
    const auto unit = static_cast<geo::UnitIndex>(i);
    const auto pairs = pairs_of(unit);
    if (pairs.empty()) { continue; }
    believe(unit, scratch);
    const geo::Unit& from = input.units[unit];
    const bool impossible =
        from.has_place && std::ranges::any_of(pairs, [&](const auto& pair) {
          return contradicts(pair, double{scratch.km[pair.cluster]}, from.place_sigma_km);
        });
    if (!impossible && !is_surprising(unit, scratch)) { continue; }
    for (std::size_t c = 0; c < clusters; ++c) { scratch.beliefs[c].mean += scratch.prior[c]; }
    PlaceSearch::Claim claim{.expected = {}, .wrong = wrong};
    if (!impossible && from.has_place) { claim.expected = scratch.beliefs; }
    auto places = search->search(pairs, claim);
    if (places) { found.emplace_back(unit, *std::move(places)); }
  }
  return found;
}

void Model::State::relocate() {
  search = std::make_unique<const PlaceSearch>(levels, input.sites, facts.line);
  std::size_t measured = 0;
  for (std::size_t unit = 0; unit < input.units.size(); ++unit) {
    measured += pairs_of(static_cast<geo::UnitIndex>(unit)).empty() ? 0 : 1;
  }
  Relocated found = search_places(kSeldomWrong);
  if (static_cast<double>(found.size()) > kManyFound * static_cast<double>(measured)) {
    found = search_places(kOftenWrong);
  }
  for (auto& [unit, places] : found) {
    relocation_of[unit] = static_cast<std::int32_t>(relocations.size());
    relocations.push_back(std::move(places));
    if (input.units[unit].has_place) {
      ++facts.contradicted;
      facts.is_contradicted[unit] = true;
    }
  }
}

Model::Model(const Input& input) : state_(std::make_unique<State>(input)) {
  CHECK(input.pairs.offsets.size() == input.units.size() + 1);
  State& state = *state_;
  for (const Site& site : input.sites) { state.sites.push_back(direction_of(site.place)); }
  for (const Direction& a : state.sites) {
    for (const Direction& b : state.sites) { state.between_km.push_back(distance_km(a, b)); }
  }
  state.relocation_of.assign(input.units.size(), -1);
  state.facts.is_contradicted.assign(input.units.size(), false);
  state.keep_believed();
  state.fit();
  state.sum_levels();
  if (state.facts.pairs == 0) { return; }
  // Units in the wrong place bend what their neighbours are told; so once more without them.
  state.relocate();
  if (state.relocations.empty()) { return; }
  state.sum_levels();
  state.search = std::make_unique<const PlaceSearch>(state.levels, input.sites, state.facts.line);
}

Model::~Model() = default;

const ModelFacts& Model::facts() const noexcept { return state_->facts; }

void Model::row(geo::UnitIndex unit, std::span<RttEstimate> out) const {
  const State& state = *state_;
  CHECK(out.size() == state.clusters);
  State::Scratch scratch(state.clusters);
  state.believe(unit, scratch);
  condition(scratch.beliefs, scratch.own, {scratch.km, state.between_km});
  const bool placed = state.input.units[unit].has_place || state.relocation_of[unit] >= 0;
  auto mine = scratch.own.begin();
  for (std::size_t c = 0; c < state.clusters; ++c) {
    const Belief& belief = scratch.beliefs[c];
    RttEstimate& estimate = out[c];
    const double mean = double{scratch.prior[c]} + double{belief.mean};
    estimate.mean_ms = ms_of_log(mean);
    estimate.sigma_ms = std::exp(mean) * std::sqrt(double{belief.variance});
    estimate.source = !scratch.own.empty()              ? RttSource::kUnit
                      : belief.support >= kLeastSupport ? RttSource::kNeighbours
                      : placed                          ? RttSource::kDistance
                                                        : RttSource::kUnknownPlace;
    if (mine != scratch.own.end() && mine->cluster == c) {
      estimate.source = RttSource::kMeasured;
      ++mine;
    }
  }
}

}  // namespace gslb::measure
