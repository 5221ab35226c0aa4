// Round-trip times of real clients, from the kernel's own measurement.
//
// Source: tcp(7) TCP_INFO; steering.md (2): the smallest RTT of a connection is the path, the
// rest is queues.  Binned by /24 and /48, the finest prefix the GSLB steers.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Smallest RTT of a connected TCP socket in µs (the smoothed one on kernels that don't keep the
// smallest); nullopt when the kernel has none.
std::optional<std::uint32_t> rtt_us_of(int socket);

// Thread-safe.  Bounded: prefixes beyond kMaxReportRttSamples wait for the next interval.
class RttCollector {
 public:
  void add(const gslb::Address& client, std::uint32_t rtt_us);
  // What came together since the last call.
  std::vector<gslb::fleet::RttSample> drain();

 private:
  std::mutex mutex_;
  std::map<gslb::Prefix, gslb::fleet::RttSample> samples_;  // guarded by mutex_
};

}  // namespace edge::report
