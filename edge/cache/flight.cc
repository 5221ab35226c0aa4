#include "edge/cache/flight.h"

#include <algorithm>
#include <utility>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace edge::cache {

void Flight::resolve(ObjectRef object, Use use, int origin_status, http::Fields own) {
  Outcome outcome;
  outcome.pending = false;
  outcome.object = std::move(object);
  outcome.shareable = use == Use::kShared || use == Use::kPassing;
  outcome.stored = use == Use::kShared || use == Use::kStored;
  outcome.origin_status = origin_status;
  outcome.own = std::move(own);
  settle(std::move(outcome));
}

void Flight::fail(FetchFailure failure) {
  Outcome outcome;
  outcome.pending = false;
  outcome.failure = failure;
  settle(std::move(outcome));
}

void Flight::settle(Outcome outcome) {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    CHECK(outcome_.pending);
    outcome_ = std::move(outcome);
    wakes.swap(waiting_);
  }
  for (const Wake& wake : wakes) { wake(); }
}

Flight::Outcome Flight::poll(Wake wake) {
  const std::lock_guard lock(mutex_);
  if (outcome_.pending) { waiting_.push_back(std::move(wake)); }
  return outcome_;
}

void Flight::tell(http::ResponseHead interim) {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    interim_.push_back(std::move(interim));
    wakes.swap(waiting_);
  }
  for (const Wake& wake : wakes) { wake(); }
}

std::vector<http::ResponseHead> Flight::take_interim() {
  const std::lock_guard lock(mutex_);
  return std::exchange(interim_, {});
}

Flight::Outcome Flight::peek() const {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

void Flight::forbid_storing() {
  const std::lock_guard lock(mutex_);
  may_store_ = false;
}

bool Flight::may_store() const {
  const std::lock_guard lock(mutex_);
  return may_store_;
}

bool FlightTable::is_for(const Flight& flight, const http::Fields& request, std::string_view lane,
                         Flight::Level from) {
  if (flight.level() < from) { return false; }
  const Flight::Outcome outcome = flight.peek();
  const bool is_whole = outcome.object && !outcome.object->part;
  if (flight.lane != lane && !is_whole) { return false; }
  return outcome.pending ||
         (outcome.object && outcome.shareable && matches(outcome.object->variant, request));
}

FlightTable::Joined FlightTable::join(const std::string& key, const http::Fields& request,
                                      std::string_view lane, Levels levels) {
  const std::lock_guard lock(mutex_);
  std::vector<FlightRef>& flights = flights_[key];
  for (const FlightRef& flight : flights) {
    if (is_for(*flight, request, lane, levels.from)) {
      flight->follow();
      return {flight, false};
    }
  }
  flights.push_back(std::make_shared<Flight>(lane, levels.to));
  return {flights.back(), true};
}

bool FlightTable::has(const std::string& key, const http::Fields& request, std::string_view lane,
                      Flight::Level from) const {
  const std::lock_guard lock(mutex_);
  const auto flights = flights_.find(key);
  return flights != flights_.end() &&
         std::any_of(flights->second.begin(), flights->second.end(),
                     [&](const FlightRef& flight) { return is_for(*flight, request, lane, from); });
}

void FlightTable::remove(const std::string& key, const FlightRef& flight) {
  const std::lock_guard lock(mutex_);
  const auto flights = flights_.find(key);
  if (flights == flights_.end()) { return; }
  std::erase(flights->second, flight);
  if (flights->second.empty()) { flights_.erase(flights); }
}

void FlightTable::invalidate(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto flights = flights_.find(key);
  if (flights == flights_.end()) { return; }
  for (const FlightRef& flight : flights->second) { flight->forbid_storing(); }
  flights_.erase(flights);
}

void FlightTable::mark_uncacheable(const std::string& key, gslb::MonoTime until) {
  const std::uint64_t hash = gslb::hash_text(key);
  const std::lock_guard lock(mutex_);
  marks_[hash % kMarks] = {hash, until};
}

bool FlightTable::is_marked_uncacheable(const std::string& key, gslb::MonoTime now) const {
  const std::uint64_t hash = gslb::hash_text(key);
  const std::lock_guard lock(mutex_);
  const Mark& mark = marks_[hash % kMarks];
  return mark.hash == hash && now < mark.until;
}

}  // namespace edge::cache
