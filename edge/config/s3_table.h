// [site.s3] of the configuration file.  Internal to edge/config.
#pragma once

#include <string>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// `host`: of the site.  `secret`: what the table's key or key_file says.  Finishes the table.
S3 read_s3(gslb::TomlTable& table, const std::string& host, std::string secret);

}  // namespace edge::config
