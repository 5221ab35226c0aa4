#include "gslb/answer/nodes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "gslb/base/hash.h"

namespace gslb::answer {
namespace {

double score(const fleet::NodeModel& node, std::uint64_t name_hash) noexcept {
  const std::uint64_t drawn = hash_combine(name_hash, node.hash);
  // Uniform in (0, 1): the half keeps ln() away from 0 and infinity.
  const double u = (static_cast<double>(drawn >> 11) + 0.5) * 0x1p-53;
  return -node.weight / std::log(u);
}

}  // namespace

NodeChoice select_nodes(const fleet::ClusterModel& cluster, std::uint64_t serving, dns::RrType type,
                        std::uint64_t name_hash, std::size_t wanted) noexcept {
  NodeChoice choice;
  std::array<double, kMaxAnswers> scores{};
  wanted = std::min(wanted, kMaxAnswers);
  for (std::uint64_t rest = serving; rest != 0; rest &= rest - 1) {
    const auto position = static_cast<std::size_t>(std::countr_zero(rest));
    if (position >= cluster.nodes.size()) { break; }
    const fleet::NodeModel& node = cluster.nodes[position];
    if (!has_address_for(node, type)) { continue; }
    const double mine = score(node, name_hash);
    std::size_t at = choice.count;
    if (at == wanted && mine <= scores[at - 1]) { continue; }
    if (at < wanted) {
      ++choice.count;
    } else {
      --at;
    }
    for (; at > 0 && scores[at - 1] < mine; --at) {
      scores[at] = scores[at - 1];
      choice.nodes[at] = choice.nodes[at - 1];
    }
    scores[at] = mine;
    choice.nodes[at] = static_cast<std::uint8_t>(position);
  }
  return choice;
}

}  // namespace gslb::answer
