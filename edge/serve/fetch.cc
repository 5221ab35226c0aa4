#include "edge/serve/fetch.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/cache/parts.h"
#include "edge/cache/slices.h"
#include "edge/cache/update.h"
#include "edge/filter/choose.h"
#include "edge/serve/ask.h"
#include "edge/serve/signal.h"
#include "edge/serve/slice_fetch.h"
#include "edge/serve/upstream.h"
#include "gslb/base/entropy.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;

// How long a key whose response was not for sharing is not collapsed.
constexpr std::chrono::seconds kUncacheableFor{10};

cache::Flight::Use use_of(bool stored, bool fresh, bool here = true) {
  using Use = cache::Flight::Use;
  if (!stored) { return Use::kLeaderOnly; }
  return !fresh ? Use::kStored : here ? Use::kShared : Use::kPassing;
}

class Fetch {
 public:
  Fetch(Worker& worker, FetchPlan plan)
      : worker_(worker),
        plan_(std::move(plan)),
        policy_(plan_.config->policy_for(*plan_.origin)),
        fetching_(worker.shared.admission),
        signal_(worker),
        begun_(worker.shared.purges.last()) {}

  Awaitable<void> run();

 private:
  enum class Step : std::uint8_t { kDone, kAgain, kBody };
  Awaitable<Step> ask_origin();
  Step validated(http::ResponseHead not_modified, const cache::Exchange& moments);
  bool place_part(http::ResponseHead& head, gslb::WallTime now);
  Step begin(http::ResponseHead head, const cache::Exchange& moments);
  void keep(http::ResponseHead head, bool storable, int status);
  bool may_slice(const http::ResponseHead& head) const;
  void keep_in_slices(http::ResponseHead head, const cache::Sliced& sliced, int status);
  void end(bool whole);
  void insert(const cache::ObjectRef& object);
  cache::ObjectRef cut_short() const;
  bool reserve(std::size_t octets);
  Awaitable<bool> stream();
  Awaitable<bool> wait_for_readers();
  void fail(cache::FetchFailure failure);
  void leave_table();
  void give_up_storing();
  void release();

  Worker& worker_;
  FetchPlan plan_;
  const config::CachePolicy& policy_;
  const rules::Admission::Fetching fetching_;
  Signal signal_;
  // What comes is as good as the last purge before it was asked for.
  const cache::PurgeStamp begun_;
  std::unique_ptr<Upstream> exchange_;
  std::shared_ptr<cache::Object> object_;
  bool keep_ = false;         // the body is meant for the store
  bool here_ = true;          // and for this node's; else only for who asks meanwhile
  std::size_t reserved_ = 0;  // octets held in the store's budget
  std::string before_;        // of a stored part, around what comes
  std::string behind_;
};

Awaitable<void> Fetch::run() {
  Step step = co_await ask_origin();
  // The origin speaks about something else than what we have: ask again, for the thing itself.
  if (step == Step::kAgain) {
    plan_.stale = nullptr;
    plan_.part = nullptr;
    plan_.rest_only = false;
    plan_.ask = plan_.other;
    step = co_await ask_origin();
  }
  if (step == Step::kBody) {
    const bool whole = co_await stream();
    end(whole);
    // After insert(): whoever comes now finds it in the one or the other.
    leave_table();
  }
  if (exchange_) { worker_.counters.origin_octets.add(exchange_->octets_read()); }
}

void Fetch::end(bool whole) {
  cache::Body& body = *object_->body;
  if (whole && !behind_.empty()) { body.append(std::move(behind_)); }
  release();
  if (whole) {
    body.finish();
    if (keep_ && plan_.flight->may_store() && (here_ || plan_.flight->followed())) {
      insert(object_);
    }
    return;
  }
  worker_.counters.origin_failures.add();
  const cache::ObjectRef part = keep_ && plan_.flight->may_store() ? cut_short() : nullptr;
  body.fail();
  if (part) { insert(part); }
}

void Fetch::insert(const cache::ObjectRef& object) {
  if (worker_.shared.is_purged(plan_.key, *object)) { return; }
  worker_.shared.tiers.insert(plan_.key, plan_.request.fields, object);
}

// What came of a response that ended too early, as a part of the whole (RFC 9111 3.3).  Not in the
// place of something whole that may still be used stale.
cache::ObjectRef Fetch::cut_short() const {
  const std::uint64_t size = object_->body->size();
  if (!object_->length || size == 0 || plan_.stale || object_->head.status != 200) {
    return nullptr;
  }
  auto octets = cache::copy_of(object_->body, 0, size);
  if (!octets) { return nullptr; }
  auto part = std::make_shared<cache::Object>(*object_);
  if (!part->part) { part->part = cache::Part{0, *object_->length}; }
  part->length = size;
  part->body = std::make_shared<cache::Body>(cache::Body::Mode::kKeep);
  part->body->append(std::move(*octets));
  part->body->finish();
  return part;
}

Awaitable<Fetch::Step> Fetch::ask_origin() {
  auto asked = co_await ask(worker_, plan_, head_for(worker_, plan_));
  if (!asked) {
    fail(asked.error());
    co_return Step::kDone;
  }
  exchange_ = std::move(asked->exchange);
  http::ResponseHead& head = asked->head;
  if (is_server_error(head.status) && plan_.stale_on_error) {
    fail({head.status, "origin-error", true});
    co_return Step::kDone;
  }
  if (head.status == 304) {
    if (plan_.stale) { co_return validated(std::move(head), asked->moments); }
    fail({502, "origin-bad-response"});  // we set no condition
    co_return Step::kDone;
  }
  co_return begin(std::move(head), asked->moments);
}

Fetch::Step Fetch::validated(http::ResponseHead not_modified, const cache::Exchange& moments) {
  const cache::Object& stale = *plan_.stale;
  if (!cache::selects(not_modified, stale.head)) { return Step::kAgain; }
  cache::complete_date(not_modified, moments.response_received);
  auto object = std::make_shared<cache::Object>(stale);
  object->head = cache::updated_by(stale.head, not_modified);
  object->freshness = cache::freshness_of(object->head, moments, policy_);
  object->received = std::chrono::steady_clock::now();
  object->purged_until = begun_;
  const bool stored = cache::is_storable(plan_.rules, object->head, moments, policy_) &&
                      plan_.flight->may_store() && !worker_.shared.is_purged(plan_.key, *object);
  http::Fields own;
  if (stored) {
    object->variant = cache::variant_of(plan_.request.fields, object->head.fields);
    own = cache::strip_for_storage(object->head);
    worker_.shared.tiers.update(plan_.key, plan_.request.fields, object, stale);
  } else {
    worker_.shared.tiers.remove(plan_.key);
  }
  leave_table();
  const bool fresh = cache::is_usable(object->freshness, object->freshness.initial_age_s, {});
  plan_.flight->resolve(object, use_of(stored, fresh), 304, std::move(own));
  return Step::kDone;
}

// A 206 to our own range becomes an incomplete 200, or what it makes of the part that is stored.
// False: it is not what was asked for.
bool Fetch::place_part(http::ResponseHead& head, gslb::WallTime now) {
  const auto place = http::parse_content_range(head.fields);
  const bool fits = place && object_->length.value_or(place->range.size()) == place->range.size();
  auto joined = fits && plan_.part ? cache::join(*plan_.part, head, *place, now) : std::nullopt;
  if (plan_.rest_only && !joined) { return false; }
  // Several ranges, or a whole of unknown size: the leader's alone, if it is what the leader wants.
  if (!fits) { return plan_.ask.range == plan_.other.range; }
  std::uint64_t first = place->range.first;
  object_->length = place->range.size();
  if (joined) {
    head = std::move(joined->head);
    first -= joined->before.size();
    object_->length = *object_->length + joined->before.size() + joined->behind.size();
    if (plan_.part->purged_until.value() < begun_.value()) {
      object_->purged_until = plan_.part->purged_until;
    }
    before_ = std::move(joined->before);
    behind_ = std::move(joined->behind);
  }
  head.status = 200;
  head.reason.clear();
  head.fields.remove("Content-Range");
  if (first > 0 || *object_->length < place->total) {
    object_->part = cache::Part{first, place->total};
  }
  return true;
}

Fetch::Step Fetch::begin(http::ResponseHead head, const cache::Exchange& moments) {
  const int status = head.status;
  object_ = std::make_shared<cache::Object>();
  object_->purged_until = begun_;
  // The exchange has judged the framing already; it can't fail here.
  const http::Framing framing = http::response_framing(head, "GET").value_or(http::Framing{});
  if (framing.kind == http::BodyKind::kNone) {
    object_->length = 0;
  } else if (framing.kind == http::BodyKind::kLength) {
    object_->length = framing.length;
  }
  // RFC 9110 6.6.1: a stored response keeps the time it came, not that of each hit.
  cache::complete_date(head, moments.response_received);
  const bool asked_range = !plan_.ask.range.empty();
  if (plan_.rest_only && status == 416) { return Step::kAgain; }
  // A part of a page with includes is no part of what it becomes.
  const config::Filters& filters = plan_.config->filters_for(plan_.request.site_host());
  if (status == 206 && asked_range && filter::is_esi_page(filters, head)) {
    plan_.other = {};
    return Step::kAgain;
  }
  if (status == 206 && asked_range && !place_part(head, moments.response_received)) {
    return Step::kAgain;
  }
  // What else a request for a range gets says nothing about the whole, and a 206 that is none of
  // ours is for the leader alone.
  const bool is_ours = head.status == 200 || (!asked_range && head.status != 206);
  const bool storable = is_ours && cache::is_storable(plan_.rules, head, moments, policy_);
  object_->freshness = cache::freshness_of(head, moments, policy_);
  object_->received = std::chrono::steady_clock::now();
  if (storable && may_slice(head)) {
    const std::uint64_t total = object_->part ? object_->part->total : object_->length.value_or(0);
    const auto sliced = cache::slicing_of(head, total, status == 206, plan_.config->cache.slices,
                                          moments.response_received);
    if (sliced) {
      keep_in_slices(std::move(head), *sliced, status);
      return Step::kDone;
    }
  }
  keep(std::move(head), storable, status);
  return plan_.background && !keep_ ? Step::kDone : Step::kBody;
}

// Settles what becomes of the response and tells who waits.
void Fetch::keep(http::ResponseHead head, bool storable, int status) {
  const config::Cache& limits = plan_.config->cache;
  const std::size_t joined = before_.size() + behind_.size();
  keep_ = storable && object_->length.value_or(0) <= limits.max_object_octets &&
          (object_->sliced || plan_.flight->may_store());
  if (keep_ && joined > 0) { keep_ = reserve(joined); }
  http::Fields own;
  if (keep_) {
    object_->variant = cache::variant_of(plan_.request.fields, head.fields);
    own = cache::strip_for_storage(head);
  } else {
    http::remove_hop_by_hop_of_response(head.fields);
  }
  head.fields.remove("Content-Length");  // written anew from what is known
  object_->head = std::move(head);
  object_->body =
      std::make_shared<cache::Body>(keep_ ? cache::Body::Mode::kKeep : cache::Body::Mode::kWindow,
                                    worker_.shared.memory_file.get());
  object_->body->append(std::exchange(before_, {}));
  const bool fresh = cache::is_usable(object_->freshness, object_->freshness.initial_age_s, {});
  if (!keep_ || !fresh) {
    leave_table();
    worker_.shared.flights.mark_uncacheable(plan_.key,
                                            std::chrono::steady_clock::now() + kUncacheableFor);
  }
  // A changed representation that can't be stored still ends the stored one; an error does not.
  if (!storable && plan_.stale && status < 500) { worker_.shared.tiers.remove(plan_.key); }
  // What the sibling it belongs to keeps is worth a place here when it is asked for here again.
  here_ = !keep_ || object_->sliced || exchange_->hop() != tier::HopKind::kSibling ||
          plan_.flight->followed() || worker_.shared.peers.is_wanted_here(plan_.key);
  plan_.flight->resolve(object_, use_of(keep_, fresh, here_), status, std::move(own));
}

// What is put together or decoded here is needed as a whole.
bool Fetch::may_slice(const http::ResponseHead& head) const {
  const config::Filters& filters = plan_.config->filters_for(plan_.request.site_host());
  const bool filtered = filter::is_esi_page(filters, head) ||
                        (filters.compress && head.fields.has("Content-Encoding"));
  return !filtered && plan_.origin->slices && plan_.flight->may_store() && before_.empty() &&
         behind_.empty();
}

// The response becomes an index, and goes on as the slice its body begins with, if somebody waits
// and no other does.
void Fetch::keep_in_slices(http::ResponseHead head, const cache::Sliced& sliced, int status) {
  const std::uint64_t first = object_->part ? object_->part->first : 0;
  const std::uint64_t end = first + *object_->length;
  object_->sliced = sliced;
  object_->sliced->generation = gslb::random_seed();
  object_->part.reset();
  object_->length = 0;
  SlicePlan slice{plan_, object_, first / sliced.octets};
  slice.ends_with_slice = end == cache::slice_range(sliced, slice.number).last + 1;
  const bool begins = first % sliced.octets == 0 && !plan_.background;
  slice.fetch.flight = begins ? lead_slice(worker_, slice) : nullptr;
  keep(std::move(head), true, status);
  object_->body->finish();
  if (plan_.flight->may_store()) { insert(object_); }
  leave_table();
  if (!slice.fetch.flight) { return; }
  slice.exchange = std::move(exchange_);
  start_slice_fetch(worker_, std::move(slice));
}

bool Fetch::reserve(std::size_t octets) {
  if (!worker_.shared.store.reserve(octets)) { return false; }
  reserved_ += octets;
  return true;
}

Awaitable<bool> Fetch::stream() {
  cache::Body& body = *object_->body;
  const config::Cache& limits = plan_.config->cache;
  std::string octets;
  while (true) {
    const auto more = co_await exchange_->read_body(octets);
    if (!more) { co_return false; }
    if (!*more) { co_return true; }
    if (keep_) {
      const bool fits = body.size() + octets.size() <= limits.max_object_octets &&
                        plan_.flight->may_store() && reserve(octets.size());
      if (!fits) { give_up_storing(); }
    }
    body.append(std::exchange(octets, {}));
    if (!keep_) {
      const bool wanted = co_await wait_for_readers();
      if (!wanted) { co_return false; }
    }
  }
}

Awaitable<bool> Fetch::wait_for_readers() {
  cache::Body& body = *object_->body;
  const gslb::milliseconds patience(plan_.config->limits.write_timeout_ms);
  while (!body.abandoned() && !body.may_append(signal_.waker())) {
    const bool woken = co_await signal_.wait(patience);
    // A slow reader is its connection's business; but somebody has to be there.
    if (!woken && body.reader_count() == 0) { co_return false; }
  }
  co_return !body.abandoned();
}

// From here on the body only passes through: no new followers, and no more memory than a window.
void Fetch::give_up_storing() {
  keep_ = false;
  leave_table();
  object_->body->use_window();
  release();
}

void Fetch::release() {
  if (reserved_ > 0) { worker_.shared.store.release(std::exchange(reserved_, 0)); }
}

void Fetch::leave_table() {
  if (plan_.joinable) { worker_.shared.flights.remove(plan_.key, plan_.flight); }
}

void Fetch::fail(cache::FetchFailure failure) {
  worker_.counters.origin_failures.add();
  leave_table();
  plan_.flight->fail(failure);
}

Awaitable<void> run_fetch(std::unique_ptr<Fetch> fetch) { co_await fetch->run(); }

}  // namespace

void start_fetch(Worker& worker, FetchPlan plan) {
  auto fetch = std::make_unique<Fetch>(worker, std::move(plan));
  asio::co_spawn(worker.loop, run_fetch(std::move(fetch)), asio::detached);
}

}  // namespace edge::serve
