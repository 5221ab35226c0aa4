#include "edge/serve/keyed_purge.h"

#include "edge/cache/key_rules.h"

namespace edge::serve {
namespace {

bool changes_queries(const config::KeyRules& rules) {
  return rules.query != config::KeyRules::Query::kKeep || !rules.ignore.empty() ||
         !rules.only.empty();
}

}  // namespace

const config::KeyRules& key_rules_of(const config::Config& config, std::string_view host) {
  const config::Origin* origin = config.origin_for(host);
  return (origin == nullptr ? config.cache.policy : config.policy_for(*origin)).key;
}

cache::Purge keyed(const config::Config& config, cache::Purge purge) {
  const std::string_view value = purge.value;
  const std::size_t space = value.find(' ');
  const std::string_view host = value.substr(0, space);
  switch (purge.kind) {
    case cache::PurgeKind::kUrl:
      purge.value = cache::key_of(key_rules_of(config, host), host, value.substr(space + 1), false);
      break;
    case cache::PurgeKind::kPrefix: {
      const config::KeyRules& rules = key_rules_of(config, host);
      std::string_view begin = value.substr(space + 1);
      if (changes_queries(rules)) { begin = begin.substr(0, begin.find('?')); }
      std::string named(rules.host.empty() ? host : std::string_view(rules.host));
      purge.value = named.append(" ").append(begin);
      break;
    }
    case cache::PurgeKind::kHost: {
      const config::KeyRules& rules = key_rules_of(config, host);
      if (!host.starts_with('*') && !rules.host.empty()) { purge.value = rules.host; }
      break;
    }
    case cache::PurgeKind::kTag:
    case cache::PurgeKind::kAll:
      break;
  }
  return purge;
}

}  // namespace edge::serve
