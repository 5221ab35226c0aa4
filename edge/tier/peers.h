// The other edges of the process: what is known of each, and who is asked for what now.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edge/cache/doorkeeper.h"
#include "edge/tier/router.h"

namespace edge::tier {

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
  mutable std::mutex mutex_;
  std::map<std::string, PeerStateRef> states_;     // guarded by mutex_
  std::shared_ptr<const Router> router_;           // guarded by mutex_
  std::unique_ptr<cache::Doorkeeper> doorkeeper_;  // guarded by mutex_
};

}  // namespace edge::tier
