#include "gslb/steer/fallback.h"

#include <algorithm>
#include <numeric>

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

constexpr double kMostScale = 16;
constexpr double kScaleStep = 1.1;

// A share of a row that is left without its cluster.
struct Orphan {
  std::uint32_t row;
  double demand;
};

class Death {
 public:
  Death(const AssignProblem& rows, const Assignment& made) : rows_(rows), made_(made) {}

  // Where the orphans of `dead` go goes into `result`.
  void solve(ClusterIndex dead, const std::vector<Orphan>& orphans, Fallbacks& result) {
    candidates_.clear();
    offsets_.assign(1, 0);
    demand_.clear();
    for (const Orphan& orphan : orphans) { put(dead, orphan); }
    double wanted = 0;
    for (const double each : demand_) { wanted += each; }
    double& scale = result.scale_if_lost[dead];
    for (scale = 1;; scale *= kScaleStep) {
      const std::vector<double>& room = spare(dead, scale);
      const bool last = scale >= kMostScale;
      if (!last && std::accumulate(room.begin(), room.end(), 0.0) < wanted) { continue; }
      const Assignment found = assign({candidates_, offsets_, demand_, room, rows_.budget});
      if (!last && !found.feasible) { continue; }
      for (std::size_t i = 0; i < orphans.size(); ++i) {
        const Assigned& to = found.rows[i];
        if (made_.rows[orphans[i].row].count == 1 && to.count > 0) {
          result.first[orphans[i].row] = to.shares[0].cluster;
        }
      }
      return;
    }
  }

 private:
  // Workers take the first cluster in the row that serves, and who shares a row stands before all
  // fallbacks, in the order of their numbers.
  void put(ClusterIndex dead, const Orphan& orphan) {
    const Assigned& shared = made_.rows[orphan.row];
    ClusterIndex heir = kNoCluster;
    for (std::size_t i = 0; i < shared.count; ++i) {
      if (shared.shares[i].cluster != dead) { heir = std::min(heir, shared.shares[i].cluster); }
    }
    for (std::uint32_t at = rows_.offsets[orphan.row]; at < rows_.offsets[orphan.row + 1]; ++at) {
      const Candidate& candidate = rows_.candidates[at];
      if (candidate.cluster == dead || (heir != kNoCluster && candidate.cluster != heir)) {
        continue;
      }
      candidates_.push_back(candidate);
    }
    offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    demand_.push_back(orphan.demand);
  }

  const std::vector<double>& spare(ClusterIndex dead, double scale) {
    spare_.clear();
    for (std::size_t i = 0; i < rows_.capacity.size(); ++i) {
      spare_.push_back(i == dead ? 0 : std::max(0.0, rows_.capacity[i] * scale - made_.load[i]));
    }
    return spare_;
  }

  const AssignProblem& rows_;
  const Assignment& made_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> offsets_;
  std::vector<double> demand_;
  std::vector<double> spare_;
};

}  // namespace

Fallbacks assign_fallbacks(const AssignProblem& rows, const Assignment& made) {
  const std::size_t clusters = rows.capacity.size();
  Fallbacks result;
  result.first.assign(made.rows.size(), kNoCluster);
  result.scale_if_lost.assign(clusters, 1);
  std::vector<std::vector<Orphan>> orphans(clusters);
  for (std::uint32_t row = 0; row < made.rows.size(); ++row) {
    const Assigned& assigned = made.rows[row];
    for (std::size_t i = 0; i < assigned.count; ++i) {
      const Share& share = assigned.shares[i];
      orphans[share.cluster].push_back({row, rows.demand[row] * share.fraction});
    }
  }
  Death death(rows, made);
  for (std::size_t i = 0; i < clusters; ++i) {
    if (orphans[i].empty()) { continue; }
    death.solve(static_cast<ClusterIndex>(i), orphans[i], result);
  }
  return result;
}

}  // namespace gslb::steer
