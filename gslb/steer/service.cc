#include "gslb/steer/service.h"

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

}  // namespace

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
                    .answers = from.answers,
                    .on_net_bonus_ms = from.on_net_bonus_ms,
                    .fallback = from.fallback,
                    .fallback_pool = from.fallback_pool,
                    .fallback_cname = std::nullopt};
    if (from.fallback_cname) {
      service.fallback_cname = parse_name(*from.fallback_cname, "fallback_cname", problems);
    }
    table->services.push_back(std::move(service));
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
    table->routes.push_back({std::move(*owner), service->second, from.name.at});
  }
  if (problems.error_count() != errors_before) { return nullptr; }
  return table;
}

}  // namespace gslb::steer
