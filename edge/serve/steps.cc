#include "edge/serve/steps.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/cache/key_rules.h"
#include "edge/serve/deliver.h"
#include "edge/serve/disk_lookup.h"
#include "edge/serve/elsewhere.h"
#include "edge/serve/fetch.h"
#include "edge/serve/flight_wait.h"
#include "edge/serve/forward.h"
#include "edge/serve/guard.h"
#include "edge/serve/pass.h"
#include "edge/serve/purge_method.h"
#include "edge/serve/range_plan.h"
#include "edge/serve/request_scope.h"
#include "edge/serve/slice_source.h"
#include "edge/serve/tell_siblings.h"
#include "edge/serve/upstream.h"

namespace edge::serve {
namespace {

using report::CacheResult;

// Rounds of joining flights for other variants before a request fetches for itself.
constexpr int kMaxJoins = 4;

// GET and HEAD, as far as the cache may answer them.
class CachedRequest {
 public:
  CachedRequest(RequestScope& scope, const config::Origin& origin)
      : scope_(scope),
        origin_(origin),
        worker_(scope.worker),
        request_(scope.request),
        rules_(cache::request_rules(scope.request)),
        key_(cache::key_of(scope.config->policy_for(origin).key, scope.request)) {
    if (request_.method == "GET") { ranges_ = http::parse_range(request_.fields); }
  }

  Awaitable<bool> run();

 private:
  enum class Want : std::uint8_t { kWhole, kRange, kPassed };
  Want want() const;
  bool can_answer(const cache::Object& object) const;
  http::Forward why_forwarded() const;
  bool may_join() const;
  bool may_fetch();
  Awaitable<cache::Flight::Outcome> fetch(bool alone);
  void refresh_in_background();
  const tier::Route& route();
  cache::FlightTable::Levels levels();
  cache::FlightTable::Joined join(std::string_view lane);
  FetchPlan base_plan();
  FetchPlan plan();
  Awaitable<bool> send(Delivery delivery);
  Awaitable<bool> serve(cache::Flight::Outcome outcome);
  Awaitable<bool> serve_stored(CacheResult result, std::string_view detail);
  Awaitable<bool> serve_stale_or(cache::FetchFailure failure);
  Awaitable<bool> serve_stale_or_shed();
  bool is_usable_on(cache::OriginFailure failure) const;

  RequestScope& scope_;
  const config::Origin& origin_;
  Worker& worker_;
  const http::RequestHead& request_;
  cache::RequestRules rules_;
  std::string key_;
  std::vector<http::RangeSpec> ranges_;
  std::optional<tier::Route> route_;
  cache::Store::Found found_;
  bool holds_answer_ = false;  // what was found has all octets that are wanted
  bool collapsed_ = false;
  bool restarted_ = false;
};

Awaitable<bool> CachedRequest::run() {
  // If-Match and If-Unmodified-Since are for the origin alone (RFC 9111 4.3.2).
  if (rules_.conditional) { co_return co_await pass(scope_, origin_, http::Forward::kBypass); }
  found_ = worker_.shared.tiers.find(key_, request_.fields);
  std::string_view detail;
  if (!found_.object && worker_.shared.tiers.may_be_on_disk(key_)) {
    found_ = co_await find_on_disk(worker_, key_, request_.fields);
    if (found_.object) { detail = "disk"; }
  }
  const auto now = std::chrono::steady_clock::now();
  if (found_.object && can_answer(*found_.object)) {
    holds_answer_ = true;
    const cache::Freshness& freshness = found_.object->freshness;
    const std::int64_t age = cache::age_of(*found_.object, now);
    if (cache::is_usable(freshness, age, rules_)) {
      co_return co_await serve_stored(CacheResult::kHit, detail);
    }
    if (cache::is_usable_meanwhile(freshness, age, rules_)) {
      refresh_in_background();
      co_return co_await serve_stored(CacheResult::kStale, "stale-while-revalidate");
    }
  }
  if (rules_.control.only_if_cached || !may_fetch()) {
    co_return co_await scope_.respond_with_page(504, "only-if-cached", "only-if-cached");
  }
  const bool alone = !may_join() || worker_.shared.flights.is_marked_uncacheable(key_, now);
  const Want wanted = want();
  if (wanted == Want::kPassed || (wanted == Want::kRange && !found_.object && alone)) {
    co_return co_await pass(scope_, origin_, why_forwarded());
  }
  if (worker_.shared.admission.refuses_fetch(now)) {
    co_return co_await serve_stale_or_shed();
  }
  scope_.begin_upstream();
  cache::Flight::Outcome outcome = co_await fetch(alone);
  scope_.end_upstream();
  co_return co_await serve(std::move(outcome));
}

// A HEAD costs the origin less than the GET that would answer it, and several ranges come in a
// form that is not stored.  A range that is all there is, as players ask for first, is the whole.
CachedRequest::Want CachedRequest::want() const {
  if (request_.method == "HEAD") { return Want::kPassed; }
  const bool is_part = found_.object && found_.object->part;
  if (ranges_.empty() || (found_.object && !is_part)) { return Want::kWhole; }
  if (ranges_.size() > 1) { return Want::kPassed; }
  const http::RangeSpec& range = ranges_.front();
  const bool is_all = range.first == std::uint64_t{0} && !range.last;
  return is_all && !request_.fields.has("If-Range") ? Want::kWhole : Want::kRange;
}

bool CachedRequest::can_answer(const cache::Object& object) const {
  if (object.sliced) {
    const bool held_only = rules_.control.only_if_cached ||
                           (scope_.caller != nullptr && scope_.caller->wants_held_only());
    return !held_only || SliceSource::holds(worker_.shared.tiers, key_, object, request_);
  }
  return !object.part || (!ranges_.empty() && part_answers(object, request_));
}

http::Forward CachedRequest::why_forwarded() const {
  if (found_.object && !holds_answer_) { return http::Forward::kPartial; }
  if (!found_.object) {
    return found_.other_variant ? http::Forward::kVaryMiss : http::Forward::kUriMiss;
  }
  const std::int64_t age = cache::age_of(*found_.object, std::chrono::steady_clock::now());
  // What is fresh for others but not for this request is the request's doing (RFC 9211 2.2).
  const bool fresh = cache::is_usable(found_.object->freshness, age, {});
  return fresh ? http::Forward::kRequest : http::Forward::kStale;
}

// A request that wants more than the common answer fetches for itself.
bool CachedRequest::may_join() const {
  return !rules_.authorized && rules_.may_use_stored && !rules_.control.no_store &&
         !rules_.control.max_age_s && !rules_.control.min_fresh_s;
}

// As things stand when it is first needed.  What nobody keeps is not brought by who would keep it.
const tier::Route& CachedRequest::route() {
  if (!route_) {
    route_ = route_for(scope_, origin_, key_);
    const auto now = std::chrono::steady_clock::now();
    if (worker_.shared.flights.is_marked_uncacheable(key_, now)) { route_->skip_cluster(); }
  }
  return *route_;
}

cache::FlightTable::Levels CachedRequest::levels() {
  const tier::Level from = scope_.caller != nullptr ? scope_.caller->level : tier::kSideways;
  return {from, route().level};
}

cache::FlightTable::Joined CachedRequest::join(std::string_view lane) {
  return worker_.shared.flights.join(key_, request_.fields, lane, levels());
}

// A sibling that only wants to know whether it is here or on its way.
bool CachedRequest::may_fetch() {
  const tier::Caller* const caller = scope_.caller;
  if (caller == nullptr || !caller->wants_held_only()) { return true; }
  return may_join() &&
         worker_.shared.flights.has(key_, request_.fields, lane_of(plan()), caller->level);
}

FetchPlan CachedRequest::base_plan() {
  FetchPlan plan;
  plan.route = route();
  plan.key = key_;
  plan.request = request_;
  plan.rules = rules_;
  plan.config = scope_.config;
  plan.origin = &origin_;
  plan.client = scope_.forwarded_client();
  return plan;
}

FetchPlan CachedRequest::plan() {
  FetchPlan plan = base_plan();
  if (want() == Want::kRange) {
    plan.ask = {request_.fields.joined("Range"), request_.fields.joined("If-Range")};
  }
  plan.other = plan.ask;
  const bool in_slices = found_.object && found_.object->sliced;
  if (in_slices || (!found_.object && !plan.ask.range.empty())) { align_to_slices(plan); }
  plan.stale_on_error = is_usable_on(cache::OriginFailure::kServerError);
  const cache::ObjectRef& found = found_.object;
  // Only a body that is there can be validated.
  if (!found || !found->body->complete()) { return plan; }
  if (holds_answer_) {
    plan.stale = found;
  } else {
    plan_rest(plan, found);
  }
  return plan;
}

void CachedRequest::refresh_in_background() {
  const cache::FlightTable::Joined joined = join({});
  if (!joined.leader) { return; }
  FetchPlan own = plan();
  own.flight = joined.flight;
  own.background = true;
  own.stale_on_error = true;
  start_fetch(worker_, std::move(own));
}

// Who wants the same range waits for it together; a condition on it is each client's own.
Awaitable<cache::Flight::Outcome> CachedRequest::fetch(bool alone) {
  FetchPlan own = plan();
  alone = alone || !own.other.if_range.empty();
  for (int round = 0; !alone && round < kMaxJoins; ++round) {
    const cache::FlightTable::Joined joined = join(lane_of(own));
    if (joined.leader) {
      own.flight = joined.flight;
      start_fetch(worker_, std::move(own));
    }
    collapsed_ = !joined.leader;
    cache::Flight::Outcome outcome =
        co_await wait_for(worker_, joined.flight, joined.leader ? &scope_.client : nullptr);
    if (joined.leader || !outcome.object) { co_return outcome; }
    if (worker_.shared.is_purged(key_, *outcome.object)) {
      // It began before a purge, and who joins now wants what is after it.
      worker_.shared.flights.remove(key_, joined.flight);
      continue;
    }
    if (!outcome.shareable) { break; }
    if (cache::matches(outcome.object->variant, request_.fields) && can_answer(*outcome.object)) {
      co_return outcome;
    }
  }
  collapsed_ = false;
  own.flight = std::make_shared<cache::Flight>();
  own.joinable = false;
  const cache::FlightRef flight = own.flight;
  start_fetch(worker_, std::move(own));
  co_return co_await wait_for(worker_, flight, &scope_.client);
}

Awaitable<bool> CachedRequest::serve(cache::Flight::Outcome outcome) {
  if (!outcome.object) { co_return co_await serve_stale_or(outcome.failure); }
  Delivery delivery;
  delivery.object = std::move(outcome.object);
  delivery.key = key_;
  delivery.status.forward = why_forwarded();
  delivery.status.collapsed = collapsed_;
  delivery.status.stored = outcome.stored;
  delivery.status.forward_status = outcome.origin_status;
  delivery.result = collapsed_                     ? CacheResult::kCollapsed
                    : outcome.origin_status == 304 ? CacheResult::kRevalidated
                                                   : CacheResult::kMiss;
  if (!collapsed_) { delivery.own = std::move(outcome.own); }
  co_return co_await send(std::move(delivery));
}

// Slices that turn out to be another representation's before anything was sent: all anew, once.
Awaitable<bool> CachedRequest::send(Delivery delivery) {
  if (!delivery.object->sliced) { co_return co_await deliver(scope_, std::move(delivery)); }
  SliceSource slices(worker_, base_plan(), delivery.object, levels());
  delivery.slices = &slices;
  const bool sent = co_await deliver(scope_, std::move(delivery));
  if (!slices.refused()) { co_return sent; }
  const cache::FetchFailure failure = *slices.failure();
  if (failure.changed && !std::exchange(restarted_, true)) {
    holds_answer_ = false;
    co_return co_await run();
  }
  co_return co_await scope_.respond_with_page(failure.status, "the origin did not answer",
                                              failure.detail);
}

Awaitable<bool> CachedRequest::serve_stored(CacheResult result, std::string_view detail) {
  if (auto url = elsewhere(scope_, found_.object->body->size())) {
    return send_elsewhere(scope_, std::move(*url));
  }
  Delivery delivery;
  delivery.object = found_.object;
  delivery.key = key_;
  delivery.status.hit = true;
  delivery.status.detail = detail;
  delivery.result = result;
  return send(std::move(delivery));
}

bool CachedRequest::is_usable_on(cache::OriginFailure failure) const {
  if (!found_.object || !holds_answer_) { return false; }
  const std::int64_t age = cache::age_of(*found_.object, std::chrono::steady_clock::now());
  return cache::is_usable_on(failure, found_.object->freshness, age, rules_);
}

Awaitable<bool> CachedRequest::serve_stale_or(cache::FetchFailure failure) {
  using Failure = cache::OriginFailure;
  if (!is_usable_on(failure.responded ? Failure::kServerError : Failure::kUnreachable)) {
    co_return co_await scope_.respond_with_page(failure.status, "the origin did not answer",
                                                failure.detail);
  }
  co_return co_await serve_stored(CacheResult::kStale, failure.detail);
}

// The origin is out of reach for this request, if not for others.
Awaitable<bool> CachedRequest::serve_stale_or_shed() {
  if (!is_usable_on(cache::OriginFailure::kUnreachable)) {
    co_return co_await shed(scope_);
  }
  co_return co_await serve_stored(CacheResult::kStale, "overloaded");
}

}  // namespace

Awaitable<bool> answer_as(Worker& worker, ClientIo& client, const http::RequestHead& request,
                          http::Framing body, Asker asker) {
  RequestScope scope(worker, client, request, body);
  scope.caller = asker.edge;
  scope.may_redirect = !asker.stays && !was_sent_here(request);
  const std::string* expect = request.fields.find("Expect");
  if (expect != nullptr && !http::equals_ignoring_case(*expect, "100-continue")) {
    co_return co_await scope.respond_with_page(417, "only 100-continue", "");
  }
  if (request.method == "CONNECT" || request.method == "TRACE" || request.target == "*") {
    co_return co_await scope.respond_with_page(501, "not for this server", "");
  }
  if (max_forwards(request) == std::uint64_t{0}) {
    co_return co_await scope.respond_with_page(200, "forwarded no further", "max-forwards");
  }
  if (is_own_loop(request.fields, worker.shared.name)) {
    co_return co_await scope.respond_with_page(508, "the request came back here (CDN-Loop)",
                                               "loop");
  }
  if (const auto nonce = scope.config->beacon_nonce(request.host)) {
    if (const auto peer = gslb::Address::parse(client.peer())) {
      worker.shared.beacons.add(*nonce, *peer);
    }
    co_return co_await scope.respond_with_page(200, "seen", "beacon");
  }
  if (scope.caller != nullptr && scope.caller->orders()) {
    co_return co_await answer_told(scope);
  }
  if (request.method == "PURGE" && scope.config->purge.method) {
    co_return co_await answer_purge(scope);
  }
  const config::Origin* origin = scope.config->origin_for(request.site_host());
  if (origin == nullptr) {
    co_return co_await scope.respond_with_page(421, "this host is not served here", "");
  }
  const Admitted admitted = admit(scope, *origin);
  if (admitted.is_refused()) { co_return co_await answer_refused(scope, admitted); }
  if (origin->swift) {
    const int refused = co_await worker.origin.verdict(*origin, request);
    // A 401 is the site's affair: it may have a page for that.
    if (refused != 0 && refused != 401) {
      co_return co_await scope.respond_with_page(refused, "no such site", "swift");
    }
    if (refused == 401) { co_return co_await pass(scope, *origin, http::Forward::kBypass); }
  }
  if (admitted.passes) { co_return co_await pass(scope, *origin, http::Forward::kBypass); }
  const bool cacheable = request.method == "GET" || request.method == "HEAD";
  if (!cacheable) { co_return co_await pass(scope, *origin, http::Forward::kMethod); }
  if (body.kind != http::BodyKind::kNone) {
    co_return co_await pass(scope, *origin, http::Forward::kBypass);
  }
  if (auto url = elsewhere(scope, std::nullopt)) {
    co_return co_await send_elsewhere(scope, std::move(*url));
  }
  CachedRequest cached(scope, *origin);
  co_return co_await cached.run();
}

Awaitable<void> refuse(Worker& worker, ClientIo& client, int status, std::string_view why) {
  http::RequestHead nothing;
  nothing.method = "GET";
  RequestScope scope(worker, client, nothing, {});
  worker.counters.bad_requests.add();
  co_await scope.respond_with_page(status, why, "");
}

}  // namespace edge::serve
