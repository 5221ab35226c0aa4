// [purge] of the configuration file.
#pragma once

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// Finishes the table.
Purge read_purge(gslb::TomlTable table, gslb::Problems& problems);

}  // namespace edge::config
