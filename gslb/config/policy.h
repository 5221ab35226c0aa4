// How a service chooses among clusters: its policy, pools in order, weights, maps and hours.
//
// Source: gdnsd's plugins (multifo, weighted, metafo, geoip), PowerDNS Lua records (pickclosest,
// pickwhashed), Knot's geoip: what people move here from them must mean what it meant there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/base/toml_table.h"

namespace gslb::config {

enum class Policy : std::uint8_t {
  kLatency,     // least cost, capacity and prices included
  kNearest,     // least distance
  kFailover,    // in the order given
  kWeighted,    // by shares of (client network, name)
  kRoundRobin,  // the same, all shares equal
  kHome,        // by names: one of the clusters that are about as near as the nearest
  kSticky,      // by shares of client networks: one cluster for all names
  kGeo,         // pools by continent, country or network
};
std::string_view to_string(Policy policy) noexcept;

// Whether it deals out names by weight.
constexpr bool is_shared(Policy policy) noexcept {
  return policy == Policy::kWeighted || policy == Policy::kRoundRobin || policy == Policy::kSticky;
}

struct ClusterWeight {
  LocatedString cluster;
  double weight = 1;  // >= 0; 0: only when no other can
};

// [pool.ID]: clusters that stand for each other.
struct Pool {
  LocatedString id;
  std::optional<Policy> policy;       // nothing: as the service
  std::optional<bool> obey_capacity;  // nothing: as the service
  std::vector<LocatedString> clusters;
  std::vector<ClusterWeight> weights;
};

using PoolList = std::vector<LocatedString>;  // ids of pools and clusters, in order

// [map.ID]: which pools for whom; the most exact entry holds: network, subdivision, country,
// continent.
struct Map {
  LocatedString id;
  PoolList others;                                           // `default`
  std::vector<std::pair<std::string, PoolList>> continents;  // AF AN AS EU NA OC SA
  std::vector<std::pair<std::string, PoolList>> countries;
  std::vector<std::pair<std::string, PoolList>> subdivisions;  // "US-CA"
  std::vector<std::pair<std::uint32_t, PoolList>> networks;    // ASNs
};

// What a service, or a window of its, says of the choice.
struct Choosing {
  Policy policy = Policy::kLatency;
  PoolList pools;  // empty: one pool of all clusters its tiers allow, in the file's order
  std::vector<ClusterWeight> weights;
  std::optional<bool> obey_capacity;  // nothing: latency does, others don't
  std::optional<LocatedString> map;   // kGeo
};

// [[service.ID.scheduled]]: another choice at certain hours.
struct Window {
  unsigned days = 0x7f;  // bit 0: Monday … of the day it begins
  int from_min = 0;      // of the day, local to `utc_offset_min`
  int to_min = 1440;     // exclusive; before from_min: it ends on the next day
  int utc_offset_min = 0;
  Choosing choosing;
};

}  // namespace gslb::config
