#include "edge/tier/peer.h"

#include <chrono>
#include <utility>

namespace edge::tier {
namespace {

constexpr origin::EjectionRules kEjection{3, gslb::milliseconds(1'000), gslb::milliseconds(30'000)};
constexpr origin::CheckRules kChecks{1, 2};

}  // namespace

bool PeerState::is_usable(gslb::MonoTime now) const {
  using State = origin::ServerHealth::State;
  const std::lock_guard lock(mutex_);
  const State state = health_.state(now);
  return state == State::kUp || state == State::kTrial;
}

void PeerState::begin(gslb::MonoTime now) {
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  health_.ask(now);
}

void PeerState::end(Result result, gslb::MonoTime now) {
  in_flight_.fetch_sub(1, std::memory_order_relaxed);
  if (result == Result::kNobody) { return; }
  results_[static_cast<std::size_t>(result)].fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (result == Result::kFailed) {
    health_.fail(now, kEjection);
  } else {
    health_.succeed();
  }
}

bool PeerState::probed(bool good) {
  const std::lock_guard lock(mutex_);
  return health_.check(good, kChecks);
}

PeerCall::PeerCall(PeerStateRef peer, gslb::MonoTime now) : peer_(std::move(peer)) {
  peer_->begin(now);
}

PeerCall& PeerCall::operator=(PeerCall&& other) noexcept {
  end(PeerState::Result::kNobody);
  peer_ = std::move(other.peer_);
  return *this;
}

void PeerCall::end(PeerState::Result result) {
  if (!peer_) { return; }
  std::exchange(peer_, nullptr)->end(result, std::chrono::steady_clock::now());
}

}  // namespace edge::tier
