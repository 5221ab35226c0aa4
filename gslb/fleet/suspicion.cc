#include "gslb/fleet/suspicion.h"

#include <algorithm>

namespace gslb::fleet {
namespace {

constexpr double kWeightUnits = 1e9;  // of the heaviest node; 65,536 of them fit by far

}  // namespace

Suspicion::Suspicion(SuspicionRules rules, const std::vector<std::vector<double>>& weights)
    : rules_(rules), clusters_(weights.size()) {
  double heaviest = 0;
  for (const auto& of_cluster : weights) {
    for (const double weight : of_cluster) { heaviest = std::max(heaviest, weight); }
  }
  for (std::size_t c = 0; c < weights.size(); ++c) {
    if (!weights[c].empty()) { ++visible_clusters_; }
    for (const double weight : weights[c]) {
      const double whole = heaviest > 0 ? weight / heaviest * kWeightUnits : 1;
      clusters_[c].weights.push_back(std::max<Weight>(1, static_cast<Weight>(whole)));
    }
  }
}

Suspicion::Weight Suspicion::weight(NodeRef node) const {
  const std::vector<Weight>& weights = clusters_[node.cluster].weights;
  return node.node < weights.size() ? weights[node.node] : 0;
}

void Suspicion::set_alive(ClusterIndex cluster, std::uint64_t nodes) {
  Weight sum = 0;
  for (unsigned n = 0; n < clusters_[cluster].weights.size(); ++n) {
    if (((nodes >> n) & 1) != 0) { sum += clusters_[cluster].weights[n]; }
  }
  alive_ = alive_ - clusters_[cluster].alive + sum;
  clusters_[cluster].alive = sum;
}

void Suspicion::died(NodeRef node, MonoTime now) {
  if (weight(node) == 0 || !died_.emplace(node, now).second) { return; }
  when_.emplace(now, node);
  lost_ += weight(node);
  ++clusters_[node.cluster].died;
}

void Suspicion::cleared(NodeRef node) {
  const auto found = died_.find(node);
  if (found == died_.end()) { return; }
  when_.erase({found->second, node});
  died_.erase(found);
  lost_ -= weight(node);
  --clusters_[node.cluster].died;
}

void Suspicion::forget_before(MonoTime then) {
  while (!when_.empty() && when_.begin()->first <= then) { cleared(when_.begin()->second); }
}

double Suspicion::share() const {
  const auto lost = static_cast<double>(lost_);
  return lost_ == 0 ? 0 : lost / (lost + static_cast<double>(alive_));
}

bool Suspicion::is_suspect() const {
  if (visible_clusters_ < kFewestClustersToSuspect || share() <= rules_.share) { return false; }
  const auto gone_whole = std::count_if(clusters_.begin(), clusters_.end(), [](const auto& each) {
    return each.died > 0 && each.alive == 0;
  });
  return gone_whole >= 2;
}

bool Suspicion::update(MonoTime now) {
  if (active_ && now >= since_ + rules_.hold) {
    active_ = false;
    believed_ = true;
    forget_before(now);
    return true;
  }
  const bool before = active_;
  active_ = active_ && is_suspect();
  if (!active_) {
    forget_before(now - rules_.window);
    active_ = is_suspect();
  }
  if (active_ == before) { return false; }
  believed_ = false;
  if (active_) { since_ = now; }
  return true;
}

// What falls out of the window is forgotten with the next death; nobody has to wake for it.
std::optional<MonoTime> Suspicion::next_deadline() const {
  return active_ ? std::optional(since_ + rules_.hold) : std::nullopt;
}

}  // namespace gslb::fleet
