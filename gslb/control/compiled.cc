#include "gslb/control/compiled.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

#include "gslb/geo/compile.h"
#include "gslb/zone/loader.h"

namespace gslb::control {
namespace {

using zone::RouteBinding;

geo::Source geo_source(const config::GeoSource& from) {
  return {.file = from.file.text,
          .at = from.file.at,
          .kind = from.kind == "csv" ? geo::SourceKind::kCsv : geo::SourceKind::kMmdb,
          .country_field = from.country_field,
          .latitude_field = from.latitude_field,
          .longitude_field = from.longitude_field,
          .radius_field = from.radius_field,
          .asn_field = from.asn_field,
          .operator_field = from.operator_field,
          .attribution = from.attribution};
}

geo::CompileOptions geo_options(const config::Config& config) {
  geo::CompileOptions options;
  for (const auto& source : config.geo.sources) { options.sources.push_back(geo_source(source)); }
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    const config::Override& from = config.overrides[i];
    if (!from.prefix) { continue; }
    geo::PrefixOverride made{.prefix = *from.prefix,
                             .place = std::nullopt,
                             .country = from.set_country,
                             .asn = from.set_asn,
                             .override_index = static_cast<std::int32_t>(i)};
    if (from.latitude && from.longitude) { made.place = {*from.latitude, *from.longitude}; }
    options.overrides.push_back(std::move(made));
  }
  return options;
}

struct NamedZone {
  dns::Name apex;
  const config::Zone* from;
  std::vector<RouteBinding> routes;
};

std::vector<NamedZone> name_zones(const config::Config& config, Problems& problems) {
  std::vector<NamedZone> named;
  for (const config::Zone& from : config.zones) {
    auto apex = dns::Name::parse(from.name.text);
    if (!apex) {
      problems.error(from.name.at, "zone name '" + from.name.text + "' is not a domain name",
                     std::string(dns::describe(apex.error())));
      continue;
    }
    const bool twice = std::any_of(named.begin(), named.end(),
                                   [&](const NamedZone& other) { return other.apex == *apex; });
    if (twice) {
      problems.error(from.name.at, "zone '" + from.name.text + "' is configured twice",
                     "names are compared without case and final dot");
      continue;
    }
    named.push_back({std::move(*apex), &from, {}});
  }
  return named;
}

// A route belongs to the zone with the longest apex around it, as a query would find it.
void bind_routes(const steer::ServiceTable& services, std::vector<NamedZone>& named,
                 Problems& problems) {
  for (std::size_t i = 0; i < services.routes.size(); ++i) {
    const steer::Route& route = services.routes[i];
    NamedZone* home = nullptr;
    for (NamedZone& zone : named) {
      if (route.owner.is_at_or_below(zone.apex) &&
          (home == nullptr || zone.apex.label_count() > home->apex.label_count())) {
        home = &zone;
      }
    }
    if (home == nullptr) {
      problems.error(route.at, "route '" + route.owner.to_string() + "' lies in no zone",
                     "add a [[zone]] whose name it ends with");
      continue;
    }
    home->routes.push_back({route.owner, static_cast<zone::RouteIndex>(i), route.at});
  }
}

std::shared_ptr<const zone::ZoneSet> compile_zones(const config::Config& config,
                                                   const steer::ServiceTable& services,
                                                   Problems& problems) {
  std::vector<NamedZone> named = name_zones(config, problems);
  bind_routes(services, named, problems);
  std::vector<std::shared_ptr<const zone::Zone>> zones;
  for (const NamedZone& each : named) {
    const LocatedString& file = each.from->file;
    // The loader could only name the file; here it is known who asks for it.
    if (::access(file.text.c_str(), R_OK) != 0) {
      problems.error(file.at, "can't read the zone file " + file.text + ": " + std::strerror(errno),
                     "paths are relative to the folder of the configuration");
      continue;
    }
    auto zone = zone::load_zone(each.apex, file.text, each.routes, problems);
    if (zone) { zones.push_back(std::move(zone)); }
  }
  return std::make_shared<const zone::ZoneSet>(std::move(zones));
}

// A CNAME stands alone (RFC 2181 10.1): a service that may fall back to one can't be routed to an
// owner with records of its own.
void check_cname_fallbacks(const steer::ServiceTable& services, const zone::ZoneSet& zones,
                           Problems& problems) {
  for (const steer::Route& route : services.routes) {
    const steer::Service& service = services.services[route.service];
    if (service.fallback != config::FallbackPolicy::kCname) { continue; }
    dns::QuestionName owner;
    owner.assign(route.owner.wire());
    const zone::Zone* zone = zones.find(owner, dns::RrType::kA);
    if (zone == nullptr) { continue; }
    const zone::NodeIndex node = zone->find_node(owner.wire());
    if (node == zone::kNoNode || zone->rrset_count(node) == 0) { continue; }
    problems.error(route.at,
                   "'" + route.owner.to_string() + "' has records, so service '" + service.id +
                       "' can't fall back to a CNAME there",
                   "use another fallback for this route, e.g. fallback = \"pool\"");
  }
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
    if (there) {
      text += '|' + std::to_string(info.st_ino) + '|' + std::to_string(info.st_size) + '|' +
              std::to_string(info.st_mtim.tv_sec) + '.' + std::to_string(info.st_mtim.tv_nsec);
    }
    text += '\n';
  }
  for (std::size_t i = 0; i < config.overrides.size(); ++i) {
    const config::Override& each = config.overrides[i];
    if (!each.prefix) { continue; }
    text += std::to_string(i) + '|' + each.prefix->to_string() + '|' + each.set_country + '|' +
            std::to_string(each.set_asn.value_or(0)) + '|' +
            std::to_string(each.latitude.value_or(999)) + '|' +
            std::to_string(each.longitude.value_or(999)) + '\n';
  }
  return text;
}

std::shared_ptr<const Compiled> compile(const std::string& path, Problems& problems,
                                        const Compiled* previous) {
  const std::size_t errors_before = problems.error_count();
  auto config = config::load(path, problems);
  if (!config) { return nullptr; }
  auto compiled = std::make_shared<Compiled>();
  compiled->config = std::move(*config);
  compiled->fleet = fleet::FleetModel::compile(compiled->config);
  compiled->services = steer::compile_services(compiled->config, problems);
  if (compiled->services) {
    compiled->zones = compile_zones(compiled->config, *compiled->services, problems);
    check_cname_fallbacks(*compiled->services, *compiled->zones, problems);
  }
  compiled->geo_fingerprint = geo_fingerprint(compiled->config);
  if (previous != nullptr && previous->geo_fingerprint == compiled->geo_fingerprint) {
    compiled->geo = previous->geo;
  } else {
    compiled->geo = geo::compile(geo_options(compiled->config), problems);
  }
  if (problems.error_count() != errors_before) { return nullptr; }
  return compiled;
}

std::shared_ptr<const Compiled> recompile_geo(const Compiled& previous, Problems& problems) {
  std::string fingerprint = geo_fingerprint(previous.config);
  if (fingerprint == previous.geo_fingerprint) { return nullptr; }
  auto geo = geo::compile(geo_options(previous.config), problems);
  if (!geo) { return nullptr; }
  auto compiled = std::make_shared<Compiled>(previous);
  compiled->geo = std::move(geo);
  compiled->geo_fingerprint = std::move(fingerprint);
  return compiled;
}

}  // namespace gslb::control
