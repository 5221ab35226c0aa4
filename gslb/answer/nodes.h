// Which nodes of the chosen cluster are named: content affinity by rendezvous hashing.
//
// Source: Thaler, Ravishankar, "Using name-based mappings to increase hit rates" (1998), with
// weights by Schindelhauer, Schomaker: score = -weight / ln(u).  That no node gets much more than
// its share: Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2018); how
// much a node yields to the others for that is gslb/fleet/balance.h's to say.
//
// A draw says what a node yields first: three quarters of it are of the name, one of the client's
// leaf.  So most names stay whole where they are, yet one that alone is too much for a node can be
// divided.  What the best node for a name yields is spread over the others by client, so that they
// don't overflow in turn.
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

// What an answer needs of a cluster.
struct NodeRequest {
  std::uint64_t serving = ~std::uint64_t{0};  // bit n: node n may be named
  dns::RrType type = dns::RrType::kA;
  std::uint64_t name_hash = 0;
  std::uint64_t leaf_hash = 0;  // of the client; only what nodes yield depends on it
  std::size_t wanted = 1;       // at most kMaxAnswers
};

// The best nodes for a name among those that may be named for that type; who yields it comes behind
// those who don't.  The same name and client keep their nodes while they serve and yield no more;
// a lost node's names spread over the others.  No allocation, O(nodes).
NodeChoice select_nodes(const fleet::ClusterModel& cluster, const NodeRequest& request,
                        const fleet::NodeYields& yields = {}) noexcept;

}  // namespace gslb::answer
