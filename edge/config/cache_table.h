// [cache] and [site.cache] of the configuration file.  Internal to edge/config.
#pragma once

#include "edge/config/cache_policy.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// What `table` says; the rest of `policy` stays as it is.  The caller finishes the table.
void read_policy(gslb::TomlTable& table, CachePolicy& policy);

}  // namespace edge::config
