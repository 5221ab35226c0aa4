// A configuration with everything it names, read and checked: what `check` proves, what start and
// reload serve.
#pragma once

#include <memory>
#include <string>

#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/control/zone_files.h"
#include "gslb/control/zone_secondaries.h"
#include "gslb/fleet/model.h"
#include "gslb/geo/geo_map.h"
#include "gslb/measure/probe_targets.h"
#include "gslb/monitor/prepared.h"
#include "gslb/server/tls_context.h"
#include "gslb/steer/service.h"
#include "gslb/zone/zone_set.h"

namespace gslb::control {

// Immutable; thread-safe.  Every pointer is set, but for those of zones once a store has them and
// where it says so.
struct Compiled {
  config::Config config;
  std::shared_ptr<const fleet::FleetModel> fleet;
  std::shared_ptr<const monitor::Kit> monitors;  // of `config` and `fleet`
  std::shared_ptr<const steer::ServiceTable> services;
  std::shared_ptr<const ZoneTable> table;      // the zones as their files say
  std::shared_ptr<const zone::ZoneSet> zones;  // the same, to be looked up in
  Problems kept_zones;  // of zone files with errors, whose older copy is in `table`
  std::shared_ptr<const SecondarySetup> secondary;
  std::shared_ptr<const geo::GeoMap> geo;
  std::shared_ptr<const server::TlsContext> tls;  // null without listen_tls
  std::vector<measure::ListedTarget> probe_targets;  // the operator's
  std::string geo_fingerprint;                    // of the files and overrides `geo` was made from
};

// What a reload takes over from what is at work.
struct Reuse {
  const Compiled* compiled = nullptr;  // lends its geo map when files and overrides are the same
  const ZoneTable* zones = nullptr;    // lends zones, see load_zones()
  bool force_zones = false;            // read every zone file, changed or not
  // The compiled geo map may come from the cache in state_dir and is kept there.  Not for `check`,
  // which is asked about the files and leaves no traces.
  bool uses_geo_cache = false;
};

// Reads `path` and every file it names.  All problems at once; null when one is an error.
// Takes seconds with full geo databases; any thread.
std::shared_ptr<Compiled> compile(const std::string& path, Problems& problems,
                                  const Reuse& reuse = {});

// `previous` with its geo files read anew; null when they are unusable or unchanged.
std::shared_ptr<Compiled> recompile_geo(const Compiled& previous, Problems& problems);

// Changes when a geo file was replaced (size, time, inode) or an override differs.
std::string geo_fingerprint(const config::Config& config);

}  // namespace gslb::control
