// What [origin] and [[site]] say of their servers and of heads.  Internal to edge/config.
#pragma once

#include <string>
#include <string_view>

#include "edge/config/config.h"
#include "gslb/base/toml_table.h"

namespace edge::config {

// url, urls and [[…server]], and how one of them is chosen.
void read_servers(gslb::TomlTable& table, Origin& origin, gslb::Problems& problems);
// retries, eject_*: keys of the origin's own table.
void read_failover(gslb::TomlTable& table, Failover& failover);
HealthCheck read_health(gslb::TomlTable table);
// [site.tls]; what it says of authorities goes before the origin's `ca_file`.
ServerTls read_server_tls(gslb::TomlTable table, const std::string& file);
// [site.request_headers], [site.response_headers].  `may_add`: `add` is a key, too.
FieldRules read_field_rules(gslb::TomlTable table, bool may_add);

}  // namespace edge::config
