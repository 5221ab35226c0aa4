// What was measured of round-trip times, and what came of it.
#include <algorithm>

#include "gslb/metrics/parts.h"

namespace gslb::metrics {

namespace {

void add_probes(const measure::ProbeBookFigures& probes, Exposition& out) {
  out.counter("proxima_probe_orders_total", "Probes ordered of edges.",
              static_cast<double>(probes.ordered));
  out.counter("proxima_probe_results_total", "Results of probes, by what became of them.");
  out.sample(static_cast<double>(probes.answered), {{"result", "answered"}});
  out.sample(static_cast<double>(probes.failed), {{"result", "failed"}});
  out.sample(static_cast<double>(probes.expired), {{"result", "lost"}});
  out.sample(static_cast<double>(probes.unwanted), {{"result", "unwanted"}});
  out.gauge("proxima_probe_targets", "Addresses known that stand for a unit.",
            static_cast<double>(probes.targets));
}

void add_beacons(const Input& input, Exposition& out) {
  const measure::BeaconFigures& from = input.beacons;
  out.counter("proxima_beacon_queries_total", "Queries for beacon names without a client subnet.",
              static_cast<double>(from.asked));
  out.counter("proxima_beacon_reports_total",
              "Beacons that edges have seen, by what became of them.");
  out.sample(static_cast<double>(from.joined), {{"result", "joined"}});
  out.sample(static_cast<double>(from.unknown), {{"result", "unknown"}});
  out.sample(static_cast<double>(from.repeated), {{"result", "repeated"}});
  out.sample(static_cast<double>(from.limited), {{"result", "limited"}});
  out.gauge("proxima_resolver_mixtures", "Resolvers that are answered for their clients.",
            input.snapshot ? static_cast<double>(input.snapshot->map->known_resolvers()) : 0);
}

}  // namespace

void add_measure(const Input& input, Exposition& out) {
  add_probes(input.probes, out);
  add_beacons(input, out);
  const auto* estimates = input.snapshot ? input.snapshot->estimates.get() : nullptr;
  if (estimates == nullptr) { return; }
  const measure::EstimatorFigures& figures = estimates->figures();
  const measure::ModelFacts& facts = estimates->facts();
  out.counter("proxima_rtt_samples_total", "RTT samples of heartbeats, by what became of them.");
  out.sample(static_cast<double>(figures.taken), {{"result", "taken"}});
  out.sample(static_cast<double>(figures.out_of_range), {{"result", "out_of_range"}});
  out.sample(static_cast<double>(figures.full), {{"result", "no_room"}});
  out.sample(static_cast<double>(input.samples_lost), {{"result", "lost"}});
  out.gauge("proxima_rtt_pairs", "Pairs of a unit and a cluster with samples.",
            static_cast<double>(figures.pairs));
  out.counter("proxima_rtt_evicted_pairs_total", "Pairs forgotten to make room.",
              static_cast<double>(figures.evicted));
  out.counter("proxima_rtt_route_changes_total",
              "Pairs whose samples so far were forgotten because the route had changed.",
              static_cast<double>(figures.resets));
  out.gauge("proxima_rtt_contradicted_places",
            "Units whose place can't be by what they measured; left out of their estimates.",
            static_cast<double>(facts.contradicted));
  out.gauge("proxima_rtt_cluster_distrusted",
            "1: what the cluster reports can't be for too many units; none of it is believed.");
  for (std::size_t i = 0; i < std::min(facts.distrusted.size(), input.clusters.size()); ++i) {
    out.sample(facts.distrusted[i] ? 1 : 0, {{"cluster", input.clusters[i].id}});
  }
  out.gauge("proxima_cluster_broken_units",
            "Units to which the way from the cluster is broken, while it is well for others.");
  for (std::size_t i = 0; i < std::min(estimates->broken().size(), input.clusters.size()); ++i) {
    out.sample(estimates->broken()[i], {{"cluster", input.clusters[i].id}});
  }
  out.gauge("proxima_cluster_hit_ratio", "Of the cluster's cache, as plans go by it.");
  for (std::size_t i = 0; i < std::min(estimates->broken().size(), input.clusters.size()); ++i) {
    const auto ratio = estimates->hit_ratio(static_cast<fleet::ClusterIndex>(i));
    if (ratio) { out.sample(*ratio, {{"cluster", input.clusters[i].id}}); }
  }
  constexpr double kMillisecond = 1e-3;
  out.gauge("proxima_rtt_prior_base_seconds", "The fitted prior: RTT at no distance.",
            facts.line.base_ms * kMillisecond);
  out.gauge("proxima_rtt_prior_seconds_per_kilometre", "The fitted prior: its slope.",
            facts.line.ms_per_km * kMillisecond);
}

}  // namespace gslb::metrics
