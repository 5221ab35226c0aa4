// The other edges of the process: what is known of each, and who is asked for what now.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "edge/tier/router.h"

namespace edge::tier {

// Which keys were asked for a moment ago.  Thread-compatible.
//
// Why so short a memory: what comes again soon is worth a copy beside the owner's; a longer one
// fills the cluster with the same things (bench/tiers/copies.py: with a slot for every eighth
// object a node holds, hits here are those of keeping all, and origins see hardly more than of
// keeping none).
class SecondAsk {
 public:
  explicit SecondAsk(std::size_t slots) : slots_(slots) {}
  bool pass(std::uint64_t key) {
    std::uint64_t& slot = slots_[key % slots_.size()];
    return std::exchange(slot, key) == key;
  }

 private:
  std::vector<std::uint64_t> slots_;  // the newest key
};

// Thread-safe.
class Peers {
 public:
  // `self`: this node's name.  Nothing is known of other edges yet.
  explicit Peers(std::string self) : self_(std::move(self)) {}

  // From now on requests go by this configuration; what is known of edges that stay is kept.
  void renew(const config::ConfigRef& config);
  // The current one; null when there is no [tier].
  std::shared_ptr<const Router> router() const;

  // Whether an answer that a sibling keeps is worth keeping here too: the second time it is asked
  // for.  Else the memory of the nodes of a cluster would hold the same things.
  bool is_wanted_here(std::string_view key);

 private:
  const std::string self_;
  const gslb::MonoTime started_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::map<std::string, PeerStateRef> states_;  // guarded by mutex_
  std::shared_ptr<const Router> router_;        // guarded by mutex_
  std::optional<SecondAsk> second_;             // guarded by mutex_
};

}  // namespace edge::tier
