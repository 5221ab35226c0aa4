// The synthetic planet.
#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "bench/steering/matrix.h"

namespace bench::steering {
namespace {

struct Region {
  double latitude;
  double longitude;
  double spread;  // degrees
  double weight;
  char letter;
};
constexpr Region kRegions[] = {
    {40, -80, 6, 10, 'A'}, {37, -115, 7, 6, 'B'}, {49, 8, 6, 16, 'C'},   {55, 40, 8, 5, 'D'},
    {20, 77, 7, 14, 'E'},  {32, 115, 7, 15, 'F'}, {36, 137, 3, 8, 'G'},  {3, 105, 7, 9, 'H'},
    {-20, -48, 7, 7, 'I'}, {20, -98, 5, 4, 'J'},  {-29, 27, 4, 2, 'K'},  {7, 5, 5, 4, 'L'},
    {27, 45, 6, 5, 'M'},   {-34, 148, 5, 2, 'N'}, {-33, -65, 5, 3, 'O'}, {38, 0, 4, 5, 'P'},
};
constexpr double kMsPerKm = 0.01;  // light in fibre, there and back

// How much longer than the great circle the way between two countries is, the same both ways.
class Detours {
 public:
  explicit Detours(std::uint64_t seed) : random_(seed) {}
  double factor(const std::string& a, const std::string& b) {
    const auto key = std::minmax(a, b);
    const auto [entry, fresh] = factors_.try_emplace({key.first, key.second}, 0);
    if (fresh) {
      entry->second = a == b ? 1.3 + 0.3 * std::abs(normal_(random_))
                             : 1.25 + 0.35 * std::exp(0.7 * normal_(random_));
    }
    return entry->second;
  }
  // The place two countries' networks meet, when it lies out of the way: index, or -1.
  int exchange(const std::string& a, const std::string& b, std::size_t sites) {
    const auto key = std::minmax(a, b);
    const auto [entry, fresh] = exchanges_.try_emplace({key.first, key.second}, -1);
    if (fresh && a != b && uniform_(random_) < 0.12) {
      entry->second = static_cast<int>(uniform_(random_) * static_cast<double>(sites));
    }
    return entry->second;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_{0, 1};
  std::map<std::pair<std::string, std::string>, double> factors_;
  std::map<std::pair<std::string, std::string>, int> exchanges_;
};

Site make_site(std::size_t number, std::mt19937_64& random) {
  std::vector<double> weights;
  for (const Region& region : kRegions) { weights.push_back(region.weight); }
  const Region& region =
      kRegions[std::discrete_distribution<std::size_t>(weights.begin(), weights.end())(random)];
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 1);
  Site site;
  site.id = "p" + std::to_string(number);
  site.name = site.id;
  site.has_place = true;
  const double north = region.spread * normal(random);
  const double east = 1.5 * region.spread * normal(random);
  site.place = {std::clamp(region.latitude + north, -60.0, 70.0),
                std::remainder(region.longitude + east, 360.0)};
  // Countries are quarters of a region.
  site.country = {region.letter, static_cast<char>('A' + (north > 0 ? 1 : 0) + (east > 0 ? 2 : 0))};
  site.weight = std::pow(1 - 0.98 * uniform(random), -0.8);  // few large, many small
  return site;
}

}  // namespace

RttMatrix make_planet(std::size_t sites, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  RttMatrix matrix;
  for (std::size_t i = 0; i < sites; ++i) { matrix.sites.push_back(make_site(i, random)); }
  Detours detours(random());
  matrix.rtt_ms.assign(sites * sites, 1);
  for (std::size_t from = 0; from < sites; ++from) {
    for (std::size_t to = 0; to < from; ++to) {
      const std::string& a = matrix.sites[from].country;
      const std::string& b = matrix.sites[to].country;
      double km = matrix.distance_km(from, to) * detours.factor(a, b);
      const int by = detours.exchange(a, b, sites);
      if (by >= 0) {
        const auto middle = static_cast<std::size_t>(by);
        const double around = matrix.distance_km(from, middle) + matrix.distance_km(middle, to);
        km = std::max(km, 1.2 * std::min(around, 12'000 + matrix.distance_km(from, to)));
      }
      const double rtt_ms = (2 + kMsPerKm * km) * std::exp(0.1 * normal(random));
      matrix.rtt_ms[from * sites + to] = static_cast<float>(rtt_ms);
      matrix.rtt_ms[to * sites + from] = static_cast<float>(rtt_ms);
    }
  }
  return matrix;
}

}  // namespace bench::steering
