// What the kernel measures of real clients' paths, gathered by client network.
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

// How well a connection's data got through.
struct PathFigures {
  std::uint64_t sent = 0;  // segments with data
  std::uint64_t retransmitted = 0;
  std::uint64_t bits_per_s = 0;  // 0: the path was never full, so its rate says nothing
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;  // of them
  bool is_stuck = false;     // what was sent last is not acknowledged, however often it is sent
};
// All but requests.
PathFigures path_figures_of(int socket);

// Thread-safe.  Bounded: of more than kMost networks the later ones are not seen, and of more than
// a heartbeat holds those with the fewest connections wait for the next.
class RttCollector {
 public:
  static constexpr std::size_t kMost = 16'384;

  void add(const gslb::Address& client, std::uint32_t rtt_us);
  // Counts only beside an RTT of the same network.
  void add_path(const gslb::Address& client, const PathFigures& figures);
  // At most kMaxReportRttSamples of what came together, most connections first.
  std::vector<gslb::fleet::RttSample> drain();

 private:
  struct Gathered {
    std::uint32_t rtt_us = 0;
    std::uint32_t count = 0;
    std::vector<gslb::fleet::RttBin> bins;  // ascending
    PathFigures path;                       // its rate: the sum
    std::uint32_t rates = 0;
  };
  using Networks = std::map<gslb::Prefix, Gathered>;
  void give_back(Networks rest);

  std::mutex mutex_;
  Networks networks_;  // guarded by mutex_
};

}  // namespace edge::report
