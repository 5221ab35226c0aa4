#include "edge/config/purge_table.h"

namespace edge::config {

Purge read_purge(gslb::TomlTable table, gslb::Problems& problems) {
  Purge purge;
  purge.method = table.boolean("method").value_or(purge.method);
  if (table.has("allow")) { purge.allow.clear(); }
  for (const gslb::LocatedString& text : table.strings("allow")) {
    if (const auto prefix = gslb::Prefix::parse(text.text)) {
      purge.allow.push_back(*prefix);
    } else {
      problems.error(text.at, "\"" + text.text + "\" is no prefix",
                     "as in \"192.0.2.0/24\" or \"2001:db8::/32\", host bits 0");
    }
  }
  purge.per_second = table.integer("per_second", 1, 1'000'000).value_or(purge.per_second);
  purge.show_keys = table.boolean("show_keys").value_or(purge.show_keys);
  table.finish();
  return purge;
}

}  // namespace edge::config
