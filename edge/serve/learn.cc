#include "edge/serve/learn.h"

#include <chrono>

#include "edge/cache/key_rules.h"
#include "edge/cache/update.h"
#include "edge/serve/tell_siblings.h"

namespace edge::serve {
namespace {

const config::CachePolicy& policy_of(const RequestScope& scope) {
  const config::Origin* origin = scope.config->origin_for(scope.request.site_host());
  return origin == nullptr ? scope.config->cache.policy : scope.config->policy_for(*origin);
}

std::vector<cache::Purge> invalidate(RequestScope& scope, const http::ResponseHead& response) {
  std::vector<cache::Purge> on_disk;
  if (response.status < 200 || response.status >= 400) { return on_disk; }
  const std::vector<std::string> keys =
      cache::invalidated_keys(scope.request, response.fields, policy_of(scope).key);
  for (const std::string& key : keys) { end_stored(scope.worker.shared, key, on_disk); }
  tell_siblings(scope, keys);
  return on_disk;
}

void learn_from_head(RequestScope& scope, http::ResponseHead head, const cache::Exchange& moments) {
  const std::string key = cache::key_of(policy_of(scope).key, scope.request);
  cache::Tiers& tiers = scope.worker.shared.tiers;
  const cache::ObjectRef stored = tiers.find(key, scope.request.fields).object;
  if (!stored || stored->head.status != 200 || stored->part || !stored->body->complete()) {
    return;
  }
  auto object = std::make_shared<cache::Object>(*stored);
  if (cache::judge_head(head, stored->head, cache::length_of(*stored).value_or(0)) ==
      cache::HeadVerdict::kChanged) {
    // Kept to be validated: a GET may find that only the HEAD was odd.
    object->freshness.always_validate = true;
    tiers.update(key, scope.request.fields, std::move(object), *stored);
    return;
  }
  const config::CachePolicy& policy = policy_of(scope);
  cache::complete_date(head, moments.response_received);
  object->head = cache::updated_by(stored->head, head);
  object->freshness = cache::freshness_of(object->head, moments, policy);
  object->received = std::chrono::steady_clock::now();
  if (!cache::is_storable(cache::request_rules(scope.request), object->head, moments, policy)) {
    tiers.remove(key);
    return;
  }
  object->variant = cache::variant_of(scope.request.fields, object->head.fields);
  cache::strip_for_storage(object->head);
  tiers.update(key, scope.request.fields, std::move(object), *stored);
}

}  // namespace

void end_stored(Shared& shared, const std::string& key, std::vector<cache::Purge>& on_disk) {
  shared.flights.invalidate(key);
  if (shared.tiers.may_be_on_disk(key)) {
    on_disk.push_back({cache::PurgeKind::kUrl, false, cache::purge_target_of(key)});
  }
  shared.tiers.remove(key);
}

std::vector<cache::Purge> learn(RequestScope& scope, const http::ResponseHead& response,
                                const cache::Exchange& moments) {
  if (!http::is_safe_method(scope.request.method)) { return invalidate(scope, response); }
  if (scope.request.method == "HEAD" && response.status == 200) {
    learn_from_head(scope, response, moments);
  }
  return {};
}

}  // namespace edge::serve
