// Loads of nodes → what each yields to the others of its cluster.
#include <algorithm>

#include "gslb/fleet/fleet_state.h"

namespace gslb::fleet {
namespace {

const ResourceLoad* find(const std::vector<ResourceLoad>& loads, const std::string& resource) {
  const auto found = std::find_if(loads.begin(), loads.end(), [&](const ResourceLoad& each) {
    return each.resource == resource;
  });
  return found == loads.end() ? nullptr : &*found;
}

}  // namespace

// By node, its load over its share by weight; 0 of those that don't serve.  Empty: that of some
// that serve is not known, or there is none.
std::vector<double> FleetState::load_ratios(ClusterIndex cluster) const {
  const std::vector<ResourceLoad> loads = load(cluster);
  const auto use = [](const ResourceLoad& each) {
    return each.target > 0 ? each.current / each.target : 0;
  };
  // What the cluster is shortest of; without targets what it reports first.
  const auto tightest = std::max_element(
      loads.begin(), loads.end(), [&](const auto& a, const auto& b) { return use(a) < use(b); });
  if (tightest == loads.end()) { return {}; }
  const std::uint64_t serving = board_->serving_nodes(cluster);
  const std::vector<Node>& nodes = clusters_[cluster].nodes;
  std::vector<double> ratios(nodes.size(), 0);
  double total = 0;
  double weights = 0;
  for (unsigned n = 0; n < nodes.size(); ++n) {
    if (((serving >> n) & 1) == 0) { continue; }
    const ResourceLoad* const load = find(nodes[n].load, tightest->resource);
    if (load == nullptr) { return {}; }
    const double weight = model_->cluster(cluster).nodes[n].weight;
    ratios[n] = load->current / weight;
    total += load->current;
    weights += weight;
  }
  if (total <= 0) { return {}; }
  for (double& ratio : ratios) { ratio *= weights / total; }
  return ratios;
}

void FleetState::balance(MonoTime now, milliseconds lag) {
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const auto index = static_cast<ClusterIndex>(c);
    Cluster& cluster = clusters_[c];
    if (cluster.nodes.size() < 2) { continue; }
    const std::uint64_t serving = board_->serving_nodes(index);
    if (!cluster.balance.look(serving, load_ratios(index), now, lag)) { continue; }
    double most = 0;
    for (unsigned n = 0; n < cluster.nodes.size(); ++n) {
      most = std::max(most, cluster.balance.mean_ratio(n));
    }
    for (unsigned n = 0; n < cluster.nodes.size(); ++n) {
      if (((serving >> n) & 1) == 0) { continue; }
      cluster.nodes[n].yield.decide(cluster.balance.mean_ratio(n), most <= kYieldFrom);
    }
    write_yields(index);
  }
}

void FleetState::write_yields(ClusterIndex cluster) {
  const std::vector<Node>& nodes = clusters_[cluster].nodes;
  for (unsigned n = 0; n < nodes.size(); ++n) {
    board_->set_yield(cluster, n, nodes[n].yield.below());
  }
}

}  // namespace gslb::fleet
