#include "gslb/steer/switching.h"

#include <algorithm>
#include <cmath>

namespace gslb::steer {
namespace {

constexpr double kLeastShare = 0.5 / 256;

std::span<const Candidate> candidates_of(const AssignProblem& rows, std::size_t row) {
  return rows.candidates.subspan(rows.offsets[row], rows.offsets[row + 1] - rows.offsets[row]);
}

bool contains(std::span<const Candidate> candidates, fleet::ClusterIndex cluster) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const Candidate& each) { return each.cluster == cluster; });
}

void add(std::vector<Share>& shares, const Share& share, double weight) {
  for (Share& each : shares) {
    if (each.cluster != share.cluster) { continue; }
    each.fraction += share.fraction * weight;
    return;
  }
  shares.push_back({share.cluster, share.fraction * weight});
}

class Pieces {
 public:
  explicit Pieces(const SwitchProblem& problem) : problem_(problem) {
    offsets_.push_back(0);
    candidates_.reserve(problem.rows.candidates.size());
    for (std::uint32_t row = 0; row < problem.rows.demand.size(); ++row) { cut(row); }
  }

  Assignment assign() const {
    const Assignment pieces = steer::assign({candidates_, offsets_, demand_, problem_.rows.capacity,
                                             problem_.rows.budget, problem_.rows.groups});
    Assignment result;
    result.rows.resize(problem_.rows.demand.size());
    result.price_ms = pieces.price_ms;
    result.feasible = pieces.feasible;
    result.moves = pieces.moves;
    result.steps = pieces.steps;
    result.is_exact = pieces.is_exact;
    result.load.assign(problem_.rows.capacity.size(), 0);
    bool dropped = false;
    for (std::size_t begin = 0; begin < row_.size();) {
      std::size_t end = begin;
      while (end < row_.size() && row_[end] == row_[begin]) { ++end; }
      dropped |= merge(pieces, begin, end, result);
      begin = end;
    }
    if (problem_.rows.groups != nullptr) { problem_.rows.groups->add_up(result.load); }
    if (dropped && !fits_within(result.load, problem_.rows.capacity)) { result.feasible = false; }
    return result;
  }

 private:
  // One piece a share that a cluster that is still there holds, and one of the rest.
  void cut(std::uint32_t row) {
    const auto candidates = candidates_of(problem_.rows, row);
    const double demand = problem_.rows.demand[row];
    double rest = 1;
    if (!problem_.last.empty() && problem_.switch_ms[row] > 0) {
      const Assigned& last = problem_.last[row];
      for (std::size_t i = 0; i < last.count; ++i) {
        const Share& share = last.shares[i];
        if (share.fraction < kLeastShare || !contains(candidates, share.cluster)) { continue; }
        const double fraction = std::min(share.fraction, rest);
        put(row, demand * fraction, share.cluster);
        rest -= fraction;
      }
    }
    if (rest > kLeastShare) {
      put(row, demand * rest, fleet::kNoCluster);
    } else {
      demand_.back() += demand * rest;
    }
  }

  // All but the holder cost more, so that only the holder changes its place in the order.
  void put(std::uint32_t row, double demand, fleet::ClusterIndex holder) {
    const bool held = holder != fleet::kNoCluster;
    const float switch_ms = held ? problem_.switch_ms[row] : 0;
    const auto from = candidates_of(problem_.rows, row);
    const auto own = std::find_if(from.begin(), from.end(), [&](const Candidate& candidate) {
      return candidate.cluster == holder;
    });
    bool waiting = own != from.end();
    for (const Candidate& candidate : from) {
      if (candidate.cluster == holder) { continue; }
      const Candidate dearer{candidate.cluster, candidate.cost_ms + switch_ms};
      if (waiting && own->cost_ms <= dearer.cost_ms) {
        candidates_.push_back(*own);
        waiting = false;
      }
      candidates_.push_back(dearer);
    }
    if (waiting) { candidates_.push_back(*own); }
    offsets_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    demand_.push_back(demand);
    row_.push_back(row);
  }

  // Pieces [begin, end) are one row's.  True when it had more shares than it may keep.
  bool merge(const Assignment& pieces, std::size_t begin, std::size_t end,
             Assignment& result) const {
    const std::uint32_t row = row_[begin];
    const double demand = problem_.rows.demand[row];
    Assigned& merged = result.rows[row];
    if (end == begin + 1) {
      merged = pieces.rows[begin];
    } else {
      std::vector<Share> shares;
      for (std::size_t piece = begin; piece < end; ++piece) {
        const Assigned& from = pieces.rows[piece];
        // Without demand any weights will do.
        const double weight =
            demand > 0 ? demand_[piece] / demand : 1.0 / static_cast<double>(end - begin);
        for (std::size_t i = 0; i < from.count; ++i) { add(shares, from.shares[i], weight); }
      }
      merged = keep_largest(shares);
      add_load(merged, demand, result.load);
      return shares.size() > kMaxShares;
    }
    add_load(merged, demand, result.load);
    return false;
  }

  const SwitchProblem& problem_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> offsets_;
  std::vector<double> demand_;
  std::vector<std::uint32_t> row_;  // by piece
};

}  // namespace

Assignment assign_switching(const SwitchProblem& problem) { return Pieces(problem).assign(); }

Assignment blend(const Assignment& calm, const Assignment& eager, double share,
                 std::span<const double> demand, const GroupTree& groups) {
  Assignment result = calm;
  result.load.assign(calm.load.size(), 0);
  for (std::size_t row = 0; row < result.rows.size(); ++row) {
    if (moved_fraction(calm.rows[row], eager.rows[row]) > 0) {
      std::vector<Share> shares;
      for (std::size_t i = 0; i < calm.rows[row].count; ++i) {
        add(shares, calm.rows[row].shares[i], 1 - share);
      }
      for (std::size_t i = 0; i < eager.rows[row].count; ++i) {
        add(shares, eager.rows[row].shares[i], share);
      }
      result.rows[row] = keep_largest(shares);
    }
    add_load(result.rows[row], demand[row], result.load);
  }
  groups.add_up(result.load);
  return result;
}

double moved_fraction(const Assigned& from, const Assigned& to) {
  if (from.count == 0 || to.count == 0) { return 0; }
  double kept = 0;
  for (std::size_t i = 0; i < from.count; ++i) {
    for (std::size_t j = 0; j < to.count; ++j) {
      if (from.shares[i].cluster != to.shares[j].cluster) { continue; }
      kept += std::min(from.shares[i].fraction, to.shares[j].fraction);
    }
  }
  return std::max(0.0, 1 - kept);
}

}  // namespace gslb::steer
