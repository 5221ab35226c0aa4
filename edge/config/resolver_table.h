// [resolver] and [customers] of the configuration file.  Internal to edge/config.
#pragma once

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

Resolver read_resolver(gslb::TomlTable table, gslb::Problems& problems);
Customers read_customers(gslb::TomlTable table, gslb::Problems& problems);

}  // namespace edge::config
