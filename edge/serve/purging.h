// What operators and GSLBs have done to this process's cache: who does it, and the ways they come
// by.
#pragma once

#include <functional>
#include <memory>

#include "edge/report/reporter.h"
#include "edge/serve/admin.h"
#include "edge/serve/orders.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Thread-safe.  `shared` outlives it, and its purger ends with it.
class Purging {
 public:
  // What was purged before is purged when this returns.
  Purging(Shared& shared, const config::Config& first, Prefetcher::CurrentConfig config,
          Prefetcher::RunOnWorker run);
  ~Purging();
  Purging(const Purging&) = delete;
  Purging& operator=(const Purging&) = delete;

  // Gives the reporter what it asks for; this outlives it.
  void connect(report::Sources& sources);
  // Purges that wait are done, no more are taken.  REQUIRES: workers have stopped, or never began.
  void stop();

 private:
  report::PurgeFigures figures() const;

  Shared& shared_;
  cache::Purger purger_;
  Prefetcher prefetcher_;
  PinList pins_;
  Admin admin_;
  Orders orders_;
};

}  // namespace edge::serve
