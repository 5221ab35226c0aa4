#include "edge/serve/slice_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/cache/slices.h"
#include "edge/serve/disk_lookup.h"
#include "edge/serve/flight_wait.h"

namespace edge::serve {
namespace {

// Looking for more than that costs more than asking.
constexpr std::uint64_t kMostLookedFor = 1024;

bool holds_range(cache::Tiers& tiers, const std::string& key, const cache::Sliced& sliced,
                 const http::ByteRange& range) {
  const std::uint64_t from = range.first / sliced.octets;
  const std::uint64_t to = range.last / sliced.octets;
  if (to - from >= kMostLookedFor) { return false; }
  for (std::uint64_t number = from; number <= to; ++number) {
    const std::string slice = cache::slice_key(key, sliced, number);
    if (!tiers.find(slice, {}).object && !tiers.may_be_on_disk(slice)) { return false; }
  }
  return true;
}

}  // namespace

SliceSource::SliceSource(Worker& worker, FetchPlan plan, cache::ObjectRef index,
                         cache::FlightTable::Levels levels)
    : worker_(worker),
      plan_(std::move(plan)),
      index_(std::move(index)),
      sliced_(*index_->sliced),
      levels_(levels) {}

bool SliceSource::holds(cache::Tiers& tiers, const std::string& key, const cache::Object& index,
                        const http::RequestHead& request) {
  if (request.method == "HEAD") { return true; }
  const cache::Sliced& sliced = *index.sliced;
  const auto decision = http::decide_range(request.fields, index.head.fields, sliced.total,
                                           std::chrono::system_clock::now());
  std::vector<http::ByteRange> ranges = decision.ranges;
  if (decision.kind == http::RangeKind::kWhole) { ranges = {{0, sliced.total - 1}}; }
  return std::all_of(ranges.begin(), ranges.end(), [&](const http::ByteRange& range) {
    return holds_range(tiers, key, sliced, range);
  });
}

// From memory, or by a flight: somebody's or our own.
SliceSource::Got SliceSource::look_or_fetch(std::uint64_t number) {
  const std::string key = cache::slice_key(plan_.key, sliced_, number);
  Got got{number, Origin::kStored, worker_.shared.tiers.find(key, {}).object, nullptr};
  if (got.object) { return got; }
  const auto joined = worker_.shared.flights.join(key, {}, {}, levels_);
  got.flight = joined.flight;
  got.origin = joined.leader ? Origin::kFetched : Origin::kCollapsed;
  if (!joined.leader) { return got; }
  // It may have been stored, and its flight gone, since it was looked for.
  if (auto object = worker_.shared.tiers.find(key, {}).object) {
    worker_.shared.flights.remove(key, joined.flight);
    joined.flight->resolve(object, cache::Flight::Use::kShared, 200, {});
    return {number, Origin::kStored, std::move(object), nullptr};
  }
  SlicePlan own{plan_, index_, number};
  own.fetch.flight = joined.flight;
  start_slice_fetch(worker_, std::move(own));
  return got;
}

origin::Awaitable<SliceSource::Got> SliceSource::get(std::uint64_t number) {
  if (ahead_ && ahead_->number == number) { co_return *std::exchange(ahead_, std::nullopt); }
  const std::string key = cache::slice_key(plan_.key, sliced_, number);
  cache::ObjectRef object = worker_.shared.tiers.find(key, {}).object;
  if (!object && worker_.shared.tiers.may_be_on_disk(key)) {
    object = (co_await find_on_disk(worker_, key, {})).object;
  }
  if (object) { co_return Got{number, Origin::kStored, std::move(object), nullptr}; }
  co_return look_or_fetch(number);
}

// Not from disk: reading it in its turn is quick enough, and memory is for others.
void SliceSource::ask_ahead(std::uint64_t number) {
  if (ahead_) { return; }
  const std::string key = cache::slice_key(plan_.key, sliced_, number);
  if (worker_.shared.tiers.may_be_on_disk(key)) { return; }
  ahead_ = look_or_fetch(number);
}

origin::Awaitable<SliceSource::Piece> SliceSource::at(std::uint64_t octet, std::uint64_t last) {
  const std::uint64_t number = octet / sliced_.octets;
  if (!current_ || current_->number != number) {
    current_.reset();
    current_ = co_await get(number);
  }
  if (last / sliced_.octets > number) { ask_ahead(number + 1); }
  if (!current_->object) {
    const cache::Flight::Outcome outcome = co_await wait_for(worker_, current_->flight);
    if (!outcome.object) {
      failure_ = outcome.failure;
      co_return Piece{};
    }
    current_->object = outcome.object;
  }
  const http::ByteRange range = cache::slice_range(sliced_, number);
  co_return Piece{current_->object->body, octet - range.first, range.last + 1 - octet};
}

origin::Awaitable<bool> SliceSource::open(std::uint64_t octet, std::uint64_t last) {
  const Piece piece = co_await at(octet, last);
  opened_ = piece.body != nullptr;
  if (opened_) { first_ = current_->origin; }
  co_return opened_;
}

void SliceSource::tell(http::CacheStatus& status, report::CacheResult& result) const {
  if (!status.hit || first_ == Origin::kStored) { return; }
  status.hit = false;
  status.forward = http::Forward::kPartial;
  status.stored = true;
  status.collapsed = first_ == Origin::kCollapsed;
  result = status.collapsed ? report::CacheResult::kCollapsed : report::CacheResult::kMiss;
}

}  // namespace edge::serve
