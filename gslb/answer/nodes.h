// Which nodes of the chosen cluster are named: content affinity by rendezvous hashing.
//
// Source: Thaler, Ravishankar, "Using name-based mappings to increase hit rates" (1998), with
// weights by Schindelhauer, Schomaker: score = -weight / ln(u).
#pragma once

#include <array>
#include <cstdint>

#include "gslb/dns/types.h"
#include "gslb/fleet/model.h"

namespace gslb::answer {

inline constexpr std::size_t kMaxAnswers = 4;

struct NodeChoice {
  std::array<std::uint8_t, kMaxAnswers> nodes{};  // positions in the cluster, best first
  std::size_t count = 0;
};

// Whether the node can be named in an answer of that type: A and AAAA want their family, others
// any address.
inline bool has_address_for(const fleet::NodeModel& node, dns::RrType type) noexcept {
  return (type != dns::RrType::kAaaa && node.ipv4) || (type != dns::RrType::kA && node.ipv6);
}

// The best `wanted` nodes for a name among those in `serving` that can be named for that type.
// The same name keeps its nodes while they serve; a lost node's names spread over the others.
// No allocation, O(nodes).
NodeChoice select_nodes(const fleet::ClusterModel& cluster, std::uint64_t serving, dns::RrType type,
                        std::uint64_t name_hash, std::size_t wanted) noexcept;

}  // namespace gslb::answer
