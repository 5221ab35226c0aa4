#include "gslb/steer/groups.h"

#include <algorithm>

namespace gslb::steer {

bool GroupTree::is_within(HolderIndex holder, HolderIndex group) const noexcept {
  for (HolderIndex at = above(holder); at != kNoHolder; at = above(at)) {
    if (at == group) { return true; }
  }
  return false;
}

void GroupTree::add_up(std::vector<double>& load) const {
  std::fill(load.begin() + static_cast<std::ptrdiff_t>(clusters), load.end(), 0);
  for (std::size_t i = 0; i < parent.size(); ++i) {
    if (parent[i] != kNoHolder) { load[parent[i]] += load[i]; }
  }
}

void GroupTree::shift(std::vector<double>& load, HolderIndex from, HolderIndex to,
                      double amount) const {
  for (HolderIndex at = parent[from]; at != kNoHolder; at = parent[at]) {
    if (!is_within(to, at)) { load[at] -= amount; }
  }
  for (HolderIndex at = parent[to]; at != kNoHolder; at = parent[at]) {
    if (!is_within(from, at)) { load[at] += amount; }
  }
}

double GroupTree::total_room(const std::vector<double>& room) const {
  double total = 0;
  std::vector<double> within(size(), 0);  // of groups, what their parts can take
  for (std::size_t i = 0; i < size(); ++i) {
    const double own = i < clusters ? room[i] : std::min(room[i], within[i]);
    const HolderIndex group = above(static_cast<HolderIndex>(i));
    (group == kNoHolder ? total : within[group]) += own;
  }
  return total;
}

GroupTree group_tree(const config::Config& config) {
  GroupTree tree{.parent = {}, .clusters = config.clusters.size(), .fails_together = {}};
  if (config.groups.empty()) { return tree; }
  const auto put = [&](const std::optional<LocatedString>& id) {
    const auto at = std::find_if(config.groups.begin(), config.groups.end(),
                                 [&](const auto& each) { return id && each.id.text == id->text; });
    tree.parent.push_back(
        at == config.groups.end()
            ? kNoHolder
            : static_cast<HolderIndex>(tree.clusters +
                                       static_cast<std::size_t>(at - config.groups.begin())));
  };
  for (const config::Cluster& cluster : config.clusters) { put(cluster.group); }
  for (const config::Group& group : config.groups) {
    put(group.group);
    tree.fails_together.push_back(group.fails_together);
  }
  return tree;
}

}  // namespace gslb::steer
