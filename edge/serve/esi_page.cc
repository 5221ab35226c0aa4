#include "edge/serve/esi_page.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/filter/esi.h"
#include "edge/serve/include.h"
#include "edge/serve/readers.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using filter::EsiEvent;
using report::IncludeResult;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of the page, read at a stretch.
constexpr std::size_t kReadOctets = 32 * 1024;
// Includes on their way at a time: the next is asked for while one is being sent.
constexpr std::size_t kAhead = 4;
// Of an <esi:attempt>, held back until it is known to be whole; a larger one has failed.
constexpr std::size_t kMaxAttempt = 1 << 20;

enum class Outcome : std::uint8_t {
  kWhole,
  kNothing,  // failed, and nothing of it was put into the page
  kCut,      // failed when some was
  kGone,     // nobody reads the page any more
};

struct Pending {
  EsiEvent event;
  std::unique_ptr<IncludeReader> started = nullptr;  // an include that was asked for ahead
  bool asked = false;                                // and `started` is what came of it
};

class EsiPage {
 public:
  EsiPage(RequestScope& scope, std::shared_ptr<cache::Body> from, std::shared_ptr<cache::Body> to,
          const config::Esi& esi);
  Awaitable<void> run();

 private:
  // An <esi:attempt> that is open.
  struct Attempt {
    std::string text;
    bool failed = false;
  };
  // These are false when the page can't go on.
  Awaitable<bool> drain();
  Awaitable<bool> handle(Pending pending);
  Awaitable<bool> include(Pending pending);
  Awaitable<bool> put(std::string octets);

  void start_ahead();
  std::unique_ptr<IncludeReader> start(const std::string& reference);
  Awaitable<Outcome> fetch(std::unique_ptr<IncludeReader> include);
  Awaitable<bool> wait_for_head(const Include& include);
  Awaitable<Outcome> copy(IncludeReader& include);
  void count(IncludeResult result) {
    worker_.counters.filters.includes[static_cast<std::size_t>(result)].add();
  }

  Worker& worker_;
  const config::ConfigRef config_;
  const config::Esi& esi_;
  const http::RequestHead request_;
  const std::string client_;
  InclusionRef inclusion_;
  Signal signal_;
  cache::Body::Reader reader_;
  const std::shared_ptr<cache::Body> to_;
  filter::EsiParser parser_;
  std::deque<Pending> pending_;
  std::vector<Attempt> attempts_;  // outermost first
  bool attempt_failed_ = false;    // the last that ended
  unsigned skipping_ = 0;          // depth of <esi:except> that are not wanted
};

InclusionRef inclusion_of(const RequestScope& scope, const config::Esi& esi) {
  auto inclusion = std::make_shared<Inclusion>();
  inclusion->outer = scope.client.inclusion();
  const http::RequestHead& request = scope.request;
  inclusion->key = cache::primary_key(request.host, request.target, request.secure);
  if (inclusion->outer) {
    inclusion->depth = inclusion->outer->depth + 1;
    inclusion->left = inclusion->outer->left;
  } else {
    inclusion->left = std::make_shared<unsigned>(esi.max_includes);
  }
  return inclusion;
}

EsiPage::EsiPage(RequestScope& scope, std::shared_ptr<cache::Body> from,
                 std::shared_ptr<cache::Body> to, const config::Esi& esi)
    : worker_(scope.worker),
      config_(scope.config),
      esi_(esi),
      request_(scope.request),
      client_(scope.client.peer()),
      inclusion_(inclusion_of(scope, esi)),
      signal_(worker_),
      reader_(std::move(from), 0, signal_.waker()),
      to_(std::move(to)) {}

Awaitable<void> EsiPage::run() {
  using Status = cache::Body::Status;
  std::vector<cache::Slice> slices;
  bool good = true;
  auto status = Status::kWait;
  while (good && status != Status::kEnd && status != Status::kFailed) {
    status = reader_.next(slices, kReadOctets);
    if (status == Status::kWait) {
      co_await signal_.wait();
      good = !to_->abandoned();
      continue;
    }
    std::vector<EsiEvent> events;
    for (const cache::Slice& slice : slices) { parser_.feed(slice.view(), events); }
    if (status == Status::kEnd) { parser_.finish(events); }
    for (EsiEvent& event : events) { pending_.push_back({std::move(event)}); }
    good = co_await drain();
  }
  if (good && status == Status::kEnd) {
    to_->finish();
  } else {
    to_->fail();
  }
}

Awaitable<bool> EsiPage::drain() {
  while (!pending_.empty()) {
    start_ahead();
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    const bool good = co_await handle(std::move(next));
    if (!good) { co_return false; }
  }
  co_return true;
}

// Not beyond what may turn out not to be wanted.
void EsiPage::start_ahead() {
  if (skipping_ > 0) { return; }
  std::size_t under_way = 0;
  for (Pending& each : pending_) {
    if (each.event.kind == EsiEvent::Kind::kExcept) { return; }
    if (each.event.kind != EsiEvent::Kind::kInclude) { continue; }
    if (!each.asked) { each.started = start(each.event.text); }
    each.asked = true;
    if (++under_way == kAhead) { return; }
  }
}

std::unique_ptr<IncludeReader> EsiPage::start(const std::string& reference) {
  return start_include(worker_, {request_, client_, *config_, esi_, inclusion_}, reference,
                       signal_.waker());
}

Awaitable<bool> EsiPage::handle(Pending pending) {
  using Kind = EsiEvent::Kind;
  const Kind kind = pending.event.kind;
  if (skipping_ > 0) {
    if (kind == Kind::kExcept) { ++skipping_; }
    if (kind == Kind::kExceptEnd) { --skipping_; }
    co_return true;
  }
  switch (kind) {
    case Kind::kText:
      co_return co_await put(std::move(pending.event.text));
    case Kind::kInclude:
      co_return co_await include(std::move(pending));
    case Kind::kAttempt:
      attempts_.emplace_back();
      co_return true;
    case Kind::kAttemptEnd: {
      Attempt attempt = std::move(attempts_.back());
      attempts_.pop_back();
      attempt_failed_ = attempt.failed;
      if (attempt.failed) { co_return true; }
      co_return co_await put(std::move(attempt.text));
    }
    case Kind::kExcept:
      if (!attempt_failed_) { skipping_ = 1; }
      co_return true;
    case Kind::kExceptEnd:
      co_return true;
  }
  co_return true;
}

Awaitable<bool> EsiPage::put(std::string octets) {
  if (!attempts_.empty()) {
    Attempt& attempt = attempts_.back();
    attempt.failed = attempt.failed || attempt.text.size() + octets.size() > kMaxAttempt;
    if (!attempt.failed) { attempt.text += octets; }
    co_return true;
  }
  to_->append(std::move(octets));
  co_return co_await wait_for_readers(*to_, signal_);
}

Awaitable<bool> EsiPage::include(Pending pending) {
  // What has failed needs no more.
  if (!attempts_.empty() && attempts_.back().failed) { co_return true; }
  if (!pending.asked) { pending.started = start(pending.event.text); }
  Outcome outcome = co_await fetch(std::move(pending.started));
  if (outcome == Outcome::kNothing && !pending.event.alt.empty()) {
    outcome = co_await fetch(start(pending.event.alt));
  }
  if (outcome == Outcome::kGone) { co_return false; }
  if (outcome == Outcome::kWhole || pending.event.may_fail) { co_return true; }
  if (!attempts_.empty()) {
    attempts_.back().failed = true;
    co_return true;
  }
  co_return esi_.omit_failed;
}

Awaitable<Outcome> EsiPage::fetch(std::unique_ptr<IncludeReader> reader) {
  if (!reader) {
    count(IncludeResult::kRefused);
    co_return Outcome::kNothing;
  }
  const Include& include = *reader->include;
  const bool known = co_await wait_for_head(include);
  if (!known) {
    count(IncludeResult::kTimeout);
    co_return Outcome::kNothing;
  }
  if (include.status < 200 || include.status >= 300) {
    count(IncludeResult::kFailed);
    co_return Outcome::kNothing;
  }
  const Outcome outcome = co_await copy(*reader);
  if (outcome != Outcome::kGone) {
    count(outcome == Outcome::kWhole ? IncludeResult::kOk : IncludeResult::kFailed);
  }
  co_return outcome;
}

Awaitable<bool> EsiPage::wait_for_head(const Include& include) {
  const auto deadline = include.began + milliseconds(esi_.timeout_ms);
  while (include.status == 0 && !include.ended) {
    const auto now = steady_clock::now();
    if (now >= deadline) { co_return false; }
    co_await signal_.wait(std::chrono::ceil<milliseconds>(deadline - now));
  }
  co_return true;
}

Awaitable<Outcome> EsiPage::copy(IncludeReader& include) {
  using Status = cache::Body::Status;
  std::vector<cache::Slice> slices;
  bool some = false;
  while (true) {
    const Status status = include.reader.next(slices, kReadOctets);
    if (status == Status::kEnd) { co_return Outcome::kWhole; }
    if (status == Status::kFailed) { co_return some ? Outcome::kCut : Outcome::kNothing; }
    if (status == Status::kWait) {
      co_await signal_.wait();
      if (to_->abandoned()) { co_return Outcome::kGone; }
      continue;
    }
    for (const cache::Slice& slice : slices) {
      some = true;
      const bool wanted = co_await put(std::string(slice.view()));
      if (!wanted) { co_return Outcome::kGone; }
    }
  }
}

Awaitable<void> run_page(std::unique_ptr<EsiPage> page) { co_await page->run(); }

}  // namespace

std::shared_ptr<cache::Body> esi_page(RequestScope& scope, const std::shared_ptr<cache::Body>& body,
                                      const config::Esi& esi) {
  auto to = std::make_shared<cache::Body>(cache::Body::Mode::kWindow);
  auto page = std::make_unique<EsiPage>(scope, body, to, esi);
  asio::co_spawn(scope.worker.loop, run_page(std::move(page)), asio::detached);
  return to;
}

}  // namespace edge::serve
