#include "edge/config/origin_table.h"

#include "edge/config/cache_table.h"
#include "edge/config/listeners.h"
#include "edge/config/rules_table.h"
#include "edge/config/swift_table.h"
#include "edge/config/values.h"

namespace edge::config {
namespace {

using gslb::Need;
using gslb::Problems;
using gslb::TomlTable;

// `table` may hold more keys than an origin's; the caller finishes it.
Origin read_origin(TomlTable& table, const std::string& file, Problems& problems) {
  Origin origin;
  origin.urls = read_urls(table, "url", problems);
  const std::vector<Url> more = read_urls(table, "urls", problems);
  origin.urls.insert(origin.urls.end(), more.begin(), more.end());
  if (!table.has("url") && !table.has("urls")) {
    table.error("url", "no url", "url = \"http://origin.example:8080\"");
  }
  origin.ca_file = read_ca_file(table, file);
  read_ms(table, "connect_timeout", 10, origin.connect_timeout_ms);
  read_ms(table, "first_byte_timeout", 10, origin.first_byte_timeout_ms);
  read_ms(table, "between_bytes_timeout", 10, origin.between_bytes_timeout_ms);
  read_ms(table, "idle_timeout", 0, origin.idle_ms);
  origin.slices = table.boolean("slices").value_or(true);
  origin.idle_connections =
      table.integer("idle_connections", 0, 10'000).value_or(origin.idle_connections);
  origin.tiered = table.boolean("tier").value_or(true);
  return origin;
}

}  // namespace

Origin read_default_origin(TomlTable table, const std::string& file, Problems& problems) {
  Origin origin = read_origin(table, file, problems);
  origin.host = table.string("host").value_or("");
  table.finish();
  return origin;
}

Site read_site(TomlTable table, const std::string& file, const CachePolicy& usual,
               Problems& problems) {
  Site site;
  site.host = table.string("host", Need::kRequired).value_or("");
  site.host = lower_case(std::move(site.host));
  if (!site.host.empty() && !is_host_pattern(site.host)) {
    table.error("host", "\"" + site.host + "\" is no host",
                "\"www.example.com\" or \"*.example.com\"");
  }
  site.origin = read_origin(table, file, problems);
  site.origin.host = table.string("origin_host").value_or("");
  if (auto swift = table.table("swift")) {
    site.origin.swift = read_swift(*swift, site.host, read_key(*swift, file));
  }
  site.cache = usual;
  if (auto cache = table.table("cache")) {
    read_policy(*cache, site.cache);
    cache->finish();
  }
  site.rules = read_rules(table, file, problems);
  table.finish();
  return site;
}

}  // namespace edge::config
