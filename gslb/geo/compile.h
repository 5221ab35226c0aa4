// Geo databases and overrides → GeoMap.
//
// Source: MaxMind DB format 2.0 (libmaxminddb, fenced into mmdb_source.cc); CSV ranges as
// published by ip-location-db (start, end, values …).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/geo/geo_map.h"

namespace gslb::geo {

enum class SourceKind : std::uint8_t { kMmdb, kCsv };

// One file and where its fields are: '.'-separated paths (MMDB) or column numbers (CSV).  An empty
// field is not looked for.  Mirrors config::GeoSource (same floor: no include).
struct Source {
  std::string file;
  Location at;  // where the configuration names it
  SourceKind kind = SourceKind::kMmdb;
  std::string country_field;
  std::string latitude_field;
  std::string longitude_field;
  std::string radius_field;
  std::string asn_field;
  std::string operator_field;
  std::string subdivision_field;  // makes more and smaller units
  // The credit its licence asks for; empty: known databases are recognised by their metadata or
  // file name (DB-IP, ip-location-db, GeoLite2).
  std::string attribution;
};

// What the operator knows better about a prefix.  The longest prefix around an address counts, and
// no other; fields it lacks are what the sources say.
struct PrefixOverride {
  Prefix prefix;
  std::optional<Place> place;
  std::string country;
  std::optional<std::uint32_t> asn;
  std::int32_t override_index = -1;  // copied into the units it makes
};

struct CompileOptions {
  std::vector<Source> sources;  // earlier ones win, later ones fill in fields that are missing
  std::vector<PrefixOverride> overrides;
};

// Null when `problems` got an error: a missing, truncated or corrupt file, wrong field paths (no
// record has any of them; a warning if only some are missing, since presets ask for all there may
// be), an IPv6 override longer than /64 (IPv4 ones may be /32).  Reads whole files; control path
// only; seconds for a full city database.  Deterministic: the same files give the same map.
std::shared_ptr<const GeoMap> compile(const CompileOptions& options, Problems& problems);

}  // namespace gslb::geo
