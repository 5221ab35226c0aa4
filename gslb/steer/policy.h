// Policies compiled: for a service at some time, which pools of clusters a client's are, in order,
// and how its cluster is chosen within one.
//
// Source: config/policy.h for the operator's side.
//
// One rule composes them all: pools are tried in order; inside a pool its own policy holds, else
// the service's.  What it comes to is an order of clusters by cost, with shares among equals, so
// workers need to know nothing of it.
#pragma once

#include <map>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/fleet/health_board.h"
#include "gslb/geo/geo_map.h"

namespace gslb::steer {

// How the clusters of one pool are chosen among.
struct Inside {
  config::Policy policy = config::Policy::kLatency;  // not kGeo, kSticky
  bool obeys_capacity = true;                        // moved by prices when a cluster is full
};

// A cluster's place in an order.
struct Standing {
  int pool = -1;        // from 0; -1: in none of them
  double position = 0;  // 0 .. 1 in the pool as listed
  double weight = 1;
  std::uint64_t id_hash = 0;  // the cluster's, the same after every reload
};

// Pools in order.  A cluster that is in several counts in the first.
struct PoolOrder {
  std::vector<Inside> pools;
  std::vector<Standing> standings;  // by cluster
};

// What a service, or a window of it, says; immutable.
class Variant {
 public:
  // REQUIRES: a configuration config::load accepted.
  Variant(const config::Config& config, const config::Choosing& choosing);

  const PoolOrder& order_of(const geo::Unit& unit) const;
  config::Policy policy() const noexcept { return policy_; }
  // False: prices decide for everybody.
  bool has_fixed_pools() const noexcept { return has_fixed_pools_; }
  const std::vector<PoolOrder>& orders() const noexcept { return orders_; }

 private:
  void add_order(const config::Config& config, const config::Choosing& choosing,
                 const config::PoolList& pools);

  config::Policy policy_;
  bool has_fixed_pools_ = false;
  std::vector<PoolOrder> orders_;  // [0]: for who has no other
  std::map<std::uint32_t, std::size_t> by_network_;
  std::map<std::pair<std::array<char, 2>, geo::Subdivision>, std::size_t> by_subdivision_;
  std::map<std::array<char, 2>, std::size_t> by_country_;
  std::map<std::array<char, 2>, std::size_t> by_continent_;
};

// The variants of one service; [0] holds when no window does.
struct ServicePolicy {
  std::vector<Variant> variants;
  std::vector<config::Window> windows;  // window i: variants[i + 1]

  std::uint8_t variant_at(WallTime now) const noexcept;
};

// Problems: more clusters that share names than a row holds.
ServicePolicy compile_policy(const config::Config& config, const config::Service& service,
                             Problems& problems);

}  // namespace gslb::steer
