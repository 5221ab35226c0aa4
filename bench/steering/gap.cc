#include "bench/steering/gap.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>
#include <random>

#include "gslb/steer/assign.h"

#include "bench/steering/matrix.h"

namespace bench::steering {
namespace {

using gslb::steer::Assignment;
using gslb::steer::Candidate;

constexpr std::size_t kCandidates = 32;

struct Problem {
  std::size_t clusters = 0;
  std::vector<float> cost_ms;  // rows x clusters
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
  std::vector<double> demand;
  std::vector<double> capacity;
  gslb::steer::GroupTree groups;
};

// Units spread over the sites of a planet, clusters at some of them.
Problem make_problem(const GapOptions& options) {
  const RttMatrix planet = make_planet(400, options.seed);
  std::mt19937_64 random(options.seed);
  std::normal_distribution<double> normal;
  std::vector<double> weights;
  for (const Site& site : planet.sites) { weights.push_back(site.weight); }
  std::discrete_distribution<std::size_t> site_of(weights.begin(), weights.end());
  Problem problem;
  problem.clusters = options.clusters;
  std::vector<std::size_t> sites;
  for (std::size_t i = 0; i < options.clusters; ++i) { sites.push_back(random() % 400); }
  std::vector<double> nearest(options.clusters, 1e-9);
  double total = 0;
  const std::size_t rows = options.units * options.classes;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t site = site_of(random);
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < options.clusters; ++i) {
      const double cost = planet.rtt(site, sites[i]) * std::exp(0.1 * normal(random));
      problem.cost_ms.push_back(static_cast<float>(cost));
      all.push_back({static_cast<std::uint16_t>(i), static_cast<float>(cost)});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](auto& a, auto& b) { return a.cost_ms < b.cost_ms; });
    all.resize(std::min(all.size(), kCandidates));
    problem.candidates.insert(problem.candidates.end(), all.begin(), all.end());
    problem.offsets.push_back(static_cast<std::uint32_t>(problem.candidates.size()));
    problem.demand.push_back(std::exp(1.5 * normal(random)));
    nearest[all.front().cluster] += problem.demand.back();
    total += problem.demand.back();
  }
  double sum = 0;
  for (const double each : nearest) {
    problem.capacity.push_back((each + 0.2 * total / static_cast<double>(options.clusters)) *
                               std::exp(0.35 * normal(random)));
    sum += problem.capacity.back();
  }
  for (double& each : problem.capacity) { each *= total / options.use / sum; }
  problem.groups = {.parent = {}, .clusters = options.clusters, .fails_together = {}};
  if (options.groups == 0) { return problem; }
  std::vector<double> of_groups(options.groups, 0);
  for (std::size_t i = 0; i < options.clusters; ++i) {
    problem.groups.parent.push_back(
        static_cast<std::uint16_t>(options.clusters + i % options.groups));
    of_groups[i % options.groups] += kGroupRoom * problem.capacity[i];
  }
  problem.groups.parent.resize(options.clusters + options.groups, gslb::steer::kNoHolder);
  problem.groups.fails_together.assign(options.groups, true);
  problem.capacity.insert(problem.capacity.end(), of_groups.begin(), of_groups.end());
  return problem;
}

// Any prices bound the optimum from below, over all clusters and not only the candidates.
double bound(const Problem& problem, const std::vector<double>& price_ms) {
  double sum = 0;
  for (std::size_t row = 0; row < problem.demand.size(); ++row) {
    double least = std::numeric_limits<double>::max();
    for (std::size_t i = 0; i < problem.clusters; ++i) {
      least = std::min(
          least, static_cast<double>(problem.cost_ms[row * problem.clusters + i]) + price_ms[i]);
    }
    sum += problem.demand[row] * least;
  }
  for (std::size_t i = 0; i < problem.capacity.size(); ++i) {
    const bool is_in_group = !problem.groups.parent.empty() && i < problem.clusters;
    const double above_ms = is_in_group ? price_ms[problem.groups.parent[i]] : 0;
    sum -= (price_ms[i] - above_ms) * problem.capacity[i];
  }
  return sum;
}

double cost(const Problem& problem, const Assignment& made) {
  double sum = 0;
  for (std::size_t row = 0; row < made.rows.size(); ++row) {
    for (std::size_t i = 0; i < made.rows[row].count; ++i) {
      const auto& share = made.rows[row].shares[i];
      sum += problem.demand[row] * share.fraction *
             static_cast<double>(problem.cost_ms[row * problem.clusters + share.cluster]);
    }
  }
  return sum;
}

double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

std::string measure_gap(const GapOptions& options) {
  Problem problem = make_problem(options);
  std::string report;
  for (const char* which : {"first plan", "after demand changed by 5 %"}) {
    const double start = cpu_s();
    const Assignment made =
        gslb::steer::assign({.candidates = problem.candidates,
                             .offsets = problem.offsets,
                             .demand = problem.demand,
                             .capacity = problem.capacity,
                             .groups = problem.groups.parent.empty() ? nullptr : &problem.groups});
    const double took = cpu_s() - start;
    const double best = bound(problem, made.price_ms);
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s: %zu rows x %zu clusters, %.0f %% use: %.2f s CPU, %s, %.4f %% over the LP "
                  "bound, %zu moves, %.1f M steps\n",
                  which, problem.demand.size(), options.clusters, 100 * options.use, took,
                  made.feasible ? "feasible" : "NOT feasible",
                  100 * (cost(problem, made) / best - 1), made.moves,
                  static_cast<double>(made.steps) / 1e6);
    report += line;
    std::mt19937_64 random(options.seed + 1);
    for (double& each : problem.demand) {
      each *= std::exp(0.05 * std::normal_distribution<double>()(random));
    }
  }
  return report;
}

}  // namespace bench::steering
