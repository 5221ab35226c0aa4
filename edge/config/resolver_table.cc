#include "edge/config/resolver_table.h"

#include "edge/config/listeners.h"
#include "edge/config/values.h"

namespace edge::config {

using gslb::Problems;
using gslb::TomlTable;

Resolver read_resolver(gslb::TomlTable table, gslb::Problems& problems) {
  Resolver resolver;
  for (const gslb::LocatedString& text : table.strings("servers")) {
    if (const auto server = read_endpoint(text, 53, problems)) {
      resolver.servers.push_back(*server);
    }
  }
  if (const auto timeout = table.duration_ms("timeout", 50, 30'000)) {
    resolver.timeout_ms = *timeout;
  }
  read_ms(table, "min_ttl", 0, resolver.min_ttl_ms);
  read_ms(table, "max_ttl", 1000, resolver.max_ttl_ms);
  if (resolver.min_ttl_ms > resolver.max_ttl_ms) { table.error("min_ttl", "longer than max_ttl"); }
  table.finish();
  return resolver;
}

Customers read_customers(TomlTable table, Problems& problems) {
  Customers customers;
  for (const gslb::LocatedString& text : table.strings("cdn_domains", gslb::Need::kRequired)) {
    std::string domain = lower_case(text.text);
    if (!domain.starts_with("*.") || domain.size() < 3 ||
        domain.find_first_of("*/: ", 1) != domain.npos) {
      problems.error(text.at, "\"" + text.text + "\" is no domain of a CDN",
                     "\"*.cdn.example.com\": where customers' CNAMEs lead");
    }
    customers.domains.push_back(std::move(domain));
  }
  customers.share = table.boolean("share").value_or(false);
  read_ms(table, "negative_ttl", 100, customers.negative_ttl_ms);
  customers.names = table.integer("names", 16, 1'000'000).value_or(customers.names);
  customers.lookups_per_second =
      table.integer("lookups_per_second", 1, 100'000).value_or(customers.lookups_per_second);
  table.finish();
  return customers;
}

}  // namespace edge::config
