#include "gslb/steer/fallback.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

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
    whole_.clear();
    load_ = made_.load;
    for (const Orphan& orphan : orphans) { put(dead, orphan); }
    double& scale = result.scale_if_lost[dead];
    const Assignment found = find(dead, &scale);
    for (std::size_t i = 0; i < whole_.size(); ++i) {
      const Assigned& to = found.rows[i];
      if (to.count > 0) { result.first[whole_[i]] = to.shares[0].cluster; }
    }
    for (std::size_t i = 0; i < load_.size(); ++i) {
      if (i != dead && load_[i] > made_.load[i] && rows_.capacity[i] > 0) {
        scale = std::max(scale, std::min(kMostScale, load_[i] / rows_.capacity[i]));
      }
    }
  }

 private:
  // Workers take the first cluster in the row that serves, and who shares a row stands before all
  // fallbacks, in the order of their numbers: of a shared row there is nothing to decide.
  void put(ClusterIndex dead, const Orphan& orphan) {
    const Assigned& shared = made_.rows[orphan.row];
    ClusterIndex heir = kNoCluster;
    for (std::size_t i = 0; i < shared.count; ++i) {
      if (shared.shares[i].cluster != dead) { heir = std::min(heir, shared.shares[i].cluster); }
    }
    if (heir != kNoCluster) {
      load_[heir] += orphan.demand;
      return;
    }
    for (std::uint32_t at = rows_.offsets[orphan.row]; at < rows_.offsets[orphan.row + 1]; ++at) {
      if (rows_.candidates[at].cluster != dead) { candidates_.push_back(rows_.candidates[at]); }
    }
    offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    demand_.push_back(orphan.demand);
    whole_.push_back(orphan.row);
  }

  // At the least scale at which all find room; whether a scale of 1 will do is asked exactly, by
  // how much of a shortcut that leaves a little unused.
  Assignment find(ClusterIndex dead, double* scale) {
    const double wanted = std::accumulate(demand_.begin(), demand_.end(), 0.0);
    for (*scale = 1;; *scale *= kScaleStep) {
      spare(dead, *scale);
      const bool last = *scale >= kMostScale;
      if (!last && std::accumulate(spare_.begin(), spare_.end(), 0.0) < wanted) { continue; }
      Assignment found = place_whole(spare_);
      if (last || found.feasible) { return found; }
      if (*scale > 1) { continue; }
      found = assign({candidates_, offsets_, demand_, spare_, rows_.budget});
      if (found.feasible) { return found; }
    }
  }

  // Rows whole, as they will fall, to the cheapest that has room for them; first those whose next
  // choice is worst.  Who finds no room goes to his cheapest.
  Assignment place_whole(std::vector<double> room) const {
    const auto regret = [&](std::uint32_t row) {
      const std::uint32_t first = offsets_[row];
      return offsets_[row + 1] - first < 2
                 ? std::numeric_limits<float>::infinity()
                 : candidates_[first + 1].cost_ms - candidates_[first].cost_ms;
    };
    std::vector<std::pair<float, std::uint32_t>> order;
    for (std::uint32_t row = 0; row < demand_.size(); ++row) {
      order.emplace_back(-regret(row), row);
    }
    std::sort(order.begin(), order.end());
    Assignment result;
    result.rows.resize(demand_.size());
    for (const auto& [_, row] : order) {
      const auto begin = candidates_.begin() + offsets_[row];
      const auto end = candidates_.begin() + offsets_[row + 1];
      if (begin == end) { continue; }
      auto to = std::find_if(begin, end, [&, row = row](const Candidate& each) {
        return room[each.cluster] >= demand_[row];
      });
      if (to == end) {
        result.feasible = false;
        to = begin;
      }
      room[to->cluster] -= demand_[row];
      result.rows[row] = {{Share{to->cluster, 1}}, 1};
    }
    return result;
  }

  void spare(ClusterIndex dead, double scale) {
    spare_.clear();
    for (std::size_t i = 0; i < rows_.capacity.size(); ++i) {
      spare_.push_back(i == dead ? 0 : std::max(0.0, rows_.capacity[i] * scale - load_[i]));
    }
  }

  const AssignProblem& rows_;
  const Assignment& made_;
  std::vector<double> load_;  // of the clusters, with what falls to those that share a row
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> offsets_;
  std::vector<double> demand_;
  std::vector<std::uint32_t> whole_;  // the rows that they are of
  std::vector<double> spare_;         // what the others have left
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
