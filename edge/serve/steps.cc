#include "edge/serve/steps.h"

#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/serve/disk_lookup.h"
#include "edge/serve/fetch.h"
#include "edge/serve/forward.h"
#include "edge/serve/pass.h"
#include "edge/serve/request_scope.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

using report::CacheResult;

// Octets of a body handed to one gathered write: large enough to amortise the call, small enough
// for the write timeout to mean something.
constexpr std::size_t kWriteOctets = 256 * 1024;
constexpr gslb::milliseconds kForever = std::chrono::hours(24);
// Rounds of joining flights for other variants before a request fetches for itself.
constexpr int kMaxJoins = 4;

// Sends a shared body behind a head that has been begun.
class BodyPump {
 public:
  BodyPump(RequestScope& scope, std::shared_ptr<cache::Body> body, std::uint64_t from)
      : scope_(scope), signal_(scope.worker), reader_(std::move(body), from, signal_.waker()) {}

  // `left`: octets to send.  True when all went out and the message is complete.
  Awaitable<bool> run(std::uint64_t left) {
    while (left > 0) {
      const auto status = reader_.next(
          slices_, static_cast<std::size_t>(std::min<std::uint64_t>(left, kWriteOctets)));
      if (status == cache::Body::Status::kEnd) { break; }
      for (const cache::Slice& slice : slices_) { left -= slice.size; }
      // Without slices too: the head need not wait for the body.
      const bool sent = co_await scope_.send(slices_);
      if (!sent || status == cache::Body::Status::kFailed) { co_return false; }
      if (status == cache::Body::Status::kWait) { co_await signal_.wait(kForever); }
    }
    co_return co_await scope_.finish();
  }

 private:
  RequestScope& scope_;
  Signal signal_;
  std::vector<cache::Slice> slices_;
  cache::Body::Reader reader_;
};

// GET and HEAD, as far as the cache may answer them.
class CachedRequest {
 public:
  explicit CachedRequest(RequestScope& scope)
      : scope_(scope),
        worker_(scope.worker),
        request_(scope.request),
        rules_(cache::request_rules(scope.request)),
        key_(cache::primary_key(scope.request.host, scope.request.target, scope.request.secure)) {}

  Awaitable<bool> run(const config::Origin& origin);

 private:
  http::Forward why_forwarded() const;
  bool may_join() const;
  Awaitable<cache::Flight::Outcome> fetch(const config::Origin& origin, bool alone);
  Awaitable<cache::Flight::Outcome> wait_for(cache::FlightRef flight);
  FetchPlan plan(const config::Origin& origin) const;
  Awaitable<bool> deliver(const cache::Flight::Outcome& outcome);
  Awaitable<bool> serve(cache::ObjectRef object, http::CacheStatus status, CacheResult result);
  Awaitable<bool> serve_stale_or(cache::FetchFailure failure);
  bool stale_allowed() const;

  RequestScope& scope_;
  Worker& worker_;
  const http::RequestHead& request_;
  cache::RequestRules rules_;
  std::string key_;
  cache::Store::Found found_;
  bool collapsed_ = false;
};

Awaitable<bool> CachedRequest::run(const config::Origin& origin) {
  // If-Match and If-Unmodified-Since are for the origin alone (RFC 9111 4.3.2).
  if (rules_.conditional) { co_return co_await pass(scope_, origin, http::Forward::kBypass); }
  found_ = worker_.shared.tiers.find(key_, request_.fields);
  std::string_view detail;
  if (!found_.object && worker_.shared.tiers.may_be_on_disk(key_)) {
    found_ = co_await find_on_disk(worker_, key_, request_.fields);
    if (found_.object) { detail = "disk"; }
  }
  const auto now = std::chrono::steady_clock::now();
  if (found_.object) {
    const std::int64_t age = cache::age_of(*found_.object, now);
    if (cache::is_usable(found_.object->freshness, age, rules_)) {
      http::CacheStatus status;
      status.hit = true;
      status.detail = detail;
      co_return co_await serve(found_.object, status, CacheResult::kHit);
    }
  }
  if (rules_.control.only_if_cached) {
    co_return co_await scope_.respond_with_page(504, "only-if-cached", "only-if-cached");
  }
  // What is not stored whole is not made whole for a range or a HEAD: the origin answers these.
  if (request_.method == "HEAD" || (!found_.object && request_.fields.has("Range"))) {
    co_return co_await pass(scope_, origin, why_forwarded());
  }
  const bool alone = !may_join() || worker_.shared.flights.is_marked_uncacheable(key_, now);
  scope_.begin_upstream();
  const cache::Flight::Outcome outcome = co_await fetch(origin, alone);
  scope_.end_upstream();
  co_return co_await deliver(outcome);
}

http::Forward CachedRequest::why_forwarded() const {
  if (found_.object) {
    return rules_.may_use_stored ? http::Forward::kStale : http::Forward::kRequest;
  }
  return found_.other_variant ? http::Forward::kVaryMiss : http::Forward::kUriMiss;
}

// A request that wants more than the common answer fetches for itself.
bool CachedRequest::may_join() const {
  return !rules_.authorized && rules_.may_use_stored && !rules_.control.no_store &&
         !rules_.control.max_age_s && !rules_.control.min_fresh_s;
}

FetchPlan CachedRequest::plan(const config::Origin& origin) const {
  FetchPlan plan;
  plan.key = key_;
  plan.request = request_;
  plan.rules = rules_;
  plan.config = scope_.config;
  plan.origin = &origin;
  plan.client = scope_.client.peer();
  // Only a body that is there can be validated.
  if (found_.object && found_.object->body->complete()) { plan.stale = found_.object; }
  return plan;
}

Awaitable<cache::Flight::Outcome> CachedRequest::fetch(const config::Origin& origin, bool alone) {
  for (int round = 0; !alone && round < kMaxJoins; ++round) {
    const cache::FlightTable::Joined joined = worker_.shared.flights.join(key_, request_.fields);
    if (joined.leader) {
      FetchPlan own = plan(origin);
      own.flight = joined.flight;
      start_fetch(worker_, std::move(own));
    }
    collapsed_ = !joined.leader;
    cache::Flight::Outcome outcome = co_await wait_for(joined.flight);
    if (joined.leader || !outcome.object) { co_return outcome; }
    if (!outcome.shareable) { break; }
    if (cache::matches(outcome.object->variant, request_.fields)) { co_return outcome; }
  }
  collapsed_ = false;
  FetchPlan own = plan(origin);
  own.flight = std::make_shared<cache::Flight>();
  own.joinable = false;
  const cache::FlightRef flight = own.flight;
  start_fetch(worker_, std::move(own));
  co_return co_await wait_for(flight);
}

Awaitable<cache::Flight::Outcome> CachedRequest::wait_for(cache::FlightRef flight) {
  Signal signal(worker_);
  while (true) {
    cache::Flight::Outcome outcome = flight->poll(signal.waker());
    if (!outcome.pending) { co_return outcome; }
    // The fetch has a timeout for each of its phases, so the flight always ends.
    co_await signal.wait(kForever);
  }
}

Awaitable<bool> CachedRequest::deliver(const cache::Flight::Outcome& outcome) {
  if (!outcome.object) { co_return co_await serve_stale_or(outcome.failure); }
  http::CacheStatus status;
  status.forward = why_forwarded();
  status.collapsed = collapsed_;
  status.stored = outcome.stored;
  CacheResult result = collapsed_ ? CacheResult::kCollapsed : CacheResult::kMiss;
  if (outcome.origin_status == 304) {
    status.forward_status = 304;
    result = CacheResult::kRevalidated;
  }
  co_return co_await serve(outcome.object, status, result);
}

// The origin is away: RFC 9111 4.2.4 lets a disconnected cache use what it has, unless told not to.
bool CachedRequest::stale_allowed() const {
  return found_.object && !found_.object->freshness.must_revalidate && rules_.may_use_stored &&
         !rules_.control.max_age_s && !rules_.control.min_fresh_s;
}

Awaitable<bool> CachedRequest::serve_stale_or(cache::FetchFailure failure) {
  if (!stale_allowed()) {
    co_return co_await scope_.respond_with_page(failure.status, "the origin did not answer",
                                                failure.detail);
  }
  http::CacheStatus status;
  status.hit = true;
  status.detail = failure.detail;
  co_return co_await serve(found_.object, status, CacheResult::kStale);
}

Awaitable<bool> CachedRequest::serve(cache::ObjectRef object, http::CacheStatus status,
                                     CacheResult result) {
  const auto wall = std::chrono::system_clock::now();
  const std::int64_t age = cache::age_of(*object, std::chrono::steady_clock::now());
  ReplyOptions options = scope_.reply_options();
  status.ttl_s = object->freshness.lifetime_s - age;
  if (!status.hit && !status.stored) { status.ttl_s.reset(); }
  options.status = status;
  // Age says that the response was stored; one straight from the origin keeps the origin's.
  if (status.hit || status.stored || object->head.fields.has("Age")) { options.age_s = age; }
  const bool whole = object->body->complete();
  options.length = whole ? std::optional(object->body->size()) : object->length;
  http::ResponseHead head = object->head;
  std::uint64_t from = 0;
  std::uint64_t left = options.length.value_or(~std::uint64_t{0});
  if (head.status == 200 && http::not_modified(request_.fields, head.fields, wall)) {
    head = as_not_modified(head);
    options.has_body = false;
    options.length.reset();
  } else if (head.status == 200 && options.length && request_.method == "GET") {
    const auto range = http::decide_range(request_.fields, head.fields, *options.length, wall);
    if (range.kind == http::RangeKind::kPartial && range.ranges.size() == 1) {
      const http::ByteRange& part = range.ranges.front();
      head = as_partial(head, part, *options.length);
      from = part.first;
      left = part.size();
      options.length = left;
    } else if (range.kind == http::RangeKind::kUnsatisfiable) {
      head = as_unsatisfiable(*options.length);
      options.has_body = false;
      options.length = 0;
    }
  }
  if (head.status == 204 || head.status == 304) {
    options.has_body = false;
    options.length.reset();
  }
  if (request_.method == "HEAD") { options.has_body = false; }
  scope_.begin(client_reply(std::move(head), options, wall), result);
  if (!options.has_body) { co_return co_await scope_.finish(); }
  BodyPump pump(scope_, object->body, from);
  co_return co_await pump.run(left);
}

}  // namespace

Awaitable<bool> answer(Worker& worker, ClientIo& client, const http::RequestHead& request,
                       http::Framing body) {
  RequestScope scope(worker, client, request, body);
  const std::string* expect = request.fields.find("Expect");
  if (expect != nullptr && !http::equals_ignoring_case(*expect, "100-continue")) {
    co_return co_await scope.respond_with_page(417, "only 100-continue", "");
  }
  if (request.method == "CONNECT" || request.method == "TRACE" || request.target == "*") {
    co_return co_await scope.respond_with_page(501, "not for this server", "");
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
  const config::Origin* origin = scope.config->origin_for(request.host);
  if (origin == nullptr) {
    co_return co_await scope.respond_with_page(421, "this host is not served here", "");
  }
  if (origin->swift) {
    const int refused = co_await worker.origin.verdict(*origin, request);
    // A 401 is the site's affair: it may have a page for that.
    if (refused != 0 && refused != 401) {
      co_return co_await scope.respond_with_page(refused, "no such site", "swift");
    }
    if (refused == 401) { co_return co_await pass(scope, *origin, http::Forward::kBypass); }
  }
  const bool cacheable = request.method == "GET" || request.method == "HEAD";
  if (!cacheable) { co_return co_await pass(scope, *origin, http::Forward::kMethod); }
  if (body.kind != http::BodyKind::kNone) {
    co_return co_await pass(scope, *origin, http::Forward::kBypass);
  }
  CachedRequest cached(scope);
  co_return co_await cached.run(*origin);
}

Awaitable<void> refuse(Worker& worker, ClientIo& client, int status, std::string_view why) {
  http::RequestHead nothing;
  nothing.method = "GET";
  RequestScope scope(worker, client, nothing, {});
  worker.counters.bad_requests.add();
  co_await scope.respond_with_page(status, why, "");
}

}  // namespace edge::serve
