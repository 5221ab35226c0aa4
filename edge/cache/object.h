// One response as the cache holds it: head, body, and what its freshness is judged by.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "edge/cache/body.h"
#include "edge/cache/key.h"
#include "edge/cache/policy.h"
#include "edge/cache/purge_stamp.h"

namespace edge::cache {

// The body is only a part of the representation: a 206, or a 200 that was cut short (RFC 9111 3.3).
struct Part {
  std::uint64_t first = 0;  // where in the whole the body begins
  std::uint64_t total = 0;  // octets of the whole
};

// The octets are not the object's own but in slices (slices.h).
struct Sliced {
  std::uint64_t generation = 0;  // names the slices of this response and of no other
  std::uint64_t total = 0;       // octets of the whole
  std::uint64_t octets = 0;      // of a slice; the last one may have fewer
  friend bool operator==(const Sliced&, const Sliced&) = default;
};

// Whether the disk tier has seen the object: a mark that many may read and one sets.  A copy is
// another object, not seen yet.  Thread-safe.
class SeenMark {
 public:
  SeenMark() = default;
  SeenMark(const SeenMark&) noexcept {}
  SeenMark& operator=(const SeenMark&) = delete;
  bool is_set() const noexcept { return set_.load(std::memory_order_relaxed); }
  // True for the one who set it.
  bool set() noexcept { return !set_.exchange(true, std::memory_order_relaxed); }
  void clear() noexcept { set_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> set_{false};
};

// Immutable but for the body, which may still be growing.  Shared by reference.
struct Object {
  http::ResponseHead head;  // without hop-by-hop fields
  std::shared_ptr<Body> body;
  std::optional<std::uint64_t> length;  // of the body, when known before its end
  std::optional<Part> part;             // stored as a 200 that is incomplete
  std::optional<Sliced> sliced;         // then the body is empty
  Freshness freshness;
  gslb::MonoTime received;
  Variant variant;
  mutable SeenMark seen_by_disk;
  PurgeStamp
      purged_until;  // the last purge before it was asked for, or that it was checked against
};
using ObjectRef = std::shared_ptr<const Object>;

// Octets of what the object answers with, when known.
inline std::optional<std::uint64_t> length_of(const Object& object) {
  if (object.sliced) { return object.sliced->total; }
  return object.body->complete() ? std::optional(object.body->size()) : object.length;
}

inline std::int64_t age_of(const Object& object, gslb::MonoTime now) noexcept {
  return current_age_s(object.freshness,
                       std::chrono::duration_cast<gslb::milliseconds>(now - object.received));
}

}  // namespace edge::cache
