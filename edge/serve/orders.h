// Orders of GSLBs to this node: done once each, and remembered.
//
// Source: docs/heartbeat.md, "Orders".
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "edge/cache/purger.h"
#include "edge/serve/prefetcher.h"
#include "gslb/fleet/report.h"

namespace edge::serve {

// Purges as the cache wants them, by the key rules of their hosts.  Nothing: not a purge, or of no
// URL.
std::optional<cache::Purge> purge_of(const config::Config& config, const gslb::fleet::Order& order);

// Thread-safe.
class Orders {
 public:
  // `purger` and `prefetcher` outlive it.  `empty_ms`: since 1970, when the stores were empty; 0:
  // they may not have been.
  Orders(cache::Purger& purger, Prefetcher& prefetcher, std::uint64_t empty_ms,
         Prefetcher::CurrentConfig config)
      : purger_(purger), prefetcher_(prefetcher), empty_ms_(empty_ms), config_(std::move(config)) {}

  // How far the orders of the GSLB at that URL were followed.
  gslb::fleet::OrdersSeen seen(const std::string& gslb) const;
  // `done` is called once, on any thread, unless it is refused: true when all hold and that is
  // remembered.  What is repeated meanwhile is done once.
  void take(const std::string& gslb, const gslb::fleet::OrderPage& page,
            std::function<void(bool)> done);

 private:
  cache::Purger& purger_;
  Prefetcher& prefetcher_;
  const std::uint64_t empty_ms_;
  const Prefetcher::CurrentConfig config_;
  std::mutex mutex_;
  std::map<std::string, cache::OrderCursor> taken_;  // by GSLB; guarded by mutex_
};

}  // namespace edge::serve
