// Requests for beacon names, to be told to the GSLB: which network's client used which nonce.
//
// Source: docs/heartbeat.md, "Beacons".
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Thread-safe.  Bounded: of a flood what a heartbeat holds is told, the rest forgotten.
class BeaconCollector {
 public:
  // Of one nonce in an interval the first client counts.
  void add(std::string_view nonce, const gslb::Address& client);
  // What came together since the last call.
  std::vector<gslb::fleet::BeaconHit> drain();
  std::uint64_t seen() const;

 private:
  mutable std::mutex mutex_;
  std::vector<gslb::fleet::BeaconHit> hits_;  // guarded by mutex_
  std::uint64_t seen_ = 0;                    // guarded by mutex_
};

}  // namespace edge::report
