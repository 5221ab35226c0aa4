// [origin] and [[site]] of the configuration file.  Internal to edge/config.
#pragma once

#include <string>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// Each finishes its table.  `file`: what relative paths are next to.
Origin read_default_origin(gslb::TomlTable table, const std::string& file,
                           gslb::Problems& problems);
// `usual`: what holds where the site says nothing of the cache.
Site read_site(gslb::TomlTable table, const std::string& file, const CachePolicy& usual,
               gslb::Problems& problems);

}  // namespace edge::config
