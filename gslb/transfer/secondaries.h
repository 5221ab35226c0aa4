// The thread that keeps secondary zones up to date.
//
// Why a thread of its own: a transfer takes seconds to apply and its peer may take hours to send
// it; neither the control loop nor the planning thread may wait for that.
#pragma once

#include <memory>
#include <vector>

#include "gslb/transfer/notify.h"
#include "gslb/transfer/secondary_zones.h"

namespace gslb::transfer {

// Thread-safe.
class Secondaries {
 public:
  // `sink` is called on the transfer thread; it must not wait for a call of this object.
  explicit Secondaries(SecondaryZones::Sink sink);
  ~Secondaries();  // stops
  Secondaries(const Secondaries&) = delete;
  Secondaries& operator=(const Secondaries&) = delete;

  // Returns when every new zone's copy was read from disk and handed to the sink.  `keys` are what
  // NOTIFYs may be signed with.
  void configure(std::shared_ptr<const SecondaryConfig> config,
                 std::shared_ptr<const Keyring> keys);
  bool refresh(const dns::Name& apex, bool whole);
  std::vector<SecondaryStatus> status() const;
  FetchCounts counts() const;
  std::optional<WallTime> expires(const dns::Name& apex) const;
  // For the workers; lives as long as this object.
  NotifyBox& notify_box() noexcept;

  // Transfers under way are dropped.  Idempotent.
  void stop();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace gslb::transfer
