// What workers see by the way and the control loop wants to know: a lossy lane from each worker.
//
// Source: steering.md (2b): resolvers are whom to probe; a handshake is an RTT for nothing; a
// beacon's query shows the resolver of a client that an edge will see.
//
// Why lossy: a query must cost the same whoever listens.  A full lane drops what comes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "gslb/base/hash.h"
#include "gslb/base/ip.h"

namespace gslb::control {

struct Sighting {
  enum class Kind : std::uint8_t {
    kResolver,   // asked for a routed name
    kHandshake,  // value: RTT of its connection, µs
    kBeacon,     // value: Beacons::hash_of() the nonce it asked for
  };
  Kind kind = Kind::kResolver;
  Address from;
  std::uint64_t value = 0;
};

// One writer (a worker), one reader (the control loop).  No lock, no allocation.
class SightingLane {
 public:
  static constexpr std::uint32_t kRoom = 1024;

  // Worker.  Whether anybody listens.
  bool is_wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }
  bool wants_resolvers() const noexcept { return resolvers_.load(std::memory_order_relaxed); }
  void note(const Sighting& sighting) noexcept {
    const std::uint32_t written = written_.load(std::memory_order_relaxed);
    if (written - read_.load(std::memory_order_acquire) >= kRoom) { return; }
    ring_[written % kRoom] = sighting;
    written_.store(written + 1, std::memory_order_release);
  }
  // The same for a resolver, but a busy one not again for some seconds.  `now_ms`: of any clock.
  void note_resolver(const Address& from, std::uint32_t now_ms) noexcept {
    const std::uint64_t hash = hash_octets(from.octets());
    const std::uint64_t seen = hash_combine(hash, now_ms >> kSilenceBits);
    std::uint64_t& slot = recent_[hash % recent_.size()];
    if (slot == seen) { return; }
    slot = seen;
    note({Sighting::Kind::kResolver, from, 0});
  }

  // Control loop.
  // `resolvers`: all of them, not only who asks for a beacon.
  void set_wanted(bool wanted, bool resolvers) noexcept {
    wanted_.store(wanted, std::memory_order_relaxed);
    resolvers_.store(resolvers, std::memory_order_relaxed);
  }
  template <typename Visit>
  void take(Visit&& visit) {
    const std::uint32_t end = written_.load(std::memory_order_acquire);
    std::uint32_t at = read_.load(std::memory_order_relaxed);
    for (; at != end; ++at) { visit(ring_[at % kRoom]); }
    read_.store(at, std::memory_order_release);
  }

 private:
  static constexpr unsigned kSilenceBits = 11;  // 2 s
  std::array<Sighting, kRoom> ring_;
  std::array<std::uint64_t, 512> recent_{};  // the worker's
  std::atomic<std::uint32_t> written_{0};
  std::atomic<std::uint32_t> read_{0};
  std::atomic<bool> wanted_{false};
  std::atomic<bool> resolvers_{false};
};

}  // namespace gslb::control
