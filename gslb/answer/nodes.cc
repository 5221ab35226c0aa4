#include "gslb/answer/nodes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "gslb/base/hash.h"

namespace gslb::answer {
namespace {

double score(double weight, std::uint64_t drawn) noexcept {
  // Uniform in (0, 1): the half keeps ln() away from 0 and infinity.
  const double u = (static_cast<double>(drawn >> 11) + 0.5) * 0x1p-53;
  return -weight / std::log(u);
}

// 0 … 65535; the low bits of `drawn` have no part in the score.
std::uint32_t yield_draw(std::uint64_t drawn, std::uint64_t leaf_hash) noexcept {
  const auto of_name = static_cast<std::uint32_t>(drawn & 0x7ffU) << 5;
  const auto of_client = static_cast<std::uint32_t>(hash_combine(drawn, leaf_hash) >> 48);
  return (3 * of_name + of_client) / 4;
}

void insert(NodeChoice& choice, std::array<double, kMaxAnswers>& scores, std::size_t wanted,
            std::pair<std::size_t, double> node) noexcept {
  std::size_t at = choice.count;
  if (at == wanted && node.second <= scores[at - 1]) { return; }
  if (at < wanted) {
    ++choice.count;
  } else {
    --at;
  }
  for (; at > 0 && scores[at - 1] < node.second; --at) {
    scores[at] = scores[at - 1];
    choice.nodes[at] = choice.nodes[at - 1];
  }
  scores[at] = node.second;
  choice.nodes[at] = static_cast<std::uint8_t>(node.first);
}

// Scores by `hash`.  `*first_yields`: the best node for it yields it.
NodeChoice rank(const fleet::ClusterModel& cluster, const NodeRequest& request,
                const fleet::NodeYields& yields, std::uint64_t hash, bool* first_yields) noexcept {
  NodeChoice choice;
  std::array<double, kMaxAnswers> scores{};
  const std::size_t wanted = std::min(request.wanted, kMaxAnswers);
  double best = 0;
  for (std::uint64_t rest = request.serving; rest != 0; rest &= rest - 1) {
    const auto position = static_cast<std::size_t>(std::countr_zero(rest));
    if (position >= cluster.nodes.size()) { break; }
    const fleet::NodeModel& node = cluster.nodes[position];
    if (!has_address_for(node, request.type)) { continue; }
    double mine = score(node.weight, hash_combine(hash, node.hash));
    bool is_yielded = false;
    if (!yields.none()) {
      // Whatever it is ranked by: a node yields the same names to all.
      const std::uint64_t drawn = hash_combine(request.name_hash, node.hash);
      is_yielded = yields.yields(position, yield_draw(drawn, request.leaf_hash));
    }
    if (mine > best) {
      best = mine;
      *first_yields = is_yielded;
    }
    if (is_yielded) { mine = -1 / mine; }  // behind all others, in the same order
    insert(choice, scores, wanted, {position, mine});
  }
  return choice;
}

}  // namespace

NodeChoice select_nodes(const fleet::ClusterModel& cluster, const NodeRequest& request,
                        const fleet::NodeYields& yields) noexcept {
  if (cluster.nodes.size() == 1) {  // nothing to rank
    NodeChoice only;
    only.count = (request.serving & 1) != 0 && has_address_for(cluster.nodes[0], request.type);
    return only;
  }
  bool yielded = false;
  const NodeChoice choice = rank(cluster, request, yields, request.name_hash, &yielded);
  if (!yielded) { return choice; }
  return rank(cluster, request, yields, hash_combine(request.name_hash, request.leaf_hash),
              &yielded);
}

}  // namespace gslb::answer
