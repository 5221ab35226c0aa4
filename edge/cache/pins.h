// Responses that are never evicted: what operators pinned, within a share of the memory.
//
// A pinned URL's responses are held here beside the store, which may evict its own reference as it
// likes; the body is the same one.  What ends or replaces a response ends it here, too: a pin keeps
// a place, not a content.  The list of pinned URLs outlives a restart; what they are is then read
// from disk or fetched again.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/cache/store.h"

namespace edge::cache {

inline constexpr std::size_t kMostPins = 10'000;

// Thread-safe.
class Pins {
 public:
  // Holds at most `budget_octets`, taken from the store's budget; `store` outlives it.
  Pins(Store& store, std::uint64_t budget_octets) : store_(store), budget_(budget_octets) {}

  // Cheap when nothing is pinned.
  bool any() const noexcept { return count_.load(std::memory_order_relaxed) > 0; }
  // False: there are kMostPins already.  What was pinned stays so.
  bool pin(const std::string& key);
  bool unpin(const std::string& key);

  // The newest that matches, or null.
  ObjectRef find(const std::string& key, const http::Fields& request);
  // Holds it if its key is pinned and there is room; replaces what `request` would have matched.
  void keep(const std::string& key, const http::Fields& request, const ObjectRef& object);
  // Lets its responses go; the key stays pinned.
  void drop(const std::string& key);

  struct Pinned {
    std::string key;
    std::size_t objects = 0;
    std::uint64_t octets = 0;
  };
  std::vector<Pinned> list() const;
  struct Figures {
    std::uint64_t keys = 0;
    std::uint64_t octets = 0;
    std::uint64_t budget_octets = 0;
    std::uint64_t refused = 0;  // responses there was no room for
  };
  Figures figures() const;

 private:
  struct Held {
    ObjectRef object;
    std::uint64_t octets = 0;
  };
  using HeldList = std::vector<Held>;  // newest last
  // REQUIRES: the mutex.
  void release(const Held& held);

  Store& store_;
  const std::uint64_t budget_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, HeldList> pinned_;
  std::uint64_t octets_ = 0;
  std::uint64_t refused_ = 0;
  std::atomic<std::size_t> count_{0};
};

}  // namespace edge::cache
