#include "gslb/control/compiled.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>

#include "gslb/base/file.h"
#include "gslb/control/debug_name.h"
#include "gslb/control/zone_signing.h"
#include "gslb/geo/cache.h"
#include "gslb/geo/compile.h"

namespace gslb::control {
namespace {

constexpr std::size_t kCountryLetters = 2;  // "US" of "US-CA"

// Units are only cut by subdivisions of countries where a map tells them apart.
bool uses_subdivisions(const config::Config& config) {
  return std::any_of(config.maps.begin(), config.maps.end(),
                     [](const config::Map& each) { return !each.subdivisions.empty(); });
}

void check_subdivisions(const config::Config& config, Problems& problems) {
  const auto& sources = config.geo.sources;
  const auto& overrides = config.overrides;
  const bool any = std::any_of(sources.begin(), sources.end(),
                               [](const auto& each) { return !each.subdivision_field.empty(); }) ||
                   std::any_of(overrides.begin(), overrides.end(), [](const auto& each) {
                     return each.set_country.size() > kCountryLetters;
                   });
  for (const config::Map& map : config.maps) {
    if (any || map.subdivisions.empty()) { continue; }
    problems.warning(
        map.id.at,
        "map '" + map.id.text + "' names subdivisions of countries, and no geo source knows any",
        "give a [[geo.source]] a subdivision_field (preset \"maxmind\" has one), or set_country to "
        "one in an [[override]]");
  }
}

geo::Source geo_source(const config::GeoSource& from, bool with_subdivisions) {
  return {.file = from.file.text,
          .at = from.file.at,
          .kind = from.kind == "csv" ? geo::SourceKind::kCsv : geo::SourceKind::kMmdb,
          .country_field = from.country_field,
          .latitude_field = from.latitude_field,
          .longitude_field = from.longitude_field,
          .radius_field = from.radius_field,
          .asn_field = from.asn_field,
          .operator_field = from.operator_field,
          .subdivision_field = with_subdivisions ? from.subdivision_field : "",
          .attribution = from.attribution};
}

std::string set_country(const config::Override& from, bool with_subdivisions) {
  return with_subdivisions ? from.set_country : from.set_country.substr(0, kCountryLetters);
}

geo::CompileOptions geo_options(const config::Config& config) {
  geo::CompileOptions options;
  const bool with_subdivisions = uses_subdivisions(config);
  for (const auto& source : config.geo.sources) {
    options.sources.push_back(geo_source(source, with_subdivisions));
  }
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    const config::Override& from = config.overrides[i];
    if (!from.prefix) { continue; }
    geo::PrefixOverride made{.prefix = *from.prefix,
                             .place = std::nullopt,
                             .country = set_country(from, with_subdivisions),
                             .asn = from.set_asn,
                             .override_index = static_cast<std::int32_t>(i)};
    if (from.latitude && from.longitude) { made.place = {*from.latitude, *from.longitude}; }
    options.overrides.push_back(std::move(made));
  }
  return options;
}

std::shared_ptr<const zone::ZoneSet> zone_set(const ZoneTable& table) {
  std::vector<std::shared_ptr<const zone::Zone>> zones;
  zones.reserve(table.rows().size());
  for (const ZoneTable::Row& row : table.rows()) {
    if (row->zone) { zones.push_back(row->zone); }
  }
  return std::make_shared<const zone::ZoneSet>(std::move(zones));
}

void check_report_channel(const config::Server& server, Problems& problems) {
  if (!server.report_channel) { return; }
  const auto agent = dns::Name::parse(server.report_channel->text);
  if (!agent || agent->is_root()) {
    problems.error(server.report_channel->at,
                   "report_channel '" + server.report_channel->text + "' is not a domain name",
                   "name the zone that takes error reports (RFC 9567)");
  }
}

void check_keys(const config::Config& config, Problems& problems) {
  dnssec::KeyDirectories directories;
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!zone.dnssec || !apex) { continue; }
    const auto policy =
        std::ranges::find(config.dnssec, zone.dnssec->text,
                          [](const config::DnssecPolicy& each) { return each.id.text; });
    control::check_keys({*apex, *policy, zone.dnssec->at}, *directories.of(policy->key_dir),
                        problems);
  }
}

// The map of the configured sources, from the cache when it was made from just these.
std::shared_ptr<const geo::GeoMap> geo_map(const config::Config& config,
                                           const std::string& fingerprint, bool uses_cache,
                                           Problems& problems) {
  const std::string& folder = config.server.state_dir;
  if (!uses_cache || folder.empty() || config.geo.sources.empty()) {
    return geo::compile(geo_options(config), problems);
  }
  const std::string path = folder + "/geo.cache";
  if (const auto cache = read_file(path, std::size_t{4} << 30)) {
    if (auto map = geo::read_cache(as_octets(*cache), fingerprint)) { return map; }
  }
  auto map = geo::compile(geo_options(config), problems);
  if (map == nullptr) { return nullptr; }
  make_folder(folder);
  if (!write_file_atomically(path, geo::write_cache(*map, fingerprint))) {
    problems.warning({path}, std::string("can't write the geo cache: ") + std::strerror(errno),
                     "every start compiles the geo databases anew");
  }
  return map;
}

std::vector<measure::ListedTarget> load_probe_targets(const config::Probes& probes,
                                                      Problems& problems) {
  constexpr std::size_t kMaxFileOctets = 16 << 20;
  if (!probes.targets) { return {}; }
  const auto text = read_file(probes.targets->text, kMaxFileOctets);
  if (text) { return measure::parse_probe_targets(*text, probes.targets->text, problems); }
  problems.error(probes.targets->at,
                 "can't read '" + probes.targets->text + "': " + std::strerror(errno),
                 "a relative path starts at the configuration file's folder");
  return {};
}

}  // namespace

std::string geo_fingerprint(const config::Config& config) {
  std::string text;
  for (const config::GeoSource& source : config.geo.sources) {
    struct stat info {};
    const bool there = ::stat(source.file.text.c_str(), &info) == 0;
    text += source.file.text + '|' + source.country_field + '|' + source.latitude_field + '|' +
            source.longitude_field + '|' + source.radius_field + '|' + source.asn_field + '|' +
            source.operator_field + '|' + source.attribution;
    if (uses_subdivisions(config)) { text += '|' + source.subdivision_field; }
    if (there) {
      text += '|' + std::to_string(info.st_ino) + '|' + std::to_string(info.st_size) + '|' +
              std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec);
    }
    text += '\n';
  }
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    const config::Override& each = config.overrides[i];
    if (!each.prefix) { continue; }
    text += std::to_string(i) + '|' + each.prefix->to_string() + '|' +
            set_country(each, uses_subdivisions(config)) + '|' +
            std::to_string(each.set_asn.value_or(0)) + '|' +
            std::to_string(each.latitude.value_or(999)) + '|' +
            std::to_string(each.longitude.value_or(999)) + '\n';
  }
  return text;
}

std::shared_ptr<Compiled> compile(const std::string& path, Problems& problems, const Reuse& reuse) {
  const std::size_t errors_before = problems.error_count();
  auto config = config::load(path, problems);
  if (!config) { return nullptr; }
  auto compiled = std::make_shared<Compiled>();
  compiled->config = std::move(*config);
  check_report_channel(compiled->config.server, problems);
  compiled->fleet = fleet::FleetModel::compile(compiled->config);
  compiled->monitors = monitor::prepare(compiled->config, problems);
  compiled->services = steer::compile_services(compiled->config, problems);
  if (compiled->services) {
    compiled->table = load_zones(compiled->config, *compiled->services, reuse.zones,
                                 reuse.force_zones, problems, &compiled->kept_zones);
  }
  if (compiled->table) { compiled->zones = zone_set(*compiled->table); }
  if (compiled->zones) { check_debug_name(compiled->config, *compiled->zones, problems); }
  compiled->secondary = make_secondary_setup(compiled->config, problems);
  // At a reload the keys in memory serve on, whatever has become of the files.
  if (reuse.compiled == nullptr) { check_keys(compiled->config, problems); }
  if (const config::Server& server = compiled->config.server; !server.listen_tls.empty()) {
    compiled->tls = server::TlsContext::load(
        {server.tls_certificate, server.tls_key, server.tls_client_ca},
        reuse.compiled == nullptr ? nullptr : reuse.compiled->tls.get(), problems);
  }
  compiled->probe_targets = load_probe_targets(compiled->config.probes, problems);
  check_subdivisions(compiled->config, problems);
  compiled->geo_fingerprint = geo_fingerprint(compiled->config);
  if (reuse.compiled != nullptr && reuse.compiled->geo_fingerprint == compiled->geo_fingerprint) {
    compiled->geo = reuse.compiled->geo;
  } else {
    compiled->geo =
        geo_map(compiled->config, compiled->geo_fingerprint, reuse.uses_geo_cache, problems);
  }
  if (problems.error_count() != errors_before) { return nullptr; }
  return compiled;
}

std::shared_ptr<Compiled> recompile_geo(const Compiled& previous, Problems& problems) {
  std::string fingerprint = geo_fingerprint(previous.config);
  if (fingerprint == previous.geo_fingerprint) { return nullptr; }
  auto geo = geo_map(previous.config, fingerprint, true, problems);
  if (!geo) { return nullptr; }
  auto compiled = std::make_shared<Compiled>(previous);
  compiled->geo = std::move(geo);
  compiled->geo_fingerprint = std::move(fingerprint);
  return compiled;
}

}  // namespace gslb::control
