// What became of beacons; for metrics.
//
// Source: docs/heartbeat.md, "Beacons".
#pragma once

#include <cstdint>

namespace gslb::measure {

struct BeaconFigures {
  std::uint64_t asked = 0;     // by resolvers that did not tell the client's subnet
  std::uint64_t joined = 0;    // of reports
  std::uint64_t unknown = 0;   // nobody had asked for them here, or too long ago, or they were used
  std::uint64_t repeated = 0;  // of a network that has counted for this resolver lately
  std::uint64_t limited = 0;   // more than one cluster may join in a minute
};

}  // namespace gslb::measure
