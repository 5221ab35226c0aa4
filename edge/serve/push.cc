#include "edge/serve/push.h"

#include <array>
#include <chrono>

#include "edge/cache/key_rules.h"
#include "edge/serve/prefetcher.h"

namespace edge::serve {
namespace {

// What of the PUT is about the PUT itself.
constexpr std::array<std::string_view, 8> kOfTheRequest = {
    "Host",   "Authorization", "Content-Length", "User-Agent",
    "Accept", "Expect",        "Origin",         "Accept-Encoding"};

http::ResponseHead head_of(Pushed& pushed, gslb::WallTime now) {
  http::ResponseHead head;
  head.status = 200;
  for (auto& [name, value] : pushed.fields) { head.fields.add(std::move(name), std::move(value)); }
  http::remove_hop_by_hop_of_response(head.fields);
  for (const std::string_view name : kOfTheRequest) { head.fields.remove(name); }
  cache::complete_date(head, now);
  return head;
}

}  // namespace

PushOutcome push(Shared& shared, const config::Config& config, Pushed pushed) {
  auto url = parse_prefetch_url(pushed.url);
  if (!url) { return {400, "url is no http or https URL", 0}; }
  const config::Origin* origin = config.origin_for(url->host);
  if (origin == nullptr) { return {421, "this host is not served here", 0}; }
  const config::CachePolicy& policy = config.policy_for(*origin);
  if (pushed.body.size() > config.cache.max_object_octets) {
    return {413, "larger than max_object of [cache]", 0};
  }
  const gslb::WallTime now = std::chrono::system_clock::now();
  const cache::Exchange moments{now, now};
  http::RequestHead request;
  request.method = "GET";
  request.host = url->host;
  request.target = url->target;
  request.secure = url->secure;
  auto object = std::make_shared<cache::Object>();
  object->purged_until = cache::PurgeStamp(shared.purges.last());
  object->head = head_of(pushed, now);
  const cache::RequestRules rules = cache::request_rules(request);
  if (!cache::is_storable(rules, object->head, moments, policy)) {
    return {422, "it may not be stored: give it a Cache-Control with max-age", 0};
  }
  object->freshness = cache::freshness_of(object->head, moments, policy);
  object->received = std::chrono::steady_clock::now();
  object->variant = cache::variant_of(request.fields, object->head.fields);
  cache::strip_for_storage(object->head);
  object->length = pushed.body.size();
  object->body = std::make_shared<cache::Body>(cache::Body::Mode::kKeep);
  object->body->append(std::move(pushed.body));
  object->body->finish();
  const std::string key = cache::key_of(policy.key, request);
  shared.flights.invalidate(key);
  shared.tiers.insert(key, request.fields, object);
  // Asked for once, so that it is worth a place, and offered to the disk.
  if (shared.tiers.find(key, request.fields).object != object) {
    return {507, "what is stored is all worth more: there is no room", 0};
  }
  return {201, "", object->freshness.lifetime_s - object->freshness.initial_age_s};
}

}  // namespace edge::serve
