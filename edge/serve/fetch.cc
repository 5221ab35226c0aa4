#include "edge/serve/fetch.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/cache/update.h"
#include "edge/serve/forward.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;

// How long a key whose response was not for sharing is not collapsed.
constexpr std::chrono::seconds kUncacheableFor{10};

}  // namespace

struct Signal::State {
  explicit State(Worker& worker) : shared(worker.shared), loop(worker.loop), timer(loop) {}
  const Shared& shared;
  asio::io_context& loop;
  asio::steady_timer timer;
  bool woken = false;  // loop only
};

Signal::Signal(Worker& worker) : state_(std::make_shared<State>(worker)) {}
Signal::~Signal() = default;

std::function<void()> Signal::waker() {
  return [state = state_] {
    // A loop that is destroyed ends the readers in its coroutines, and these wake writers
    // elsewhere.
    if (state->shared.halted) { return; }
    asio::post(state->loop, [state] {
      state->woken = true;
      state->timer.cancel();
    });
  };
}

Awaitable<bool> Signal::wait(gslb::milliseconds timeout) {
  const std::shared_ptr<State> state = state_;
  if (!state->woken) {
    boost::system::error_code ignored;
    state->timer.expires_after(timeout);
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::exchange(state->woken, false);
}

namespace {

cache::Flight::Use use_of(bool stored, bool fresh) {
  using Use = cache::Flight::Use;
  return !stored ? Use::kLeaderOnly : fresh ? Use::kShared : Use::kStored;
}

class Fetch {
 public:
  Fetch(Worker& worker, FetchPlan plan)
      : worker_(worker),
        plan_(std::move(plan)),
        policy_(plan_.config->cache.policy),
        signal_(worker) {}

  Awaitable<void> run();

 private:
  enum class Step : std::uint8_t { kDone, kAgain, kBody };
  Awaitable<Step> ask();
  Step validated(const http::ResponseHead& not_modified, const cache::Exchange& moments);
  void begin(http::ResponseHead head, const cache::Exchange& moments);
  Awaitable<bool> stream();
  Awaitable<bool> wait_for_readers();
  void fail(cache::FetchFailure failure);
  void leave_table();
  void give_up_storing();
  void release();

  Worker& worker_;
  FetchPlan plan_;
  const config::CachePolicy& policy_;
  Signal signal_;
  std::unique_ptr<origin::Exchange> exchange_;
  std::shared_ptr<cache::Object> object_;
  bool keep_ = false;         // the body is meant for the store
  std::size_t reserved_ = 0;  // octets held in the store's budget
};

Awaitable<void> Fetch::run() {
  Step step = co_await ask();
  // A 304 about something else than what we have: ask again, without conditions.
  if (step == Step::kAgain) {
    plan_.stale = nullptr;
    step = co_await ask();
  }
  if (step == Step::kBody) {
    const bool whole = co_await stream();
    if (whole) {
      object_->body->finish();
      release();
      if (keep_ && plan_.flight->may_store()) {
        worker_.shared.tiers.insert(plan_.key, plan_.request.fields, object_);
      }
    } else {
      release();
      object_->body->fail();
      worker_.counters.origin_failures.add();
    }
    // After insert(): whoever comes now finds it in the one or the other.
    leave_table();
  }
  if (exchange_) { worker_.counters.origin_octets.add(exchange_->octets_read()); }
}

Awaitable<Fetch::Step> Fetch::ask() {
  ForwardOptions options;
  options.name = worker_.shared.name;
  options.client = plan_.client;
  options.origin = plan_.origin;
  options.for_cache = true;
  options.validate = plan_.stale.get();
  http::RequestHead request = origin_request(plan_.request, options);
  cache::Exchange moments;
  moments.request_sent = std::chrono::system_clock::now();
  exchange_ = worker_.origin.exchange(*plan_.origin);
  worker_.counters.origin_fetches.add();
  const origin::Exchange::Status sent = co_await exchange_->send_head(std::move(request), true);
  if (!sent) {
    fail({origin::status_for(sent.error()), origin::describe(sent.error())});
    co_return Step::kDone;
  }
  auto head = co_await exchange_->read_head();
  if (!head) {
    fail({origin::status_for(head.error()), origin::describe(head.error())});
    co_return Step::kDone;
  }
  moments.response_received = std::chrono::system_clock::now();
  if (head->status == 304) {
    if (plan_.stale) { co_return validated(*head, moments); }
    fail({502, "origin-bad-response"});  // we set no condition
    co_return Step::kDone;
  }
  begin(std::move(*head), moments);
  co_return Step::kBody;
}

Fetch::Step Fetch::validated(const http::ResponseHead& not_modified,
                             const cache::Exchange& moments) {
  const cache::Object& stale = *plan_.stale;
  if (!cache::selects(not_modified, stale.head)) { return Step::kAgain; }
  auto object = std::make_shared<cache::Object>(stale);
  object->head = cache::updated_by(stale.head, not_modified);
  object->freshness = cache::freshness_of(object->head, moments, policy_);
  object->received = std::chrono::steady_clock::now();
  cache::Tiers& tiers = worker_.shared.tiers;
  const bool stored =
      cache::is_storable(plan_.rules, object->head, moments, policy_) && plan_.flight->may_store();
  if (stored) {
    object->variant = cache::variant_of(plan_.request.fields, object->head.fields);
    cache::strip_for_storage(object->head);
    tiers.update(plan_.key, plan_.request.fields, object, stale);
  } else {
    tiers.remove(plan_.key);
  }
  leave_table();
  const bool fresh = cache::is_usable(object->freshness, object->freshness.initial_age_s, {});
  plan_.flight->resolve(object, use_of(stored, fresh), 304);
  return Step::kDone;
}

void Fetch::begin(http::ResponseHead head, const cache::Exchange& moments) {
  const config::Cache& limits = plan_.config->cache;
  const int status = head.status;
  object_ = std::make_shared<cache::Object>();
  // The exchange has judged the framing already; it can't fail here.
  const http::Framing framing = http::response_framing(head, "GET").value_or(http::Framing{});
  if (framing.kind == http::BodyKind::kNone) {
    object_->length = 0;
  } else if (framing.kind == http::BodyKind::kLength) {
    object_->length = framing.length;
  }
  // RFC 9110 6.6.1: a stored response keeps the time it came, not that of each hit.
  cache::complete_date(head, moments.response_received);
  const bool storable = cache::is_storable(plan_.rules, head, moments, policy_);
  const bool fits = object_->length.value_or(0) <= limits.max_object_octets;
  keep_ = storable && fits && plan_.flight->may_store();
  object_->freshness = cache::freshness_of(head, moments, policy_);
  object_->received = std::chrono::steady_clock::now();
  if (keep_) {
    object_->variant = cache::variant_of(plan_.request.fields, head.fields);
    cache::strip_for_storage(head);
  } else {
    http::remove_hop_by_hop_of_response(head.fields);
  }
  head.fields.remove("Content-Length");  // written anew from what is known
  object_->head = std::move(head);
  object_->body =
      std::make_shared<cache::Body>(keep_ ? cache::Body::Mode::kKeep : cache::Body::Mode::kWindow);
  const bool fresh = cache::is_usable(object_->freshness, object_->freshness.initial_age_s, {});
  if (!keep_ || !fresh) {
    leave_table();
    worker_.shared.flights.mark_uncacheable(plan_.key,
                                            std::chrono::steady_clock::now() + kUncacheableFor);
  }
  // A changed representation that can't be stored still ends the stored one; an error does not.
  if (!storable && plan_.stale && status < 500) { worker_.shared.tiers.remove(plan_.key); }
  plan_.flight->resolve(object_, use_of(keep_, fresh), status);
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
                        plan_.flight->may_store() &&
                        worker_.shared.store.reserve(octets.size());
      if (fits) {
        reserved_ += octets.size();
      } else {
        give_up_storing();
      }
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
