#include "gslb/steer/stable.h"

#include <algorithm>
#include <map>
#include <queue>

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

// Some of a row's demand, at or on its way to the candidate it asks.
struct Piece {
  std::uint32_t row = 0;
  std::uint32_t asks = 0;  // into the problem's candidates
  float cost_ms = 0;
  double amount = 0;
  friend bool operator<(const Piece& a, const Piece& b) {
    return a.cost_ms != b.cost_ms ? a.cost_ms < b.cost_ms : a.row < b.row;
  }
};

class Admissions {
 public:
  explicit Admissions(const AssignProblem& problem)
      : problem_(problem),
        kept_(problem.clusters()),
        load_(problem.capacity.size(), 0),
        shares_(problem.demand.size()) {}

  Assignment run() {
    for (std::uint32_t row = 0; row < problem_.demand.size(); ++row) {
      ask({row, problem_.offsets[row], 0, problem_.demand[row]});
      while (!asking_.empty()) {
        const Piece piece = asking_.back();
        asking_.pop_back();
        ask(piece);
      }
    }
    return report();
  }

 private:
  void ask(Piece piece) {
    if (piece.asks == problem_.offsets[piece.row + 1]) {
      nobody_keeps_.push_back(piece);
      return;
    }
    const Candidate& candidate = problem_.candidates[piece.asks];
    piece.cost_ms = candidate.cost_ms;
    kept_[candidate.cluster].push(piece);
    add_load(candidate.cluster, piece.amount);
    for (HolderIndex at = candidate.cluster; at != kNoHolder; at = problem_.above(at)) {
      send_away(at);
    }
  }

  void add_load(ClusterIndex cluster, double amount) {
    load_[cluster] += amount;
    for (HolderIndex at = problem_.above(cluster); at != kNoHolder; at = problem_.above(at)) {
      load_[at] += amount;
    }
  }

  // Where in a group the dearest piece is; kNoCluster: nowhere.
  ClusterIndex dearest_in(HolderIndex holder) const {
    ClusterIndex dearest = kNoCluster;
    const auto count = static_cast<ClusterIndex>(kept_.size());
    for (ClusterIndex i = 0; i < count; ++i) {
      const bool is_inside = i == holder || problem_.groups->is_within(i, holder);
      if (!is_inside || kept_[i].empty()) { continue; }
      if (dearest == kNoCluster || kept_[dearest].top() < kept_[i].top()) { dearest = i; }
    }
    return dearest;
  }

  // The dearest go on to their next candidate until the cluster is no more than full.
  void send_away(HolderIndex holder) {
    constexpr double kDust = 1e-12;
    for (;;) {
      const double over = load_[holder] - problem_.capacity[holder];
      if (over <= kDust * (1 + load_[holder])) { return; }
      const ClusterIndex cluster =
          holder < kept_.size() ? static_cast<ClusterIndex>(holder) : dearest_in(holder);
      if (cluster == kNoCluster || kept_[cluster].empty()) { return; }
      Piece worst = kept_[cluster].top();
      kept_[cluster].pop();
      const double leaves = std::min(over, worst.amount);
      add_load(cluster, -leaves);
      if (worst.amount > leaves) {
        Piece stays = worst;
        stays.amount -= leaves;
        kept_[cluster].push(stays);
      }
      worst.amount = leaves;
      ++worst.asks;
      ++moves_;
      asking_.push_back(worst);
    }
  }

  Assignment report() {
    Assignment result;
    result.moves = moves_;
    result.price_ms.assign(load_.size(), 0);
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      const auto cluster = static_cast<ClusterIndex>(i);
      for (; !kept_[i].empty(); kept_[i].pop()) { add(kept_[i].top(), cluster); }
    }
    for (const Piece& piece : nobody_keeps_) {
      const std::uint32_t first = problem_.offsets[piece.row];
      if (first == problem_.offsets[piece.row + 1]) { continue; }
      if (piece.amount > 0) { result.feasible = false; }
      add(piece, problem_.candidates[first].cluster);
    }
    result.load.assign(load_.size(), 0);
    for (std::size_t row = 0; row < shares_.size(); ++row) {
      result.rows.push_back(keep_largest(std::move(shares_[row])));
      steer::add_load(result.rows[row], problem_.demand[row], result.load);
    }
    if (problem_.groups != nullptr) { problem_.groups->add_up(result.load); }
    result.feasible = result.feasible && fits_within(result.load, problem_.capacity);
    return result;
  }

  void add(const Piece& piece, ClusterIndex cluster) {
    const double demand = problem_.demand[piece.row];
    const double fraction = demand > 0 ? piece.amount / demand : 1;
    std::vector<Share>& shares = shares_[piece.row];
    for (Share& each : shares) {
      if (each.cluster != cluster) { continue; }
      each.fraction += fraction;
      return;
    }
    shares.push_back({cluster, fraction});
  }

  const AssignProblem& problem_;
  std::vector<std::priority_queue<Piece>> kept_;  // by cluster, dearest first
  std::vector<double> load_;
  std::vector<Piece> asking_;
  std::vector<Piece> nobody_keeps_;
  std::vector<std::vector<Share>> shares_;  // by row
  std::size_t moves_ = 0;
};

}  // namespace

Assignment stable_allocation(const AssignProblem& problem) { return Admissions(problem).run(); }

}  // namespace gslb::steer
