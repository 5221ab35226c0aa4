// Secondary zones of the configuration: the transfer thread wired to the zone store.
//
// Source: ARCHITECTURE.md "Threads of proxima-gslb".
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/control/zone_store.h"
#include "gslb/metrics/metrics.h"
#include "gslb/transfer/secondaries.h"

namespace gslb::control {

// What [[remote]], [[key]], [secondary] and zones with primaries make together.  Immutable.
struct SecondarySetup {
  std::shared_ptr<const transfer::SecondaryConfig> config;
  std::shared_ptr<const transfer::Keyring> keys;
};

// Null when `problems` got an error: a remote that can't be a primary.
std::shared_ptr<const SecondarySetup> make_secondary_setup(const config::Config& config,
                                                           Problems& problems);

// Thread-safe but for what says otherwise.
class ZoneSecondaries {
 public:
  using Post = std::function<void(std::function<void(ZoneStore&)>)>;

  ZoneSecondaries();
  ~ZoneSecondaries();

  // Waits until the copies on disk are read.  Until start() what they give waits for restore().
  void adopt(const SecondarySetup& setup);
  // Hands the copies read so far to the store.  Before start(); by who owns the store then.
  void restore(ZoneStore& store);
  // From now on changes go through `post`, which must not wait for them.
  void start(Post post);
  void stop() { secondaries_.stop(); }

  // False when there is no such secondary zone.  `whole`: all of it, whatever the serial.
  bool refresh(const dns::Name& apex, bool whole) { return secondaries_.refresh(apex, whole); }
  std::vector<transfer::SecondaryStatus> status() const { return secondaries_.status(); }
  // Any thread; see transfer::SecondaryZones.
  std::optional<WallTime> expires(const dns::Name& apex) const {
    return secondaries_.expires(apex);
  }
  metrics::SecondaryFigures figures();
  transfer::NotifyBox& notify_box() noexcept { return secondaries_.notify_box(); }

 private:
  using Events = std::vector<transfer::SecondaryEvent>;
  void take(Events events);

  std::mutex mutex_;
  Post post_;       // guarded by mutex_; empty before start()
  Events waiting_;  // guarded by mutex_; before start()
  transfer::Secondaries secondaries_;
};

}  // namespace gslb::control
