// What is loaded, and how loading it again went.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {

namespace {

constexpr std::size_t kMostZoneSeries = 100;

void add_zones(const zone::ZoneSet& set, Exposition& out) {
  std::size_t absent = 0;
  for (const auto& zone : set.zones()) {
    absent += zone->state() == zone::ZoneState::kServed ? 0 : 1;
  }
  out.gauge("proxima_zones", "Zones served.", static_cast<double>(set.zones().size()));
  out.gauge("proxima_zones_without_data", "Secondary zones without a copy, or an expired one.",
            static_cast<double>(absent));
  if (set.zones().size() > kMostZoneSeries) { return; }
  out.gauge("proxima_zone_serial", "SOA serial served, with at most 100 zones.");
  for (const auto& zone : set.zones()) {
    if (zone->state() != zone::ZoneState::kServed) { continue; }
    out.sample(static_cast<double>(zone->serial()), {{"zone", zone->apex().to_string()}});
  }
}

}  // namespace

void add_snapshot(const Input& input, Exposition& out) {
  out.counter("proxima_reloads_total", "Reloads of configuration or geo files, by result.");
  out.sample(static_cast<double>(input.reloads_succeeded), {{"result", "success"}});
  out.sample(static_cast<double>(input.reloads_failed), {{"result", "failure"}});
  out.gauge("proxima_last_reload_successful", "0: the last reload was refused.",
            input.last_reload_succeeded ? 1 : 0);
  if (input.last_reload_at) {
    out.gauge("proxima_last_reload_timestamp_seconds", "When the last reload ended, since 1970.",
              std::chrono::duration<double>(input.last_reload_at->time_since_epoch()).count());
  }
  out.gauge("proxima_zones_kept", "Zones whose file has errors: their older copy serves.",
            static_cast<double>(input.kept_zones));
  if (!input.snapshot) { return; }
  const answer::Snapshot& snapshot = *input.snapshot;
  std::size_t records = 0;
  std::size_t zone_octets = 0;
  for (const auto& zone : snapshot.zones->zones()) {
    records += zone->record_count();
    zone_octets += zone->memory_octets();
  }
  out.gauge("proxima_snapshot_generation", "Number of the snapshot that is answered from.",
            static_cast<double>(snapshot.generation));
  out.gauge("proxima_snapshot_bytes", "Memory the snapshot's parts hold.");
  out.sample(static_cast<double>(zone_octets), {{"part", "zones"}});
  out.sample(static_cast<double>(snapshot.geo->memory_octets()), {{"part", "geo"}});
  out.sample(static_cast<double>(snapshot.map->memory_octets()), {{"part", "map"}});
  add_zones(*snapshot.zones, out);
  out.gauge("proxima_zone_records", "Records in all zones.", static_cast<double>(records));
  out.gauge("proxima_routes", "Routed owner names.",
            static_cast<double>(snapshot.services->routes.size()));
  out.gauge("proxima_geo_units", "Map units: groups of clients steered alike.",
            static_cast<double>(snapshot.geo->units().size()));
  out.gauge("proxima_geo_leaves", "Prefixes the address space is cut into.",
            static_cast<double>(snapshot.geo->leaf_count()));
}

}  // namespace gslb::metrics
