#include "edge/config/origin_table.h"

#include "edge/config/cache_table.h"
#include "edge/config/listeners.h"
#include "edge/config/rules_table.h"
#include "edge/config/s3_table.h"
#include "edge/config/server_table.h"
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
  read_servers(table, origin, problems);
  origin.path = table.string("path").value_or("");
  if (!origin.path.empty() &&
      (!origin.path.starts_with('/') || origin.path.ends_with('/') ||
       origin.path.find_first_of("?#") != origin.path.npos || !is_visible(origin.path))) {
    table.error("path", "\"" + origin.path + "\" is nothing to put before a path",
                "as in \"/base\", without a slash at its end");
  }
  read_ms(table, "connect_timeout", 10, origin.connect_timeout_ms);
  origin.tls_timeout_ms = origin.connect_timeout_ms;
  read_ms(table, "tls_timeout", 10, origin.tls_timeout_ms);
  read_ms(table, "first_byte_timeout", 10, origin.first_byte_timeout_ms);
  read_ms(table, "between_bytes_timeout", 10, origin.between_bytes_timeout_ms);
  read_ms(table, "total_timeout", 0, origin.total_timeout_ms);
  read_ms(table, "idle_timeout", 0, origin.idle_ms);
  origin.slices = table.boolean("slices").value_or(true);
  origin.idle_connections =
      table.integer("idle_connections", 0, 10'000).value_or(origin.idle_connections);
  origin.tiered = table.boolean("tier").value_or(true);
  origin.connection_requests =
      table.integer("connection_requests", 1, 1'000'000).value_or(origin.connection_requests);
  origin.queue = table.integer("queue", 0, 100'000).value_or(origin.queue);
  read_ms(table, "queue_timeout", 10, origin.queue_timeout_ms);
  read_failover(table, origin.failover);
  const std::string ca_file = read_ca_file(table, file);
  if (auto tls = table.table("tls")) { origin.tls = read_server_tls(*tls, file); }
  if (origin.tls.ca_file.empty()) { origin.tls.ca_file = ca_file; }
  if (auto health = table.table("health")) { origin.health = read_health(*health); }
  if (auto rules = table.table("request_headers")) {
    origin.request_fields = read_field_rules(*rules, false);
  }
  if (auto rules = table.table("response_headers")) {
    origin.response_fields = read_field_rules(*rules, true);
  }
  return origin;
}

}  // namespace

Origin read_default_origin(TomlTable table, const std::string& file, Problems& problems) {
  Origin origin = read_origin(table, file, problems);
  origin.host = table.string("host").value_or("");
  origin.name = "origin";
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
  site.origin.name = site.host;
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
  if (auto s3 = table.table("s3")) {
    site.origin.s3 = read_s3(*s3, site.host, read_key(*s3, file));
    if (site.origin.swift) { table.error("s3", "both [site.swift] and [site.s3]", "keep one"); }
  }
  table.finish();
  return site;
}

}  // namespace edge::config
