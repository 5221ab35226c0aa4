#include <algorithm>
#include <set>

#include "gslb/base/units.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::int64_t kMaxTtl = 0x7fffffff;  // RFC 2181 8
constexpr std::int64_t kLowTtl = 5;

constexpr FallbackPolicy kPolicies[] = {FallbackPolicy::kAll, FallbackPolicy::kLastGood,
                                        FallbackPolicy::kPool, FallbackPolicy::kCname,
                                        FallbackPolicy::kServfail};
const std::vector<std::string>& policy_names() {
  static const std::vector<std::string> names = {"all", "last_good", "pool", "cname", "servfail"};
  return names;
}

std::uint32_t read_seconds(TomlTable& table, std::string_view key, std::uint32_t usual) {
  const auto ttl_ms = table.duration_ms(key, 0, kMaxTtl * 1000);
  if (!ttl_ms) { return usual; }
  if (*ttl_ms % 1000 != 0) {
    table.error(key, "'" + std::string(key) + "' is " + format_duration_ms(*ttl_ms) +
                         ", not whole seconds");
    return usual;
  }
  return static_cast<std::uint32_t>(*ttl_ms / 1000);
}

void read_ttl(TomlTable& table, Service& service) {
  service.ttl_s = read_seconds(table, "ttl", service.ttl_s);
  service.ttl_min_s = read_seconds(table, "ttl_min", service.ttl_s);
  service.ttl_max_s = read_seconds(table, "ttl_max", service.ttl_s);
  if (service.ttl_min_s > service.ttl_s || service.ttl_max_s < service.ttl_s) {
    table.error(service.ttl_min_s > service.ttl_s ? "ttl_min" : "ttl_max",
                "'ttl' is not between 'ttl_min' and 'ttl_max'",
                "'ttl' is " + std::to_string(service.ttl_s) + " s");
  }
  if (!table.has("ttl")) { return; }
  if (service.ttl_s < kLowTtl) {
    table.warning("ttl", "a TTL under 5 s makes resolvers ask for every client",
                  "60 s drains a dead cluster as fast");
  }
}

void read_tiers(TomlTable& table, Context& context, Service& service) {
  std::set<std::string> offered;
  for (const Cluster& cluster : context.config.clusters) {
    offered.insert(cluster.tiers.begin(), cluster.tiers.end());
  }
  const std::vector<std::string> known(offered.begin(), offered.end());
  std::vector<LocatedString> tiers =
      read_list(table, "tiers", "leave it out for [\"default\"]", context);
  if (!table.has("tiers")) { tiers = {{"default", table.at()}}; }
  Seen seen;
  for (const LocatedString& tier : tiers) {
    check_duplicate(tier, "tier", seen, context.problems);
    if (!offered.contains(tier.text)) { report_unknown(tier, "tier", known, context.problems); }
    service.tiers.push_back(tier.text);
  }
}

// Each of the two keys belongs to one policy: set without it, somebody expects what won't happen.
void check_fallback_key(TomlTable& table, std::string_view key, bool needed,
                        std::string_view policy) {
  const std::string name = "'" + std::string(key) + "'";
  const std::string set_policy = "fallback = \"" + std::string(policy) + '"';
  if (needed && !table.has(key)) {
    table.error("fallback", set_policy + " needs " + name);
  } else if (!needed && table.has(key)) {
    table.error(key, name + " is set but not used", "set " + set_policy + ", or leave it out");
  }
}

std::vector<Address> read_addresses(TomlTable& table, std::string_view key, Context& context) {
  std::vector<Address> addresses;
  Seen seen;
  for (const LocatedString& text : read_list(table, key, "name at least one address", context)) {
    const auto address = Address::parse(text.text);
    if (!address) {
      context.problems.error(text.at, "'" + text.text + "' is not an IP address");
      continue;
    }
    check_duplicate({address->to_string(), text.at}, "address", seen, context.problems);
    addresses.push_back(*address);
  }
  return addresses;
}

void read_fallback(TomlTable& table, Context& context, Service& service) {
  const auto& names = policy_names();
  const auto word = table.choice("fallback", names);
  if (word) {
    service.fallback = kPolicies[std::find(names.begin(), names.end(), *word) - names.begin()];
  }
  service.fallback_pool = read_addresses(table, "fallback_pool", context);
  service.fallback_cname = located(table, "fallback_cname");
  if (service.fallback_cname && service.fallback_cname->text.empty()) {
    table.error("fallback_cname", "'fallback_cname' is empty");
  }
  if (table.has("fallback") && !word) { return; }  // which keys it needs isn't known
  check_fallback_key(table, "fallback_pool", service.fallback == FallbackPolicy::kPool, "pool");
  check_fallback_key(table, "fallback_cname", service.fallback == FallbackPolicy::kCname, "cname");
}

// One list of ALPN ids as RFC 9460 7.1.1 encodes it must fit in its parameter; names are short.
constexpr std::size_t kMaxAlpnOctets = 255;

void read_https(TomlTable& table, Context& context, Service& service) {
  auto https = table.table("https");
  if (!https) { return; }
  HttpsBinding binding;
  std::size_t octets = 0;
  Seen seen;
  for (const LocatedString& id : read_list(*https, "alpn", "such as [\"h2\", \"h3\"]", context)) {
    if (id.text.empty() || id.text.size() > 63) {
      context.problems.error(id.at, "'" + id.text + "' is not an ALPN id of 1 to 63 octets");
    }
    check_duplicate(id, "ALPN id", seen, context.problems);
    octets += 1 + id.text.size();
    binding.alpn.push_back(id.text);
  }
  if (octets > kMaxAlpnOctets) { https->error("alpn", "'alpn' is over 255 octets"); }
  binding.port = static_cast<unsigned>(https->integer("port", 1, 65535).value_or(0));
  binding.hints = https->boolean("hints").value_or(true);
  binding.runner_up = https->boolean("runner_up").value_or(false);
  const auto& clusters = context.config.clusters;
  if (binding.runner_up && std::none_of(clusters.begin(), clusters.end(), [](const Cluster& each) {
        return each.host.has_value();
      })) {
    https->error("runner_up", "no cluster has a 'host', the name a runner-up is known by",
                 "set host in [cluster.ID] to a name that leads to that cluster alone");
  }
  https->finish();
  service.https = std::move(binding);
}

Service read_service(const LocatedString& id, TomlTable& table, Context& context) {
  Service service;
  service.id = id;
  check_id(id, "service", context.problems);
  service.choosing = read_choosing(table, {}, context);
  service.scheduled = read_windows(table, service.choosing, context);
  read_tiers(table, context, service);
  read_ttl(table, service);
  service.answers = static_cast<unsigned>(table.integer("answers", 1, 4).value_or(service.answers));
  service.on_net_bonus_ms =
      table.number("on_net_bonus_ms", 0, 1000).value_or(service.on_net_bonus_ms);
  service.priority = static_cast<unsigned>(table.integer("priority", 0, 9).value_or(0));
  service.load = table.number("load", 0.001, 1000).value_or(service.load);
  service.reserve = table.number("reserve", 0, 1).value_or(0);
  read_traffic(table, service);
  read_masks(table, service, context);
  read_fallback(table, context, service);
  service.transfer_answer = read_addresses(table, "transfer_answer", context);
  service.monitors = read_monitor_ids(table, context, MonitoredFor::kService)
                         .value_or(std::vector<LocatedString>());
  read_https(table, context, service);
  table.finish();
  return service;
}

}  // namespace

void read_services(TomlTable& root, Context& context) {
  auto& services = context.config.services;
  for (auto& [id, table] : root.named_tables("service")) {
    services.push_back(read_service(id, table, context));
  }
  if (services.size() > kMaxServices) {
    context.problems.error(
        services[kMaxServices].id.at,
        std::to_string(services.size()) + " services, over " + std::to_string(kMaxServices));
  }
}

void read_routes(TomlTable& root, Context& context) {
  std::vector<std::string> known;
  for (const Service& service : context.config.services) { known.push_back(service.id.text); }
  Seen seen;
  for (TomlTable& table : root.tables("route")) {
    Route route;
    if (auto name = read_owner(table, context, "route", seen)) { route.name = std::move(*name); }
    if (auto service = located(table, "service", Need::kRequired)) {
      route.service = std::move(*service);
      if (std::find(known.begin(), known.end(), route.service.text) == known.end()) {
        report_unknown(route.service, "service", known, context.problems);
      }
    }
    route.beacon = table.boolean("beacon").value_or(false);
    if (route.beacon && !route.name.text.starts_with("*.")) {
      table.error("beacon", "a beacon's names differ from client to client",
                  "name = \"*.probe.example.com.\"");
    }
    table.finish();
    context.config.routes.push_back(std::move(route));
  }
}

}  // namespace gslb::config
