// What the operator says a request costs beside its round trip, and where a cluster must not serve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/ip.h"

namespace gslb::config {

// Of a service: what a typical request takes.  `class` sets all three.
struct Traffic {
  double round_trips = 1;   // until the client has what it waits for
  double object_kb = 0;     // 1000 octets; 0: size counts nothing
  double ms_per_cost = 10;  // what one unit of currency a GB is worth
};

// Of a cluster: how well it delivers.
struct Delivery {
  double bandwidth_mbps = 0;  // that one client gets; 0: not known
  double loss = 0;            // share of packets
  double hit_ratio = 1;       // of its cache
  double fill_ms = 0;         // until a miss is there
};

// Who may be served: empty lists allow everybody.  Upper-case codes.
struct Geofence {
  std::vector<std::string> only_countries;
  std::vector<std::string> only_continents;
  std::vector<std::string> not_countries;
  std::vector<std::string> not_continents;
};

enum class NeededFamily : std::uint8_t { kAny, kIpv4, kIpv6, kBoth };

// One line of [steering] cost_file: so many ms more, or less, for these clients at the cluster.
struct CostEntry {
  std::uint16_t cluster = 0;  // position in Config::clusters
  std::optional<Prefix> prefix;
  std::optional<std::uint32_t> asn;
  std::string country;
  double ms = 0;
};

}  // namespace gslb::config
