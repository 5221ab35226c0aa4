// What has been purged: by URL, prefix, host, surrogate key or all, checked when a response is
// looked up.
//
// Source: the order of numbers is Varnish's ban list turned round: a response remembers up to which
// purge it is known to be good, so what was purged is found by some hashes and not by a walk over
// everything that is stored.
//
//   - Purges have growing numbers.  A fetch notes the last one when it begins; what it brings is
//     good as of that number, and void by any later purge it is meant by.  So what was under way
//     when a purge came is void too, in memory, on disk and in flight alike.
//   - A response in use is checked once a purge, then compared by one number.
//   - What a response is meant by stands in its key and its own fields (Surrogate-Key, Cache-Tag):
//     nothing is kept beside it.
//   - The tables are bounded.  Over a bound the oldest quarter is folded: prefixes into their host,
//     the rest into a floor below which everything is void (of URLs, stale).
//
// Refused: lists of what each key is on (memory for every object, and disk's index holds no texts);
// a sweep over the stores (seconds, and locks that requests want).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/cache/purge_stamp.h"
#include "edge/http/fields.h"
#include "gslb/base/clock.h"

namespace edge::cache {

enum class PurgeKind : std::uint8_t { kUrl = 1, kPrefix, kHost, kTag, kAll };
inline constexpr std::size_t kPurgeKinds = 5;
inline constexpr std::array<std::string_view, kPurgeKinds> kPurgeKindNames = {"url", "prefix",
                                                                              "host", "key", "all"};

struct Purge {
  PurgeKind kind = PurgeKind::kUrl;
  bool soft = false;  // stale from now on, instead of gone
  // kUrl, kPrefix: "host target" (purge_target()); kHost: "www.example" or "*.example";
  // kTag: one key; kAll: nothing.
  std::string value;
};

// "http://www.example/a?b", "https://…" or "www.example/a?b" as "www.example /a?b": a purge means
// both schemes.  Empty when it is none.
std::string purge_target(std::string_view url);

// The same of the key of a stored response.
std::string purge_target_of(std::string_view key);
// Whether that came by https.
bool is_secure_key(std::string_view key) noexcept;

// A purge as it is kept: of fixed size, the texts hashed.
struct PurgeMark {
  PurgeKind kind = PurgeKind::kAll;
  bool soft = false;
  std::uint16_t length = 0;  // kPrefix: octets of the target's beginning
  std::uint64_t host = 0;    // kPrefix: hash of the host
  std::uint64_t hash = 0;    // of the value
  std::uint64_t number = 0;
  friend bool operator==(const PurgeMark&, const PurgeMark&) = default;
};
PurgeMark mark_of(const Purge& purge, std::uint64_t number);

enum class PurgeStanding : std::uint8_t { kGood, kStale, kGone };

// Thread-safe: one adds, many judge.
class PurgeBook {
 public:
  PurgeBook() : PurgeBook(100'000) {}
  // `bound`: marks of each kind.
  explicit PurgeBook(std::size_t bound) : bound_(bound) {}

  // Of the newest purge; what begins now is good as of this.
  std::uint64_t last() const noexcept { return last_.load(std::memory_order_acquire); }
  bool is_current(const PurgeStamp& stamp) const noexcept { return stamp.value() >= last(); }

  // Greater than all before, and the purge's time in microseconds since 1970 wherever the clock
  // was not set back: should the book be lost, later numbers are still greater.
  std::uint64_t next_number(gslb::WallTime now) const noexcept;
  // The marks count from here on, all at once.
  void apply(const std::vector<PurgeMark>& marks);

  struct Judgement {
    PurgeStanding standing = PurgeStanding::kGood;
    std::uint64_t number = 0;  // of the purge, if not good
  };
  // Of the response stored under `key` with these fields.  When it is good the stamp is raised.
  Judgement judge(std::string_view key, const http::Fields& response,
                  const PurgeStamp& stamp) const;

  // All that is known, to be applied again.
  std::vector<PurgeMark> marks() const;

  struct Figures {
    std::uint64_t marks = 0;
    std::uint64_t folded = 0;
    std::uint64_t gone = 0;   // responses judged so, each time they were
    std::uint64_t stale = 0;  // likewise
  };
  Figures figures() const;

 private:
  struct Numbers {
    std::uint64_t hard = 0;
    std::uint64_t soft = 0;
    std::uint64_t host = 0;
    std::uint16_t length = 0;
    void take(std::uint64_t number, bool is_soft) noexcept;
    std::uint64_t newest() const noexcept { return hard > soft ? hard : soft; }
  };
  using Table = std::unordered_map<std::uint64_t, Numbers>;

  // The following REQUIRE the mutex.
  void take(const PurgeMark& mark);
  void fold(std::size_t kind);
  void drop(std::size_t kind, const Table::value_type& entry);
  Numbers sum_of(std::string_view key, const http::Fields& response) const;
  void add(PurgeKind kind, std::uint64_t hash, Numbers& sum) const;
  Table& table(PurgeKind kind) { return tables_[static_cast<std::size_t>(kind) - 1]; }
  const Table& table(PurgeKind kind) const { return tables_[static_cast<std::size_t>(kind) - 1]; }

  const std::size_t bound_;
  mutable std::shared_mutex mutex_;
  std::array<Table, kPurgeKinds - 1> tables_;
  // Of prefixes by host: how long they are, each length with how many.
  std::unordered_map<std::uint64_t, std::unordered_map<std::uint16_t, std::size_t>> lengths_;
  Numbers floor_;  // of everything: kAll, and what was folded
  std::uint64_t folded_ = 0;
  std::atomic<std::uint64_t> last_{0};
  mutable std::atomic<std::uint64_t> gone_{0};
  mutable std::atomic<std::uint64_t> stale_{0};
};

}  // namespace edge::cache
