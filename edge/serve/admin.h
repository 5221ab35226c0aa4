// What the admin listener does beside metrics, state and reload: purges, objects that are put into
// the cache, and lists of what is to be fetched.
#pragma once

#include "edge/report/admin.h"
#include "edge/serve/pin_list.h"
#include "edge/serve/prefetcher.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Thread-safe.  What it is given outlives it.
class Admin {
 public:
  Admin(Shared& shared, cache::Purger& purger, Prefetcher& prefetcher, PinList& pins,
        Prefetcher::CurrentConfig config)
      : shared_(shared),
        purger_(purger),
        prefetcher_(prefetcher),
        pins_(pins),
        config_(std::move(config)) {}

  // As report::AdminHandler.
  bool handle(const report::AdminRequest& request, report::AdminDone done);

 private:
  void purge(const report::AdminRequest& request, report::AdminDone done);
  report::AdminAnswer prefetch(const report::AdminRequest& request);
  report::AdminAnswer put(const report::AdminRequest& request);
  report::AdminAnswer pins(const report::AdminRequest& request);

  Shared& shared_;
  cache::Purger& purger_;
  Prefetcher& prefetcher_;
  PinList& pins_;
  const Prefetcher::CurrentConfig config_;
};

}  // namespace edge::serve
