#include "gslb/steer/service.h"

#include <algorithm>
#include <map>

#include "gslb/base/check.h"

namespace gslb::steer {
namespace {

std::optional<dns::Name> parse_name(const LocatedString& text, const char* what,
                                    Problems& problems) {
  auto name = dns::Name::parse(text.text);
  if (name) { return std::move(*name); }
  problems.error(text.at, std::string(what) + " '" + text.text + "' is not a domain name",
                 std::string(dns::describe(name.error())));
  return std::nullopt;
}

void put_parameter(std::vector<std::uint8_t>& to, std::uint16_t key,
                   const std::vector<std::uint8_t>& value) {
  for (const std::size_t number : {std::size_t{key}, value.size()}) {
    to.push_back(static_cast<std::uint8_t>(number >> 8));
    to.push_back(static_cast<std::uint8_t>(number));
  }
  to.insert(to.end(), value.begin(), value.end());
}

HttpsRecord https_record(const config::HttpsBinding& from) {
  HttpsRecord record{.parameters = {}, .hints = from.hints, .runner_up = from.runner_up};
  std::vector<std::uint8_t> ids;
  for (const std::string& id : from.alpn) {
    ids.push_back(static_cast<std::uint8_t>(id.size()));
    ids.insert(ids.end(), id.begin(), id.end());
  }
  if (!ids.empty()) { put_parameter(record.parameters, 1, ids); }
  if (from.port != 0) {
    put_parameter(
        record.parameters, 3,
        {static_cast<std::uint8_t>(from.port >> 8), static_cast<std::uint8_t>(from.port)});
  }
  return record;
}

// Whether some client may be sent to `cluster`: by its tier, or by an override whatever its tier.
bool may_use(const config::Config& config, const config::Service& service,
             const config::Cluster& cluster) {
  const auto is_cluster = [&](const LocatedString& id) { return id.text == cluster.id.text; };
  return std::ranges::any_of(service.tiers,
                             [&](const std::string& tier) {
                               return std::ranges::find(cluster.tiers, tier) != cluster.tiers.end();
                             }) ||
         std::ranges::any_of(config.overrides, [&](const config::Override& each) {
           return std::ranges::any_of(each.prefer, is_cluster);
         });
}

}  // namespace

bool ServiceTable::has_beacon() const noexcept {
  return std::any_of(routes.begin(), routes.end(),
                     [](const Route& route) { return route.is_beacon; });
}

double longest_ttl_s(const ServiceTable& services) noexcept {
  double longest = 1;
  for (const Service& service : services.services) {
    longest = std::max(longest, static_cast<double>(service.ttl_steps_s.back()));
  }
  return longest;
}

std::shared_ptr<const ServiceTable> compile_services(const config::Config& config,
                                                     Problems& problems) {
  const std::size_t errors_before = problems.error_count();
  auto table = std::make_shared<ServiceTable>();
  std::map<std::string, ServiceIndex> index_of;
  for (const config::Service& from : config.services) {
    index_of[from.id.text] = static_cast<ServiceIndex>(table->services.size());
    Service service{.id = from.id.text,
                    .tiers = from.tiers,
                    .ttl_s = from.ttl_s,
                    .ttl_steps_s = make_ttl_steps(from.ttl_min_s, from.ttl_s, from.ttl_max_s),
                    .priority = from.priority,
                    .reserve = from.reserve,
                    .load = from.load,
                    .answers = from.answers,
                    .on_net_bonus_ms = from.on_net_bonus_ms,
                    .fallback = from.fallback,
                    .fallback_pool = from.fallback_pool,
                    .fallback_cname = std::nullopt};
    if (from.fallback_cname) {
      service.fallback_cname = parse_name(*from.fallback_cname, "fallback_cname", problems);
    }
    if (from.https) { service.https = https_record(*from.https); }
    service.may_alias = from.fallback == config::FallbackPolicy::kCname ||
                        std::ranges::any_of(config.clusters, [&](const config::Cluster& cluster) {
                          return cluster.cname && may_use(config, from, cluster);
                        });
    service.policy = compile_policy(config, from, problems);
    table->services.push_back(std::move(service));
  }
  for (const config::Cluster& cluster : config.clusters) {
    if (cluster.cname) { parse_name(*cluster.cname, "cname", problems); }
    if (cluster.host) { parse_name(*cluster.host, "host", problems); }
  }
  std::map<dns::Name, Location> seen;
  for (const config::Route& from : config.routes) {
    auto owner = parse_name(from.name, "route name", problems);
    if (!owner) { continue; }
    const auto [earlier, fresh] = seen.emplace(*owner, from.name.at);
    if (!fresh) {
      problems.error(from.name.at, "'" + from.name.text + "' is routed twice",
                     "the first route is at line " + std::to_string(earlier->second.line));
      continue;
    }
    const auto service = index_of.find(from.service.text);
    CHECK(service != index_of.end());  // config::load refuses unknown services
    table->routes.push_back({std::move(*owner), service->second, from.name.at, from.beacon});
  }
  if (problems.error_count() != errors_before) { return nullptr; }
  return table;
}

}  // namespace gslb::steer
