// A configuration with everything it names, read and checked: what `check` proves, what start and
// reload serve.
#pragma once

#include <memory>
#include <string>

#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/fleet/model.h"
#include "gslb/geo/geo_map.h"
#include "gslb/steer/service.h"
#include "gslb/zone/zone_set.h"

namespace gslb::control {

// Immutable; thread-safe.  Every pointer is set.
struct Compiled {
  config::Config config;
  std::shared_ptr<const fleet::FleetModel> fleet;
  std::shared_ptr<const steer::ServiceTable> services;
  std::shared_ptr<const zone::ZoneSet> zones;
  std::shared_ptr<const geo::GeoMap> geo;
  std::string geo_fingerprint;  // of the files and overrides `geo` was made from
};

// Reads `path` and every file it names.  All problems at once; null when one is an error.
// `previous` lends its geo map when the geo files and overrides have not changed since.
// Takes seconds with full geo databases; any thread.
std::shared_ptr<const Compiled> compile(const std::string& path, Problems& problems,
                                        const Compiled* previous = nullptr);

// `previous` with its geo files read anew; null when they are unusable or unchanged.
std::shared_ptr<const Compiled> recompile_geo(const Compiled& previous, Problems& problems);

// Changes when a geo file was replaced (size, time, inode) or an override differs.
std::string geo_fingerprint(const config::Config& config);

}  // namespace gslb::control
