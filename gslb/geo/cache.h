// A compiled GeoMap as one block of octets, so that a restart need not read the databases again.
//
// Why: a full city database with ASNs takes seconds to compile, its map 50 MB to read.  The text
// that says what a map was made from (files, sizes, times, overrides) is kept with it: any other
// makes the cache void.  A damaged or foreign cache is only ever "not there".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gslb/base/bytes.h"
#include "gslb/geo/geo_map.h"

namespace gslb::geo {

// About 50 MB for a full city database.
std::string write_cache(const GeoMap& map, std::string_view made_from);

// Null when `cache` is of another format or machine, damaged (there is a checksum, and what it
// can't see is looked at), or made from something else.  Tens of milliseconds.
std::shared_ptr<const GeoMap> read_cache(Octets cache, std::string_view made_from);

}  // namespace gslb::geo
