// Collapsed forwarding: one origin fetch for all who ask for the same thing at the same time.
//
// Source: RFC 9111 4 ("collapsed requests").
//
// A flight is a fetch on its way.  Who finds none starts one and leads it; who finds one follows:
// waits for the head, then reads the growing body.  A response that turns out not to be for
// sharing belongs to its leader alone; followers fetch for themselves, and the key is remembered
// for a while so that the next crowd does not queue up behind one leader ("hit-for-miss").
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/cache/object.h"

namespace edge::cache {

// Why there is no response: the status to answer with and a token for Cache-Status.
struct FetchFailure {
  int status = 502;
  std::string_view detail;  // static storage
  bool responded = false;   // it is the origin's own 5xx
  bool changed = false;     // of a slice: the origin has another representation now
};

// Thread-safe.  The leader resolves it exactly once.
class Flight {
 public:
  // How far up its fetch goes (tier::Level): only what waits lower may follow it, so that caches
  // that ask each other never wait in a circle.
  using Level = std::uint8_t;
  static constexpr Level kHighest = 255;
  using Wake = std::function<void()>;

  explicit Flight(std::string_view of_lane = {}, Level at = kHighest) : lane(of_lane), level_(at) {}

  struct Outcome {
    bool pending = true;
    ObjectRef object;        // null: failed or pending
    bool shareable = false;  // followers may use `object`
    bool stored = false;     // it is in the store, or will be once it is whole
    int origin_status = 0;   // what the origin said (304 for a validation)
    http::Fields own;        // of the response, for the leader alone
    FetchFailure failure;
  };

  enum class Use : std::uint8_t { kLeaderOnly, kStored, kShared, kPassing };
  // kStored: stored, but stale at once, so that nobody else may use it without asking.
  // kPassing: whoever comes meanwhile may use it, but another node is to keep it.
  // `own`: fields that are not stored, for they are for one client.
  void resolve(ObjectRef object, Use use, int origin_status, http::Fields own);
  void fail(FetchFailure failure);
  // Pending: `wake` is called, once, after it is resolved or the origin has sent an interim head.
  Outcome poll(Wake wake);
  // A 1xx of the origin's (RFC 9110 15.2), for the leader alone.
  void tell(http::ResponseHead interim);
  std::vector<http::ResponseHead> take_interim();
  Outcome peek() const;

  // An unsafe request went through meanwhile: what arrives must not be stored.
  void forbid_storing();
  bool may_store() const;

  // Somebody follows.
  void follow() noexcept { followed_.store(true, std::memory_order_relaxed); }
  bool followed() const noexcept { return followed_.load(std::memory_order_relaxed); }

  const std::string lane;  // FlightTable's
  Level level() const noexcept { return std::max(level_, risen()); }
  // Its fetch waits for somebody higher now, and may never again for anybody lower.
  void rise_to(Level level) noexcept { risen_.store(level, std::memory_order_relaxed); }
  Level risen() const noexcept { return risen_.load(std::memory_order_relaxed); }

 private:
  void settle(Outcome outcome);

  const Level level_;
  std::atomic<Level> risen_{0};
  std::atomic<bool> followed_{false};
  mutable std::mutex mutex_;
  Outcome outcome_;
  bool may_store_ = true;
  std::vector<Wake> waiting_;
  std::vector<http::ResponseHead> interim_;
};
using FlightRef = std::shared_ptr<Flight>;

// Thread-safe.
class FlightTable {
 public:
  struct Joined {
    FlightRef flight;
    bool leader = false;
  };
  // Who asks: `from` is how high the request stands, `to` how high the fetch of its own would be.
  struct Levels {
    Flight::Level from = 0;
    Flight::Level to = Flight::kHighest;
  };
  // A flight of that lane, no lower than `levels.from`, that is pending or whose response matches
  // `request`, or one of another lane that turned out to bring the whole; else a new one, and the
  // caller leads it and has to remove() it when no more may join.  `lane`: the range that is
  // fetched, "" for the whole.
  Joined join(const std::string& key, const http::Fields& request, std::string_view lane,
              Levels levels);
  Joined join(const std::string& key, const http::Fields& request, std::string_view lane = {}) {
    return join(key, request, lane, Levels());
  }
  // True when such a flight is there: join() would follow it.
  bool has(const std::string& key, const http::Fields& request, std::string_view lane,
           Flight::Level from) const;
  void remove(const std::string& key, const FlightRef& flight);
  // No flight of that key may be joined or stored any more.
  void invalidate(const std::string& key);

  // Hit-for-miss marks: a fixed number of slots, a collision forgets the older mark.
  void mark_uncacheable(const std::string& key, gslb::MonoTime until);
  bool is_marked_uncacheable(const std::string& key, gslb::MonoTime now) const;

 private:
  static constexpr std::size_t kMarks = 4096;
  struct Mark {
    std::uint64_t hash = 0;
    gslb::MonoTime until;
  };
  static bool is_for(const Flight& flight, const http::Fields& request, std::string_view lane,
                     Flight::Level from);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<FlightRef>> flights_;
  std::vector<Mark> marks_ = std::vector<Mark>(kMarks);
};

}  // namespace edge::cache
