// [tier] of the configuration file.  Internal to edge/config.
#pragma once

#include <string>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// Finishes the table.  `file`: what relative paths are next to.
Tier read_tier(gslb::TomlTable table, const std::string& file, gslb::Problems& problems);

}  // namespace edge::config
