// [[rule]] of the configuration file.  Internal to edge/config.
#pragma once

#include <string>
#include <vector>

#include "edge/config/rules.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// The array of tables `rule` within `table`.  `file`: what relative paths are next to.
std::vector<Rule> read_rules(gslb::TomlTable& table, const std::string& file,
                             gslb::Problems& problems);

}  // namespace edge::config
