// [site.swift] of the configuration file.
#pragma once

#include <string>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// `host`: of the site.  `key`: what the table's key or key_file says.  Finishes the table.
Swift read_swift(gslb::TomlTable& table, const std::string& host, std::string key);

}  // namespace edge::config
