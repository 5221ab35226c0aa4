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
  Death(const AssignProblem& rows, const Assignment& made, Fallbacks& result)
      : rows_(rows),
        made_(made),
        result_(result),
        homes_(rows.clusters()),
        levels_(rows.capacity.size(), 0) {
    for (std::uint32_t row = 0; row < made.rows.size(); ++row) {
      const Assigned& assigned = made.rows[row];
      for (std::size_t i = 0; i < assigned.count; ++i) {
        const Share& share = assigned.shares[i];
        homes_[share.cluster].push_back({row, rows.demand[row] * share.fraction});
      }
    }
    // What is within a group stands before it.
    for (HolderIndex i = 0; i < holders(); ++i) {
      for (HolderIndex at = rows.above(i); may_fail(i) && at != kNoHolder; at = rows.above(at)) {
        levels_[at] = std::max(levels_[at], std::min(levels_[i] + 1, kNoHeirs.size() - 1));
      }
    }
  }

  // A cluster, or a group with all that is in it.
  void solve(HolderIndex dead) {
    dead_ = dead;
    around_ = surroundings();
    find_orphans();
    if (orphans_.empty()) { return; }
    candidates_.clear();
    offsets_.assign(1, 0);
    demand_.clear();
    whole_.clear();
    load_ = made_.load;
    for (ClusterIndex i = 0; i < clusters(); ++i) {
      if (is_dead(i)) { load_[i] = 0; }
    }
    for (const Orphan& orphan : orphans_) { put(orphan); }
    if (is_grouped()) { rows_.groups->add_up(load_); }
    double& scale = result_.scale_if_lost[dead];
    const Assignment found = find(&scale);
    const std::size_t at = levels_[dead];
    for (std::size_t i = 0; i < whole_.size(); ++i) {
      const Assigned& to = found.rows[i];
      if (to.count > 0) { result_.heirs[whole_[i]][at] = to.shares[0].cluster; }
    }
    for (HolderIndex i = 0; i < holders(); ++i) {
      if (!is_dead(i) && load_[i] > made_.load[i] && rows_.capacity[i] > 0) {
        scale = std::max(scale, std::min(kMostScale, load_[i] / rows_.capacity[i]));
      }
    }
  }

 private:
  ClusterIndex clusters() const { return static_cast<ClusterIndex>(homes_.size()); }
  HolderIndex holders() const { return static_cast<HolderIndex>(rows_.capacity.size()); }
  bool is_grouped() const { return rows_.groups != nullptr; }
  bool is_dead(HolderIndex holder) const {
    return holder == dead_ || (is_grouped() && rows_.groups->is_within(holder, dead_));
  }
  bool may_fail(HolderIndex holder) const {
    return holder < homes_.size() || rows_.groups->fails_together[holder - homes_.size()];
  }

  // What fails together around the dead; kNoHolder: nothing.
  HolderIndex surroundings() const {
    HolderIndex at = rows_.above(dead_);
    while (at != kNoHolder && !may_fail(at)) { at = rows_.above(at); }
    return at;
  }

  // Whose rows are in several of a group's clusters is an orphan once.
  void find_orphans() {
    orphans_.clear();
    for (ClusterIndex i = 0; i < clusters(); ++i) {
      if (is_dead(i)) { orphans_.insert(orphans_.end(), homes_[i].begin(), homes_[i].end()); }
    }
    if (dead_ < homes_.size()) { return; }
    std::stable_sort(orphans_.begin(), orphans_.end(),
                     [](const Orphan& a, const Orphan& b) { return a.row < b.row; });
    std::vector<Orphan> merged;
    for (const Orphan& each : orphans_) {
      if (merged.empty() || merged.back().row != each.row) { merged.push_back({each.row, 0}); }
      merged.back().demand += each.demand;
    }
    orphans_ = std::move(merged);
  }

  bool may_inherit(ClusterIndex cluster, std::uint32_t row) const {
    if (is_dead(cluster)) { return false; }
    if (around_ == kNoHolder || rows_.groups->is_within(cluster, around_)) { return true; }
    const Heirs& named = result_.heirs[row];
    return std::find(named.begin(), named.end(), cluster) != named.end();
  }

  // Workers take the first cluster in the row that serves, and who shares a row stands before all
  // fallbacks, in the order of their numbers: of a shared row there is nothing to decide.
  void put(const Orphan& orphan) {
    const Assigned& shared = made_.rows[orphan.row];
    ClusterIndex heir = kNoCluster;
    for (std::size_t i = 0; i < shared.count; ++i) {
      if (!is_dead(shared.shares[i].cluster)) { heir = std::min(heir, shared.shares[i].cluster); }
    }
    if (heir != kNoCluster) {
      load_[heir] += orphan.demand;
      return;
    }
    for (std::uint32_t at = rows_.offsets[orphan.row]; at < rows_.offsets[orphan.row + 1]; ++at) {
      const Candidate& candidate = rows_.candidates[at];
      if (may_inherit(candidate.cluster, orphan.row)) { candidates_.push_back(candidate); }
    }
    offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    demand_.push_back(orphan.demand);
    whole_.push_back(orphan.row);
  }

  // At the least scale at which all find room; whether a scale of 1 will do is asked exactly, by
  // how much of a shortcut that leaves a little unused.
  Assignment find(double* scale) {
    const double wanted = std::accumulate(demand_.begin(), demand_.end(), 0.0);
    for (*scale = 1;; *scale *= kScaleStep) {
      spare(*scale);
      const bool last = *scale >= kMostScale;
      const double total = is_grouped() ? rows_.groups->total_room(spare_)
                                        : std::accumulate(spare_.begin(), spare_.end(), 0.0);
      if (!last && total < wanted) { continue; }
      Assignment found = place_whole(spare_);
      if (last || found.feasible) { return found; }
      if (*scale > 1) { continue; }
      found = assign({candidates_, offsets_, demand_, spare_, rows_.budget, rows_.groups});
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
        return has_room(room, each.cluster, demand_[row]);
      });
      if (to == end) {
        result.feasible = false;
        to = begin;
      }
      take(room, to->cluster, demand_[row]);
      result.rows[row] = {{Share{to->cluster, 1}}, 1};
    }
    return result;
  }

  bool has_room(const std::vector<double>& room, ClusterIndex cluster, double demand) const {
    bool has = room[cluster] >= demand;
    for (HolderIndex at = rows_.above(cluster); at != kNoHolder; at = rows_.above(at)) {
      has = has && room[at] >= demand;
    }
    return has;
  }
  void take(std::vector<double>& room, ClusterIndex cluster, double demand) const {
    room[cluster] -= demand;
    for (HolderIndex at = rows_.above(cluster); at != kNoHolder; at = rows_.above(at)) {
      room[at] -= demand;
    }
  }

  void spare(double scale) {
    spare_.clear();
    for (HolderIndex i = 0; i < holders(); ++i) {
      spare_.push_back(is_dead(i) ? 0 : std::max(0.0, rows_.capacity[i] * scale - load_[i]));
    }
  }

  const AssignProblem& rows_;
  const Assignment& made_;
  Fallbacks& result_;
  std::vector<std::vector<Orphan>> homes_;  // by cluster, who would be without it
  // By holder, where its heirs stand: clusters' first, a group's behind those of what fails in it.
  std::vector<std::size_t> levels_;
  HolderIndex dead_ = kNoHolder;
  HolderIndex around_ = kNoHolder;
  std::vector<Orphan> orphans_;
  std::vector<double> load_;  // without the dead, with what falls to those that share a row
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> offsets_;
  std::vector<double> demand_;
  std::vector<std::uint32_t> whole_;  // the rows that they are of
  std::vector<double> spare_;         // what the others have left
};

}  // namespace

Fallbacks assign_fallbacks(const AssignProblem& rows, const Assignment& made) {
  Fallbacks result;
  result.heirs.assign(made.rows.size(), kNoHeirs);
  result.scale_if_lost.assign(rows.capacity.size(), 1);
  const std::size_t clusters = rows.clusters();
  Death death(rows, made, result);
  for (std::size_t i = rows.capacity.size(); i-- > 0;) {
    if (i >= clusters && !rows.groups->fails_together[i - clusters]) { continue; }
    death.solve(static_cast<HolderIndex>(i));
  }
  return result;
}

}  // namespace gslb::steer
