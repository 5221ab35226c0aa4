#include "gslb/steer/assign.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <utility>

#include "gslb/base/check.h"
#include "gslb/steer/stable.h"

namespace gslb::steer {
namespace {

using fleet::ClusterIndex;
using fleet::kNoCluster;

constexpr double kDust = 1e-12;  // relative amounts below this are rounding
// Costs are compared in whole nanoseconds: sums of integers don't round, so what is no negative
// cycle in theory never looks like one, and no chain of moves leads round in circles.
using CostNs = std::int64_t;
constexpr double kNsPerMs = 1e6;
constexpr CostNs kUnreached = std::numeric_limits<CostNs>::max() / 4;  // two may be added

struct Holding {
  ClusterIndex cluster;
  double amount;
};

struct SplitRow {
  std::uint32_t row;
  std::vector<Holding> holdings;
};

// A row that could move along an edge, ordered by what the move costs, then by row.
struct Mover {
  CostNs cost = kUnreached;
  std::uint32_t row = 0;
  friend bool operator>(const Mover& a, const Mover& b) {
    return a.cost != b.cost ? a.cost > b.cost : a.row > b.row;
  }
};

struct Reached {
  CostNs distance;
  HolderIndex holder;
  friend bool operator>(const Reached& a, const Reached& b) {
    return a.distance != b.distance ? a.distance > b.distance : a.holder > b.holder;
  }
};

CostNs to_ns(float cost_ms) { return std::llround(cost_ms * kNsPerMs); }

class Transport {
 public:
  explicit Transport(const AssignProblem& problem)
      : problem_(problem),
        holders_(static_cast<HolderIndex>(problem.capacity.size())),
        clusters_(static_cast<ClusterIndex>(problem.clusters())),
        home_(problem.demand.size(), kNoCluster),
        split_index_(problem.demand.size(), 0),
        load_(holders_, 0),
        movers_(clusters_ * clusters_),
        cheapest_(clusters_ * clusters_, kUnreached),
        cheapest_row_(clusters_ * clusters_, 0),
        expanded_(clusters_, false),
        members_(clusters_),
        parts_(holders_),
        price_(holders_, 0),
        mover_(holders_) {
    for (HolderIndex i = 0; i < holders_; ++i) {
      if (problem_.above(i) != kNoHolder) { parts_[problem_.above(i)].push_back(i); }
    }
  }

  // Clusters first, as if groups had no limits, then group by group from below: so all that is too
  // much may go anywhere, within whatever holds already.
  Assignment run() {
    place_at_cheapest();
    Assignment result;
    for (HolderIndex source = 0; source < holders_; ++source) {
      limited_ = std::max(clusters_, static_cast<HolderIndex>(source + 1));
      while (excess(source) > 0) {
        if (!send_from(source)) {
          result.feasible = false;
          break;
        }
        ++result.moves;
        if (steps_ > problem_.budget) { return in_a_hurry(); }
      }
    }
    report(result);
    result.steps = steps_;
    return result;
  }

 private:
  Assignment in_a_hurry() const {
    Assignment result = stable_allocation(problem_);
    result.steps = steps_;
    result.is_exact = false;
    return result;
  }

  std::span<const Candidate> candidates(std::size_t row) const {
    return problem_.candidates.subspan(problem_.offsets[row],
                                       problem_.offsets[row + 1] - problem_.offsets[row]);
  }
  double limit(HolderIndex holder) const {
    return holder < limited_ ? problem_.capacity[holder] : std::numeric_limits<double>::infinity();
  }
  double excess(HolderIndex holder) const {
    const double over = load_[holder] - limit(holder);
    return over > kDust * (1 + load_[holder]) ? over : 0;
  }
  double room(HolderIndex holder) const {
    const double slack = limit(holder) - load_[holder];
    return slack > kDust * (1 + load_[holder]) ? slack : 0;
  }
  // What may still come without anybody's leaving.
  double open_room(HolderIndex holder) const {
    double least = room(holder);
    for (HolderIndex at = problem_.above(holder); at != kNoHolder; at = problem_.above(at)) {
      least = std::min(least, room(at));
    }
    return least;
  }

  void place_at_cheapest() {
    for (std::size_t row = 0; row < home_.size(); ++row) {
      if (candidates(row).empty()) { continue; }
      home_[row] = candidates(row).front().cluster;
      load_[home_[row]] += problem_.demand[row];
      members_[home_[row]].push_back(static_cast<std::uint32_t>(row));
    }
    if (clusters_ < holders_) { problem_.groups->add_up(load_); }
  }

  double amount_at(std::uint32_t row, ClusterIndex cluster) const {
    const std::uint32_t split = split_index_[row];
    if (split == 0) { return home_[row] == cluster ? problem_.demand[row] : 0; }
    for (const Holding& holding : split_[split - 1].holdings) {
      if (holding.cluster == cluster) { return holding.amount; }
    }
    return 0;
  }

  // Calls put(edge, mover) for each edge that a row at `from` could move along.
  template <typename Put>
  void for_moves(std::uint32_t row, ClusterIndex from, const Put& put) {
    CostNs here = 0;
    for (const Candidate& candidate : candidates(row)) {
      if (candidate.cluster == from) { here = to_ns(candidate.cost_ms); }
    }
    for (const Candidate& candidate : candidates(row)) {
      if (candidate.cluster == from) { continue; }
      put(from * clusters_ + candidate.cluster, Mover{to_ns(candidate.cost_ms) - here, row});
    }
  }

  void add_movers(std::uint32_t row, ClusterIndex from) {
    for_moves(row, from, [this](std::size_t edge, const Mover& mover) {
      auto& heap = movers_[edge];
      heap.push_back(mover);
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
      if (Mover{cheapest_[edge], cheapest_row_[edge]} > mover) { set_cheapest(edge, mover); }
    });
  }

  void set_cheapest(std::size_t edge, const Mover& mover) {
    cheapest_[edge] = mover.cost;
    cheapest_row_[edge] = mover.row;
  }

  // Edges of a cluster are built when a path may first lead through it.
  void expand(ClusterIndex cluster) {
    if (expanded_[cluster]) { return; }
    expanded_[cluster] = true;
    steps_ += members_[cluster].size();
    for (const std::uint32_t row : members_[cluster]) {
      if (problem_.demand[row] <= 0 || amount_at(row, cluster) <= 0) { continue; }
      for_moves(row, cluster,
                [this](std::size_t edge, const Mover& mover) { movers_[edge].push_back(mover); });
    }
    for (std::size_t edge = cluster * clusters_; edge < (cluster + 1U) * clusters_; ++edge) {
      if (movers_[edge].empty()) { continue; }
      std::make_heap(movers_[edge].begin(), movers_[edge].end(), std::greater<>());
      set_cheapest(edge, movers_[edge].front());
    }
  }

  // After a row has left `from`: edges it was the cheapest mover of get the next that is there.
  void forget(std::uint32_t row, ClusterIndex from) {
    for (std::size_t edge = from * clusters_; edge < (from + 1U) * clusters_; ++edge) {
      if (cheapest_row_[edge] != row || cheapest_[edge] == kUnreached) { continue; }
      auto& heap = movers_[edge];
      while (!heap.empty() && amount_at(heap.front().row, from) <= 0) {
        std::pop_heap(heap.begin(), heap.end(), std::greater<>());
        heap.pop_back();
      }
      set_cheapest(edge, heap.empty() ? Mover{} : heap.front());
    }
  }

  // A chain that costs so much beyond prices leads to `to` by way of `from`.
  void reach(HolderIndex from, HolderIndex to, CostNs through) {
    if (through >= distance_[to]) { return; }
    distance_[to] = through;
    via_[to] = from;
    pending_.push({through, to});
  }

  // To other clusters by moves; to the group when that is what is full, and from there to whoever
  // else has something in it: nobody moves then, but it is his that leaves instead.
  void reach_all(HolderIndex from) {
    const CostNs before = distance_[from] - price_[from];
    if (from < clusters_) {
      expand(from);
      steps_ += clusters_;
      const CostNs* const costs = cheapest_.data() + from * clusters_;
      for (ClusterIndex to = 0; to < clusters_; ++to) {
        const CostNs through = before + costs[to] + price_[to];
        if (through < distance_[to] && costs[to] != kUnreached) { reach(from, to, through); }
      }
    }
    for (const HolderIndex part : parts_[from]) {
      if (load_[part] > 0) { reach(from, part, before + price_[part]); }
    }
    const HolderIndex group = problem_.above(from);
    if (group != kNoHolder && room(from) > 0) { reach(from, group, before + price_[group]); }
  }

  // The cheapest chain of moves from `source` to a cluster with room; kNoCluster: there is none.
  // Dijkstra on what a move costs beyond prices, which is never negative, so that it mostly ends
  // after a few steps.  Full clusters pass excess on; one with room, whose price is 0, ends a
  // chain.
  ClusterIndex search(HolderIndex source) {
    distance_.assign(holders_, kUnreached);
    via_.assign(holders_, kNoHolder);
    settled_.clear();
    pending_ = {};
    distance_[source] = 0;
    pending_.push({0, source});
    while (!pending_.empty()) {
      const auto [distance, from] = pending_.top();
      pending_.pop();
      if (distance > distance_[from]) { continue; }
      if (open_room(from) > 0) { return from; }
      settled_.push_back(from);
      reach_all(from);
    }
    return kNoCluster;
  }

  // Whether somebody moves in the last step to `at` on the chain; how much that step carries.
  bool is_move(HolderIndex at) const { return via_[at] < clusters_ && at < clusters_; }
  double step_room(HolderIndex at) const {
    if (is_move(at)) { return amount_at(mover_[at], via_[at]); }
    // What leaves a part of a group is bounded by the move that follows.
    return at == problem_.above(via_[at]) ? room(via_[at])
                                          : std::numeric_limits<double>::infinity();
  }

  // Sends as much as the chain carries.  False when no chain leads to room.
  bool send_from(HolderIndex source) {
    const ClusterIndex sink = search(source);
    if (sink == kNoCluster) { return false; }
    // With these prices no move of the chain costs anything, and none back is a gain.
    for (const HolderIndex each : settled_) {
      price_[each] += std::max<CostNs>(0, distance_[sink] - distance_[each]);
    }
    double amount = std::min(excess(source), open_room(sink));
    for (HolderIndex at = sink; at != source; at = via_[at]) {
      if (is_move(at)) { mover_[at] = cheapest_row_[via_[at] * clusters_ + at]; }
      amount = std::min(amount, step_room(at));
    }
    for (HolderIndex at = sink; at != source; at = via_[at]) {
      if (is_move(at)) { move(mover_[at], via_[at], at, amount); }
    }
    return true;
  }

  void move(std::uint32_t row, ClusterIndex from, ClusterIndex to, double amount) {
    if (split_index_[row] == 0) {
      split_.push_back({row, {{home_[row], problem_.demand[row]}}});
      split_index_[row] = static_cast<std::uint32_t>(split_.size());
    }
    auto& holdings = split_[split_index_[row] - 1].holdings;
    const auto at = [&](ClusterIndex cluster) {
      return std::find_if(holdings.begin(), holdings.end(),
                          [&](const Holding& h) { return h.cluster == cluster; });
    };
    const auto giver = at(from);
    CHECK(giver != holdings.end());
    giver->amount -= amount;
    const bool left = giver->amount <= kDust * problem_.demand[row];
    if (left) { holdings.erase(giver); }
    const auto taker = at(to);
    const bool newcomer = taker == holdings.end();
    if (newcomer) {
      holdings.push_back({to, amount});
      members_[to].push_back(row);
    } else {
      taker->amount += amount;
    }
    load_[from] -= amount;
    load_[to] += amount;
    if (clusters_ < holders_) { problem_.groups->shift(load_, from, to, amount); }
    if (left) { forget(row, from); }
    if (newcomer && expanded_[to]) { add_movers(row, to); }
  }

  Assigned shares_of(std::uint32_t row) const {
    Assigned assigned;
    if (home_[row] == kNoCluster) { return assigned; }
    const std::uint32_t split = split_index_[row];
    if (split == 0) {
      assigned.shares[0] = {home_[row], 1};
      assigned.count = 1;
      return assigned;
    }
    std::vector<Share> shares;
    for (const Holding& holding : split_[split - 1].holdings) {
      shares.push_back({holding.cluster, holding.amount});
    }
    return keep_largest(std::move(shares));
  }

  // Loads are those of the shares given out: a row held by more than kMaxShares clusters puts what
  // the others held on the kept ones, which may overfill them.
  void count_shares(Assignment& result) {
    result.load = load_;
    bool dropped = false;
    for (const auto& [row, holdings] : split_) {
      if (holdings.size() <= kMaxShares) { continue; }
      dropped = true;
      for (const Holding& holding : holdings) { result.load[holding.cluster] -= holding.amount; }
      add_load(result.rows[row], problem_.demand[row], result.load);
    }
    if (!dropped) { return; }
    for (double& each : result.load) { each = std::max(0.0, each); }
    if (clusters_ < holders_) { problem_.groups->add_up(result.load); }
    result.feasible = result.feasible && fits_within(result.load, problem_.capacity);
  }

  // From above, as what nobody is at costs what the group costs.
  void report(Assignment& result) {
    result.rows.reserve(home_.size());
    for (std::uint32_t row = 0; row < home_.size(); ++row) {
      result.rows.push_back(shares_of(row));
    }
    count_shares(result);
    result.price_ms.assign(holders_, 0);
    for (HolderIndex i = holders_; i-- > 0;) {
      if (open_room(i) > 0) { continue; }
      if (load_[i] <= 0) {
        if (problem_.above(i) != kNoHolder) {
          result.price_ms[i] = result.price_ms[problem_.above(i)];
        }
        continue;
      }
      const ClusterIndex sink = search(i);
      if (sink != kNoCluster) {
        result.price_ms[i] = static_cast<double>(distance_[sink] + price_[i]) / kNsPerMs;
      }
    }
  }

  const AssignProblem& problem_;
  HolderIndex holders_;  // clusters, then groups
  ClusterIndex clusters_;
  HolderIndex limited_ = 0;                 // holders from here on have no limit yet
  std::vector<ClusterIndex> home_;          // where a row that was never moved is
  std::vector<SplitRow> split_;             // that were moved, wholly or in part
  std::vector<std::uint32_t> split_index_;  // by row: 1 + where in split_; 0: unmoved
  std::vector<double> load_;
  // Edges, [from * clusters + to]: heaps of who could move, some of whom may have left; and what
  // the cheapest that is still there costs, and who that is.
  std::vector<std::vector<Mover>> movers_;
  std::vector<CostNs> cheapest_;
  std::vector<std::uint32_t> cheapest_row_;
  std::vector<bool> expanded_;
  std::vector<std::vector<std::uint32_t>> members_;  // rows that came to a cluster (may have left)
  std::vector<std::vector<HolderIndex>> parts_;      // of each group; empty of clusters
  std::vector<CostNs> price_;  // of who is full: a lower bound of what moving away costs
  // Of the last search.
  std::vector<CostNs> distance_;
  std::vector<HolderIndex> settled_;  // nearest first
  std::vector<HolderIndex> via_;
  std::vector<std::uint32_t> mover_;  // to it along the chain
  std::priority_queue<Reached, std::vector<Reached>, std::greater<>> pending_;
  std::uint64_t steps_ = 0;
};

}  // namespace

Assignment assign(const AssignProblem& problem) { return Transport(problem).run(); }

}  // namespace gslb::steer
