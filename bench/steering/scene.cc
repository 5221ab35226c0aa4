#include "bench/steering/scene.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <stdexcept>

#include "tests/support/folder.h"

namespace bench::steering {
namespace {

using gslb::geo::Place;
using Random = std::mt19937_64;

constexpr double kLeastApartKm = 300;

constexpr const char* kConfigHead = R"(
[[zone]]
name = "example."
file = "example.zone"
[[geo.source]]
file = "geo.csv"
kind = "csv"
country_field = 2
latitude_field = 3
longitude_field = 4
radius_field = 5
asn_field = 6
[service.web]
ttl = 60
[[route]]
name = "www.example."
service = "web"
[health]
heartbeat_interval = "1s"
)";

double log_normal(Random& random, double sigma) {
  return std::exp(sigma * std::normal_distribution<double>()(random));
}

std::vector<std::size_t> pick_clusters(const RttMatrix& matrix, std::size_t wanted,
                                       Random& random) {
  std::vector<double> weights;
  for (const Site& site : matrix.sites) { weights.push_back(std::sqrt(site.weight)); }
  std::vector<std::size_t> picked;
  for (int tries = 0; picked.size() < wanted; ++tries) {
    const auto site =
        std::discrete_distribution<std::size_t>(weights.begin(), weights.end())(random);
    const bool close = std::any_of(picked.begin(), picked.end(), [&](std::size_t other) {
      return matrix.sites[site].has_place && tries < 1000 &&
             matrix.distance_km(site, other) < kLeastApartKm;
    });
    if (close) { continue; }
    weights[site] = 0;
    picked.push_back(site);
  }
  std::sort(picked.begin(), picked.end());
  return picked;
}

// Where the geo data put a network: at home, or somewhere in its part of the world, or anywhere.
std::size_t claimed_site(const RttMatrix& matrix, std::size_t home, double wrong, Random& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  if (uniform(random) >= wrong) { return home; }
  const bool same_part = uniform(random) < 0.5;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto site =
        static_cast<std::size_t>(uniform(random) * static_cast<double>(matrix.sites.size()));
    if (site == home || (same_part && matrix.distance_km(site, home) > 3000)) { continue; }
    return site;
  }
  return home;
}

class Builder {
 public:
  Builder(const RttMatrix& matrix, const SceneOptions& options)
      : matrix_(matrix), random_(options.seed * 7919 + 17) {
    scene_.options = options;
    scene_.demand = kTotalRequests;
  }

  Scene build() {
    for (const std::size_t site : pick_clusters(matrix_, scene_.options.clusters, random_)) {
      scene_.clusters.push_back({site, 0, log_normal(random_, scene_.options.hidden_sigma)});
    }
    make_networks();
    size_clusters();
    scene_.compiled = bench::steering::compile(config(), geo_csv());
    make_units();
    return std::move(scene_);
  }

 private:
  void make_networks() {
    double total = 0;
    for (const Site& site : matrix_.sites) { total += site.weight; }
    for (std::size_t site = 0; site < matrix_.sites.size(); ++site) {
      for (std::size_t which = 0; which < scene_.options.operators; ++which) {
        Network network;
        network.site = site;
        const auto parts = static_cast<double>(scene_.options.operators);
        network.weight = matrix_.sites[site].weight / total * 2 *
                         (parts - static_cast<double>(which)) / (parts * (parts + 1));
        network.last_mile_ms = 6 * log_normal(random_, 0.6);
        for (const ClusterTruth& cluster : scene_.clusters) {
          network.rtt_ms.push_back(matrix_.rtt(site, cluster.site) * log_normal(random_, 0.06) +
                                   network.last_mile_ms);
        }
        scene_.networks.push_back(std::move(network));
      }
    }
  }

  void size_clusters() {
    std::vector<double> nearest(scene_.clusters.size(), 0);
    for (const Network& network : scene_.networks) {
      const auto best = std::min_element(network.rtt_ms.begin(), network.rtt_ms.end());
      nearest[static_cast<std::size_t>(best - network.rtt_ms.begin())] += network.weight;
    }
    double total = 0;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      const double fair = 0.2 / static_cast<double>(nearest.size());
      ClusterTruth& cluster = scene_.clusters[i];
      cluster.capacity = (nearest[i] + fair) * log_normal(random_, scene_.options.capacity_sigma);
      total += cluster.capacity;
    }
    for (ClusterTruth& cluster : scene_.clusters) {
      cluster.capacity *= scene_.demand / scene_.options.use / total;
    }
  }

  std::uint32_t asn_of(const Network& network, std::size_t which) const {
    const Site& site = matrix_.sites[network.site];
    if (site.asn != 0) { return site.asn; }
    if (!site.has_place) {
      return 200'000 + static_cast<std::uint32_t>(network.site * scene_.options.operators + which);
    }
    // National operators, one after the other, by country.
    std::uint32_t country = 0;
    for (const char c : site.country) { country = country * 32 + (static_cast<unsigned>(c) & 31); }
    return 100'000 + country * 8 + static_cast<std::uint32_t>(which);
  }

  std::string geo_csv() {
    std::string csv;
    for (std::size_t i = 0; i < scene_.networks.size(); ++i) {
      Network& network = scene_.networks[i];
      const std::size_t said =
          claimed_site(matrix_, network.site, scene_.options.wrong_geo, random_);
      const Site& site = matrix_.sites[said];
      const auto number = static_cast<unsigned>(24U << 24 | i << 8);
      const std::string first = std::to_string(number >> 24) + '.' +
                                std::to_string(number >> 16 & 255) + '.' +
                                std::to_string(number >> 8 & 255) + '.';
      network.prefix = gslb::Prefix::parse(first + "0/24").value();
      // One that is registered elsewhere is an operator of its own.
      const std::uint32_t asn = said == network.site ? asn_of(network, i % scene_.options.operators)
                                                     : 300'000 + static_cast<std::uint32_t>(i);
      csv += first + "0," + first + "255," + site.country + ',';
      if (site.has_place) {
        csv += std::to_string(site.place.latitude) + ',' + std::to_string(site.place.longitude);
      } else {
        csv += ',';
      }
      csv += ",50," + std::to_string(asn) + '\n';
    }
    return csv;
  }

  std::string config() const {
    std::string text = kConfigHead;
    for (std::size_t i = 0; i < scene_.clusters.size(); ++i) {
      const ClusterTruth& cluster = scene_.clusters[i];
      const Place place = matrix_.sites[cluster.site].place;
      const std::string id = "c" + std::to_string(i);
      const double most = cluster.capacity * cluster.load_per_request;
      text += "[cluster." + id + "]\nlatitude = " + std::to_string(place.latitude) +
              "\nlongitude = " + std::to_string(place.longitude) +
              "\nkey = \"0123456789abcdef\"\n[cluster." + id +
              ".capacity.requests_per_s]\ntarget = " + std::to_string(most * kTargetOfMax) +
              "\nmax = " + std::to_string(most) + "\n[[cluster." + id +
              ".node]]\nid = \"n\"\nipv4 = \"203.0.113." + std::to_string(i % 250 + 1) + "\"\n";
    }
    return text;
  }

  // The network whose resolver asks for `from` when it sends no ECS: its own, the country's
  // largest, or a large one within 5,000 km.
  std::size_t resolver_of(std::size_t from) {
    std::uniform_real_distribution<double> uniform(0, 1);
    const double kind = uniform(random_);
    const std::size_t home = scene_.networks[from].site;
    if (kind < 0.7 || !matrix_.sites[home].has_place) { return from; }
    std::size_t best = from;
    for (std::size_t i = 0; i < scene_.networks.size(); ++i) {
      const std::size_t site = scene_.networks[i].site;
      const bool eligible = kind < 0.9 ? matrix_.sites[site].country == matrix_.sites[home].country
                                       : matrix_.distance_km(site, home) < 5000;
      if (eligible && scene_.networks[i].weight > scene_.networks[best].weight) { best = i; }
    }
    return best;
  }

  void add_traffic(gslb::geo::UnitIndex index, const Network& network, double weight) {
    UnitTruth& unit = scene_.units[index];
    unit.weight += weight;
    unit.longitude += weight * matrix_.sites[network.site].place.longitude;
    unit.rtt_ms.resize(scene_.clusters.size(), 0);
    for (std::size_t i = 0; i < unit.rtt_ms.size(); ++i) {
      unit.rtt_ms[i] += weight * network.rtt_ms[i];
    }
  }

  void make_units() {
    const auto& geo = *scene_.compiled->geo;
    scene_.units.resize(geo.units().size());
    double best_ms = 0;
    for (Network& network : scene_.networks) {
      network.unit = geo.find(network.prefix.address()).unit;
      best_ms += network.weight * *std::min_element(network.rtt_ms.begin(), network.rtt_ms.end());
    }
    for (std::size_t i = 0; i < scene_.networks.size(); ++i) {
      Network& network = scene_.networks[i];
      const double ecs = scene_.options.ecs;
      add_traffic(network.unit, network, network.weight * ecs);
      network.resolver = resolver_of(i);
      const Network& resolver = scene_.networks[network.resolver];
      add_traffic(resolver.unit, network, network.weight * (1 - ecs));
    }
    scene_.mixed_ms = -best_ms;
    for (std::size_t i = 0; i < scene_.units.size(); ++i) {
      UnitTruth& unit = scene_.units[i];
      scene_.claimed.push_back(geo.units()[i].place);
      unit.queries_per_request = 0.1 * log_normal(random_, scene_.options.query_sigma);
      unit.rtt_ms.resize(scene_.clusters.size(), 0);
      if (unit.weight <= 0) { continue; }
      unit.longitude /= unit.weight;
      for (double& rtt_ms : unit.rtt_ms) { rtt_ms /= unit.weight; }
      unit.best_ms = *std::min_element(unit.rtt_ms.begin(), unit.rtt_ms.end());
      scene_.mixed_ms += unit.weight * unit.best_ms;
    }
  }

  const RttMatrix& matrix_;
  Random random_;
  Scene scene_;
};

}  // namespace

std::shared_ptr<gslb::control::Compiled> compile(const std::string& config,
                                                 const std::string& geo_csv) {
  const tests::Folder folder;
  folder.write("geo.csv", geo_csv);
  folder.write(
      "example.zone",
      "@ 60 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 60 IN NS ns\nns 60 IN A 203.0.113.1\n");
  gslb::Problems problems;
  auto compiled = gslb::control::compile(folder.write("proxima.toml", config), problems);
  if (!compiled) { throw std::runtime_error(problems.to_string()); }
  return compiled;
}

Scene make_scene(const RttMatrix& matrix, const SceneOptions& options) {
  if (matrix.sites.size() < options.clusters) { throw std::runtime_error("too few places"); }
  return Builder(matrix, options).build();
}

}  // namespace bench::steering
