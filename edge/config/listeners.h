// The parts of the configuration file that are about clients' way in.  Internal to edge/config.
#pragma once

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

std::string lower_case(std::string text);
std::optional<gslb::Endpoint> read_endpoint(const gslb::LocatedString& text,
                                            std::uint16_t default_port, gslb::Problems& problems);
// `table`: [edge], which the caller finishes.
std::vector<Listener> read_listeners(gslb::TomlTable& table, gslb::Problems& problems);
Tls read_tls(gslb::TomlTable table, const std::string& file);
// What listeners and [tls] have to agree on.
void check_listeners(const Config& config, gslb::TomlTable& root);

AccessLog read_access_log(gslb::TomlTable table, const std::string& file);

}  // namespace edge::config
