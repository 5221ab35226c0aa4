#include "edge/tier/peers.h"

#include <utility>

#include "edge/tier/rendezvous.h"

namespace edge::tier {

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
  router_ = std::make_shared<const Router>(config, self_, state_of);
  if (!router_->siblings().empty() && !doorkeeper_) {
    doorkeeper_ = std::make_unique<cache::Doorkeeper>();
  }
}

std::shared_ptr<const Router> Peers::router() const {
  const std::lock_guard lock(mutex_);
  return router_;
}

bool Peers::is_wanted_here(std::string_view key) {
  const std::uint64_t hash = key_hash(key);
  const std::lock_guard lock(mutex_);
  return !doorkeeper_ || doorkeeper_->pass(hash);
}

}  // namespace edge::tier
