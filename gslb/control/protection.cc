#include "gslb/control/protection.h"

#include <algorithm>
#include <bit>

#include "gslb/base/entropy.h"

namespace gslb::control {
namespace {

answer::RateLimits rate_limits(const config::RateLimit& from) {
  answer::RateLimits limits;
  limits.per_second = {from.responses_per_second, from.nxdomains_per_second,
                       from.referrals_per_second, from.errors_per_second};
  limits.slip = from.slip;
  limits.ipv4_bits = static_cast<int>(from.ipv4_prefix_length);
  limits.ipv6_bits = static_cast<int>(from.ipv6_prefix_length);
  limits.buckets = std::bit_ceil(std::size_t{from.table_size});
  limits.dry_run = from.dry_run;
  limits.exempt = PrefixSet(from.exempt);
  return limits;
}

}  // namespace

std::shared_ptr<const answer::Protection> make_protection(const config::Config& config,
                                                          std::size_t workers) {
  auto made = std::make_shared<answer::Protection>();
  if (config.cookies.enabled) {
    for (const std::string& secret : config.cookies.secrets) {
      made->cookie_secrets.push_back(dns::parse_cookie_secret(secret).value());
    }
    if (made->cookie_secrets.empty()) {
      made->cookie_secrets.push_back(random_octets<std::tuple_size_v<dns::CookieSecret>>());
    }
    made->require_cookie = config.cookies.require;
  }
  if (config.rate_limit.is_on()) {
    made->rates = std::make_shared<answer::RateLimiter>(rate_limits(config.rate_limit), workers);
  }
  made->restricts_queries = config.acl.restricts_queries;
  made->query = PrefixSet(config.acl.query);
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    // A catalog from elsewhere is a list for us, no data for the public, unless it says for whom
    // (RFC 9432 6).
    const bool is_private = zone.secondary->is_catalog && !zone.secondary->primaries.empty();
    if ((!zone.allow_query && !is_private) || !apex) { continue; }
    made->zone_query.emplace(answer::apex_hash(*apex),
                             PrefixSet(zone.allow_query.value_or(std::vector<Prefix>())));
  }
  return made;
}

std::shared_ptr<const answer::Protection> inherit_protection(const config::Config& config,
                                                             const answer::Protection& made,
                                                             const answer::Protection& old) {
  auto heir = std::make_shared<answer::Protection>(made);
  if (config.cookies.secrets.empty() && !made.cookie_secrets.empty() &&
      !old.cookie_secrets.empty()) {
    heir->cookie_secrets = old.cookie_secrets;
  }
  if (made.rates && old.rates && made.rates->limits == old.rates->limits) {
    heir->rates = old.rates;
  }
  return heir;
}

}  // namespace gslb::control
