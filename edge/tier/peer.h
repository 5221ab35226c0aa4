// What this process knows of another edge: whether it answers, and how much it is asked for now.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "edge/origin/health.h"

namespace edge::tier {

// Thread-safe.  Outlives configurations: it is that of the name, not of an address.
class PeerState {
 public:
  enum class Result : std::uint8_t {
    kServed,  // answered
    kHit,     // answered out of its store
    kPassed,  // would not: sheds load, has no such host, was asked in a circle
    kFailed,  // did not connect, stalled, broke off
    kNobody,  // who asked went away
  };
  static constexpr std::size_t kResults = 4;  // without kNobody

  bool is_usable(gslb::MonoTime now) const;
  // A request goes to it; end() has to follow.
  void begin(gslb::MonoTime now);
  void end(Result result, gslb::MonoTime now);
  // What a probe showed; true: it is up or down by it, other than before.
  bool probed(bool good);

  std::int64_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t count(Result result) const noexcept {
    return results_[static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }

 private:
  mutable std::mutex mutex_;
  origin::ServerHealth health_;  // guarded by mutex_
  std::atomic<std::int64_t> in_flight_{0};
  std::array<std::atomic<std::uint64_t>, kResults> results_{};
};
using PeerStateRef = std::shared_ptr<PeerState>;

// One request to a peer, counted while it lives.  Movable, worker-confined.
class PeerCall {
 public:
  PeerCall() = default;
  PeerCall(PeerStateRef peer, gslb::MonoTime now);
  ~PeerCall() { end(PeerState::Result::kNobody); }
  PeerCall(PeerCall&& other) noexcept = default;
  PeerCall& operator=(PeerCall&& other) noexcept;
  PeerCall(const PeerCall&) = delete;
  PeerCall& operator=(const PeerCall&) = delete;

  // The first one counts.
  void end(PeerState::Result result);

 private:
  PeerStateRef peer_;
};

}  // namespace edge::tier
