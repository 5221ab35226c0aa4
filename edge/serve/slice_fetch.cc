#include "edge/serve/slice_fetch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/cache/slices.h"
#include "edge/serve/ask.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using origin::Awaitable;

// Answers that end too early are gone on with where they ended, so often.
constexpr int kAttempts = 3;

class SliceFetch {
 public:
  SliceFetch(Worker& worker, SlicePlan plan)
      : worker_(worker),
        plan_(std::move(plan)),
        sliced_(*plan_.index->sliced),
        range_(cache::slice_range(sliced_, plan_.number)),
        key_(cache::slice_key(plan_.fetch.key, sliced_, plan_.number)),
        begun_(worker.shared.purges.last()),
        keep_(!plan_.fetch.rules.control.no_store) {
    plan_.fetch.stale = nullptr;
    plan_.fetch.part = nullptr;
    if (plan_.exchange) { begin(200); }
  }
  Awaitable<void> run();

 private:
  Awaitable<bool> open();
  Awaitable<bool> read();
  void begin(int status);
  void end();
  void refuse(cache::FetchFailure failure);
  void void_index();
  void close();
  std::uint64_t size() const { return slice_ ? slice_->body->size() : 0; }

  Worker& worker_;
  SlicePlan plan_;
  const cache::Sliced sliced_;
  const http::ByteRange range_;
  const std::string key_;
  const cache::PurgeStamp begun_;         // as of which purge what comes is good
  std::shared_ptr<cache::Object> slice_;  // null: not begun
  std::uint64_t skip_ = 0;                // octets that come before those that are wanted
  bool keep_;
  std::size_t reserved_ = 0;  // octets held in the store's budget
};

Awaitable<void> SliceFetch::run() {
  for (int attempt = 0; attempt < kAttempts && size() < range_.size(); ++attempt) {
    if (!plan_.exchange) {
      const bool opened = co_await open();
      if (!opened) { break; }
    }
    const bool whole = co_await read();
    if (!whole) { worker_.counters.origin_failures.add(); }
    close();
  }
  end();
}

// Asks for what lacks.  False: it is not to be had, and who waits knows.
Awaitable<bool> SliceFetch::open() {
  const std::uint64_t from = range_.first + size();
  const auto now = std::chrono::system_clock::now();
  plan_.fetch.ask = {http::range_of({from, range_.last}),
                     http::strong_validator(plan_.index->head.fields, now).value_or("")};
  auto asked = co_await ask(worker_, plan_.fetch, head_for(worker_, plan_.fetch));
  if (!asked) {
    refuse(asked.error());
    co_return false;
  }
  plan_.exchange = std::move(asked->exchange);
  cache::complete_date(asked->head, asked->moments.response_received);
  const int status = asked->head.status;
  const cache::SliceAnswer answer = cache::judge_slice(asked->head, *plan_.index, from, now);
  if (answer == cache::SliceAnswer::kFailure || answer == cache::SliceAnswer::kChanged) {
    const bool changed = answer == cache::SliceAnswer::kChanged;
    if (changed) { void_index(); }
    refuse({changed ? 502 : status, changed ? "changed" : "origin-error", !changed, changed});
    co_return false;
  }
  plan_.ends_with_slice = answer == cache::SliceAnswer::kRange;
  skip_ = answer == cache::SliceAnswer::kWhole ? from : 0;
  if (!slice_) { begin(status); }
  co_return true;
}

// False: the answer ended too early.
Awaitable<bool> SliceFetch::read() {
  std::string octets;
  while (size() < range_.size()) {
    const auto more = co_await plan_.exchange->read_body(octets);
    if (!more || !*more) { co_return false; }
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, octets.size()));
    skip_ -= skipped;
    const auto left = static_cast<std::size_t>(range_.size() - size());
    octets = octets.substr(skipped, left);
    if (keep_ && !octets.empty()) {
      keep_ = worker_.shared.store.reserve(octets.size());
      if (keep_) { reserved_ += octets.size(); }
    }
    slice_->body->append(std::exchange(octets, {}));
  }
  if (plan_.ends_with_slice) {
    // Read to its end, the connection can be used again; if not, the slice is whole all the same.
    [[maybe_unused]] const auto ended = co_await plan_.exchange->read_body(octets);
  }
  co_return true;
}

void SliceFetch::begin(int status) {
  slice_ = std::make_shared<cache::Object>();
  slice_->purged_until = begun_;
  slice_->head.status = 200;
  slice_->length = range_.size();
  slice_->received = std::chrono::steady_clock::now();
  slice_->body =
      std::make_shared<cache::Body>(cache::Body::Mode::kKeep, worker_.shared.memory_file.get());
  plan_.fetch.flight->resolve(slice_, cache::Flight::Use::kShared, status, {});
}

void SliceFetch::end() {
  close();
  if (reserved_ > 0) { worker_.shared.store.release(reserved_); }
  if (slice_ && size() == range_.size()) {
    slice_->body->finish();
    if (keep_) { worker_.shared.tiers.insert(key_, {}, slice_); }
  } else if (slice_) {
    slice_->body->fail();
  }
  // After insert(): whoever comes now finds it in the one or the other.
  worker_.shared.flights.remove(key_, plan_.fetch.flight);
}

void SliceFetch::refuse(cache::FetchFailure failure) {
  worker_.counters.origin_failures.add();
  if (slice_) { return; }
  worker_.shared.flights.remove(key_, plan_.fetch.flight);
  plan_.fetch.flight->fail(failure);
}

void SliceFetch::void_index() {
  const cache::ObjectRef stored =
      worker_.shared.tiers.find(plan_.fetch.key, plan_.fetch.request.fields).object;
  if (stored && stored->sliced && stored->sliced->generation == sliced_.generation) {
    worker_.shared.tiers.remove(plan_.fetch.key);
  }
}

void SliceFetch::close() {
  if (!plan_.exchange) { return; }
  worker_.counters.origin_octets.add(plan_.exchange->octets_read());
  plan_.exchange.reset();
}

Awaitable<void> run_slice_fetch(std::unique_ptr<SliceFetch> fetch) { co_await fetch->run(); }

}  // namespace

void start_slice_fetch(Worker& worker, SlicePlan plan) {
  auto fetch = std::make_unique<SliceFetch>(worker, std::move(plan));
  asio::co_spawn(worker.loop, run_slice_fetch(std::move(fetch)), asio::detached);
}

cache::FlightRef lead_slice(Worker& worker, const SlicePlan& plan) {
  const std::string key = cache::slice_key(plan.fetch.key, *plan.index->sliced, plan.number);
  const auto joined = worker.shared.flights.join(key, {}, {}, {0, plan.fetch.route.level});
  return joined.leader ? joined.flight : nullptr;
}

}  // namespace edge::serve
