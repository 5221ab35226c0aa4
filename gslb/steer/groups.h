// Clusters and the groups they are part of, as one tree: what shares a building or a link shares
// its limits.
//
// Source: steering.md (4), tree constraints (cluster, site, shared link).
//
// Why a tree: least-cost assignment under limits on a tree is a flow problem, which is solved
// exactly as fast as without them; under limits that cross each other it is not.
//
// Whatever has a figure a cluster (capacity, load, price) has one a group behind them: the index of
// a group is the number of clusters plus its place in the configuration.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gslb/config/config.h"

namespace gslb::steer {

using HolderIndex = std::uint16_t;  // of a cluster or a group
inline constexpr HolderIndex kNoHolder = std::numeric_limits<HolderIndex>::max();

// Immutable; thread-safe.
struct GroupTree {
  // See above(), of each cluster, then each group.  Groups stand before the one they are part of.
  // Empty: there are no groups.
  std::vector<HolderIndex> parent;
  std::size_t clusters = 0;
  std::vector<bool> fails_together;  // by group: one failure may take all of its clusters

  // The group it is part of; kNoHolder: none.
  HolderIndex above(HolderIndex holder) const noexcept {
    return parent.empty() ? kNoHolder : parent[holder];
  }
  bool is_within(HolderIndex holder, HolderIndex group) const noexcept;
  // Clusters and groups.
  std::size_t size() const noexcept { return parent.empty() ? clusters : parent.size(); }
  // Each group gets the sum of its clusters.  REQUIRES: load.size() == size()
  void add_up(std::vector<double>& load) const;
  // So much moves from one cluster to another: groups that both are in keep what they have.
  void shift(std::vector<double>& load, HolderIndex from, HolderIndex to, double amount) const;
  // Of `room` by holder, what the clusters can take together.
  double total_room(const std::vector<double>& room) const;
};

GroupTree group_tree(const config::Config& config);

}  // namespace gslb::steer
