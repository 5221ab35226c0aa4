#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <sstream>

#include "gslb/control/epoch.h"

#include "bench/steering/gap.h"
#include "bench/steering/scene.h"

namespace bench::steering {
namespace {

using gslb::control::Compiled;

double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string config(const GapOptions& options, const RttMatrix& planet) {
  std::string text =
      "[[zone]]\nname = \"example.\"\nfile = \"example.zone\"\n[[geo.source]]\nfile = \"geo.csv\"\n"
      "latitude_field = 2\nlongitude_field = 3\nasn_field = 4\n";
  for (std::size_t i = 0; i < options.classes; ++i) {
    const std::string id = "s" + std::to_string(i);
    text += "[service." + id + "]\n[[route]]\nname = \"" + id + ".example.\"\nservice = \"" + id +
            "\"\n";
  }
  for (std::size_t i = 0; i < options.groups; ++i) {
    text += "[group.g" + std::to_string(i) + "]\n";
  }
  for (std::size_t i = 0; i < options.clusters; ++i) {
    const auto place = planet.sites[i].place;
    text += "[cluster.c" + std::to_string(i) + "]\n";
    if (options.groups > 0) { text += "group = \"g" + std::to_string(i % options.groups) + "\"\n"; }
    text += "health = \"none\"\nlatitude = " + std::to_string(place.latitude) +
            "\nlongitude = " + std::to_string(place.longitude) + "\n[[cluster.c" +
            std::to_string(i) + ".node]]\nid = \"n\"\nipv4 = \"203.0.113.1\"\n";
  }
  return text;
}

// As many units as asked for: a network each, of an ASN of its own.
std::shared_ptr<const Compiled> compile(const GapOptions& options) {
  const RttMatrix planet = make_planet(std::max<std::size_t>(400, options.clusters), options.seed);
  std::ostringstream csv;
  std::mt19937_64 random(options.seed);
  for (std::size_t i = 0; i < options.units; ++i) {
    const auto place = planet.sites[random() % planet.sites.size()].place;
    const std::size_t number = (std::size_t{24} << 16) + i;
    const std::string prefix = std::to_string(number >> 16) + '.' +
                               std::to_string(number >> 8 & 255) + '.' +
                               std::to_string(number & 255) + '.';
    csv << prefix << "0," << prefix << "255," << place.latitude << ',' << place.longitude << ','
        << 1000 + i << '\n';
  }
  return steering::compile(config(options, planet), csv.str());
}

// What edges tell of a tenth of the units: each at one cluster.
void sample(const GapOptions& options, gslb::control::Epoch& epoch, gslb::WallTime now,
            std::mt19937_64& random) {
  const RttMatrix planet = make_planet(std::max<std::size_t>(400, options.clusters), options.seed);
  const auto& units = epoch.compiled->geo->units();
  std::normal_distribution<double> normal;
  std::vector<gslb::control::TimedSample> samples;
  for (std::size_t i = 0; i < units.size() / 10; ++i) {
    const std::size_t unit = random() % units.size();
    const std::size_t cluster = random() % options.clusters;
    const double km = gslb::geo::distance_km(units[unit].place, planet.sites[cluster].place);
    const double rtt_ms = (5 + 0.015 * km) * std::exp(0.1 * normal(random));
    samples.push_back({{.unit = static_cast<gslb::geo::UnitIndex>(unit),
                        .cluster = static_cast<gslb::fleet::ClusterIndex>(cluster),
                        .rtt_ms = rtt_ms,
                        .count = 10},
                       now});
  }
  gslb::control::learn(epoch, samples, now);
}

}  // namespace

std::string measure_replan(const GapOptions& options) {
  const auto compiled = compile(options);
  const double begun = cpu_s();
  gslb::FakeClock clock;
  gslb::control::Epoch epoch(compiled, 1, clock.mono());
  std::string report;
  char line[256];
  std::snprintf(line, sizeof line, "costs and candidates: %.2f s CPU\n", cpu_s() - begun);
  report += line;
  const std::size_t units = compiled->geo->units().size();
  std::mt19937_64 random(options.seed + 1);
  std::normal_distribution<double> normal;
  std::vector<gslb::steer::ClusterInput> inputs(options.clusters + options.groups, {true, 0, true});
  std::vector<double> target;
  for (int plan = 0; plan < 6; ++plan) {
    clock.advance(std::chrono::seconds(15));
    for (std::size_t service = 0; service < options.classes; ++service) {
      for (std::size_t unit = 0; unit < units; ++unit) {
        epoch.demand->count(0, static_cast<gslb::steer::ServiceIndex>(service),
                            static_cast<gslb::geo::UnitIndex>(unit),
                            static_cast<std::uint32_t>(100 * std::exp(0.2 * normal(random))));
      }
    }
    if (plan == 5) { inputs[0].serving = false; }
    const double told = cpu_s();
    if (options.learns) { sample(options, epoch, clock.wall(), random); }
    const double start = cpu_s();
    const auto made = gslb::control::make_plan(epoch, inputs, {clock.mono(), clock.wall()});
    const double took = cpu_s() - start;
    // Once loads are known, targets are such that the mean use is as asked, far from even.
    if (target.empty()) {
      const auto& load = made.summary.planned_load;
      const double mean = made.summary.demand_per_s / static_cast<double>(options.clusters);
      for (std::size_t i = 0; i < options.clusters; ++i) {
        const double each = load[i];
        target.push_back((0.8 * each + 0.2 * mean) * std::exp(0.35 * normal(random)) / options.use);
      }
      for (std::size_t group = 0; group < options.groups; ++group) {
        double room = 0;
        for (std::size_t i = group; i < options.clusters; i += options.groups) {
          room += kGroupRoom * target[i];
        }
        target.push_back(room);
      }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].utilisation = inputs[i].serving ? made.summary.planned_load[i] / target[i] : 0;
    }
    std::snprintf(line, sizeof line,
                  "plan %d%s: %zu rows x %zu clusters: %.2f s CPU (learning %.2f s before), "
                  "scale %.2f, moved %.1f %%\n",
                  plan + 1, plan == 5 ? ", a cluster died" : "", units * options.classes,
                  options.clusters, took, start - told, made.summary.over_scale,
                  100 * made.summary.moved_share);
    report += line;
  }
  return report;
}

}  // namespace bench::steering
