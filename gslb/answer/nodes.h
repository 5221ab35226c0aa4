// Which nodes of the chosen cluster are named: content affinity by rendezvous hashing.
//
// Source: Thaler, Ravishankar, "Using name-based mappings to increase hit rates" (1998), with
// weights by Schindelhauer, Schomaker: score = -weight / ln(u).
#pragma once

#include <array>
#include <cstdint>

#include "gslb/fleet/model.h"

namespace gslb::answer {

inline constexpr std::size_t kMaxAnswers = 4;

struct NodeChoice {
  std::array<std::uint8_t, kMaxAnswers> nodes{};  // positions in the cluster, best first
  std::size_t count = 0;
};

// The best `wanted` nodes for a name among those in `serving` that have an address of the family.
// The same name keeps its nodes while they serve; a lost node's names spread over the others.
// No allocation, O(nodes).
NodeChoice select_nodes(const fleet::ClusterModel& cluster, std::uint64_t serving, bool ipv6,
                        std::uint64_t name_hash, std::size_t wanted) noexcept;

}  // namespace gslb::answer
