// [redirect] of the configuration file.  Internal to edge/config.
#pragma once

#include "edge/config/redirect.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// nullopt: mode = "off".  Finishes the table.
std::optional<Redirect> read_redirect(gslb::TomlTable table, gslb::Problems& problems);

}  // namespace edge::config
