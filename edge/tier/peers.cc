#include "edge/tier/peers.h"

#include <algorithm>
#include <utility>

#include "edge/tier/rendezvous.h"

namespace edge::tier {
namespace {

// One for every eighth response of 32 KiB, as the usual page, image or segment has.
std::size_t slots_for(std::uint64_t memory_octets) {
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(memory_octets / (8 * 32 * 1024), 256, std::uint64_t{1} << 20));
}

}  // namespace

void Peers::renew(const config::ConfigRef& config) {
  const std::lock_guard lock(mutex_);
  if (!config->tier) {
    router_ = nullptr;
    states_.clear();
    return;
  }
  std::map<std::string, PeerStateRef> before = std::exchange(states_, {});
  const auto state_of = [&](const std::string& name) {
    PeerStateRef& state = states_[name];
    if (!state) {
      const auto known = before.find(name);
      state = known != before.end() ? known->second : std::make_shared<PeerState>();
    }
    return state;
  };
  router_ = std::make_shared<const Router>(config, self_, started_, state_of);
  if (!router_->siblings().empty() && !second_) {
    second_.emplace(slots_for(config->cache.memory_octets));
  }
}

std::shared_ptr<const Router> Peers::router() const {
  const std::lock_guard lock(mutex_);
  return router_;
}

bool Peers::is_wanted_here(std::string_view key) {
  const std::uint64_t hash = key_hash(key);
  const std::lock_guard lock(mutex_);
  return !second_ || second_->pass(hash);
}

}  // namespace edge::tier
