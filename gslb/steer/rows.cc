#include "gslb/steer/rows.h"

#include <algorithm>
#include <cmath>

#include "gslb/base/hash.h"

namespace gslb::steer {
namespace {

constexpr float kHomeMs = 15;  // clusters so much dearer than the cheapest still are a name's home
constexpr int kNames = 256;    // hashes of names that a row deals out

bool has(const Row& row, ClusterIndex cluster) {
  return std::find(row.choices.begin(), row.choices.end(), cluster) != row.choices.end();
}

struct Sharer {
  ClusterIndex cluster;
  double weight;
  bool serving;
};

// Names to clusters, one interval after the other.
class Dealer {
 public:
  explicit Dealer(Row& row) : row_(row) {}

  // The names from the last end to `end` go to the cluster.
  void give(ClusterIndex cluster, int end) {
    if (end <= end_) { return; }
    if (row_.choices.empty() || row_.choices.back() != cluster) {
      if (!row_.choices.empty()) { row_.thresholds.push_back(static_cast<std::uint8_t>(end_)); }
      row_.choices.push_back(cluster);
    }
    end_ = end;
  }

 private:
  Row& row_;
  int end_ = 0;
};

// Divides the names from `begin` to `end` by weight; `give` is told each one's end.
template <typename Give>
void divide(const std::vector<Sharer>& sharers, int begin, int end, Give&& give) {
  double total = 0;
  for (const Sharer& each : sharers) { total += each.weight; }
  double sum = 0;
  for (const Sharer& each : sharers) {
    // Who has no weight serves when no other can.
    sum += total > 0 ? each.weight / total : 1.0 / static_cast<double>(sharers.size());
    give(each, begin + static_cast<int>(std::lround(sum * (end - begin))));
  }
}

void deal(const std::vector<Sharer>& sharers, Row& row) {
  std::vector<Sharer> serving;
  std::copy_if(sharers.begin(), sharers.end(), std::back_inserter(serving),
               [](const Sharer& each) { return each.serving; });
  Dealer dealer(row);
  int begin = 0;
  divide(sharers, 0, kNames, [&](const Sharer& owner, int end) {
    if (owner.serving) {
      dealer.give(owner.cluster, end);
    } else {
      divide(serving, begin, end,
             [&](const Sharer& heir, int until) { dealer.give(heir.cluster, until); });
    }
    begin = end;
  });
}

// Each hash of names to the cluster that wants it most: all units that have the winner among theirs
// send it there, and a cluster that goes leaves its hashes to the next of each.
void deal_homes(std::span<const Candidate> near, const PoolOrder& order, Row& row) {
  Dealer dealer(row);
  for (int name = 0; name < kNames; ++name) {
    const auto wants = [&](const Candidate& each) {
      return hash_combine(order.standings[each.cluster].id_hash, static_cast<std::uint64_t>(name));
    };
    const auto home = std::max_element(
        near.begin(), near.end(),
        [&](const Candidate& a, const Candidate& b) { return wants(a) < wants(b); });
    dealer.give(home->cluster, name + 1);
  }
}

// Why who shares the names is not the cheapest: that is full, or leaving is not worth it.
void mark_reasons(std::span<const Candidate> candidates, const std::vector<ClusterInput>& clusters,
                  const std::vector<double>& price_ms, Row& row) {
  constexpr double kRoundingMs = 1e-3;
  const auto priced_ms = [&](const Candidate& each) {
    return static_cast<double>(each.cost_ms) + price_ms[each.cluster];
  };
  const Candidate* cheapest = nullptr;
  double least_ms = 0;
  for (const Candidate& each : candidates) {
    if (!clusters[each.cluster].serving) { continue; }
    least_ms = cheapest == nullptr ? priced_ms(each) : std::min(least_ms, priced_ms(each));
    if (cheapest == nullptr) { cheapest = &each; }
  }
  for (std::size_t i = 0; i < row.choices.size() && cheapest != nullptr; ++i) {
    const auto own = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& each) {
      return each.cluster == row.choices[i];
    });
    if (own == candidates.end() || own->cluster == cheapest->cluster) { continue; }
    row.spilled = static_cast<std::uint8_t>(row.spilled | 1U << i);
    if (priced_ms(*own) > least_ms + kRoundingMs) {
      row.stayed = static_cast<std::uint8_t>(row.stayed | 1U << i);
    }
  }
}

}  // namespace

Row planned_row(std::span<const Candidate> candidates, const Assigned& assigned,
                const std::vector<ClusterInput>& clusters, const std::vector<double>& price_ms,
                const Heirs& heirs) {
  Row result;
  std::vector<Share> shares(assigned.shares.begin(),
                            assigned.shares.begin() + static_cast<std::ptrdiff_t>(assigned.count));
  std::erase_if(shares, [](const Share& share) { return share.fraction < 0.5 / kNames; });
  std::sort(shares.begin(), shares.end(),
            [](const Share& a, const Share& b) { return a.cluster < b.cluster; });
  double total = 0;
  for (const Share& share : shares) { total += share.fraction; }
  double sum = 0;
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    sum += shares[i].fraction / total;
    const long least = i == 0 ? 1 : result.thresholds.back() + 1L;
    const auto most = static_cast<long>(kNames - (shares.size() - 1 - i));
    result.thresholds.push_back(
        static_cast<std::uint8_t>(std::clamp(std::lround(sum * kNames), least, most)));
  }
  for (const Share& share : shares) { result.choices.push_back(share.cluster); }

  mark_reasons(candidates, clusters, price_ms, result);
  std::vector<Candidate> rest(candidates.begin(), candidates.end());
  std::erase_if(rest, [&](const Candidate& candidate) { return has(result, candidate.cluster); });
  for (Candidate& candidate : rest) {
    candidate.cost_ms += static_cast<float>(price_ms[candidate.cluster]);
  }
  std::stable_sort(rest.begin(), rest.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost_ms < b.cost_ms; });
  auto front = rest.begin();
  for (const ClusterIndex heir : heirs) {
    const auto at = std::find_if(
        front, rest.end(), [&](const Candidate& candidate) { return candidate.cluster == heir; });
    if (at != rest.end()) { std::rotate(front++, at, at + 1); }
  }
  for (const Candidate& candidate : rest) { result.choices.push_back(candidate.cluster); }
  return result;
}

Row policy_row(std::span<const Candidate> candidates, const Inside& pool, const PoolOrder& order,
               const std::vector<ClusterInput>& clusters) {
  Row result;
  const bool nobody = std::none_of(candidates.begin(), candidates.end(), [&](const auto& each) {
    return clusters[each.cluster].serving;
  });
  const auto serves = [&](const Candidate& each) {
    return nobody || clusters[each.cluster].serving;
  };
  const auto first = std::find_if(candidates.begin(), candidates.end(), serves);
  if (first == candidates.end()) { return result; }
  if (is_shared(pool.policy)) {
    std::vector<Sharer> sharers;
    for (const Candidate& each : candidates) {
      // The pool's clusters cost the same, but for those an override prefers.
      if (each.cost_ms != first->cost_ms) { continue; }
      sharers.push_back({each.cluster, order.standings[each.cluster].weight, serves(each)});
    }
    deal(sharers, result);
  } else if (pool.policy == config::Policy::kHome) {
    std::vector<Candidate> near;
    std::copy_if(first, candidates.end(), std::back_inserter(near), [&](const Candidate& each) {
      return serves(each) && each.cost_ms <= first->cost_ms + kHomeMs;
    });
    deal_homes(near, order, result);
  } else {
    result.choices.push_back(first->cluster);
  }
  for (const Candidate& each : candidates) {
    if (!has(result, each.cluster)) { result.choices.push_back(each.cluster); }
  }
  return result;
}

double moved_names(const Row& from, const Row& to) {
  if (from == to || from.choices.empty() || to.choices.empty()) { return 0; }
  const auto planned = [](const Row& row, int name) {
    const auto above = std::upper_bound(row.thresholds.begin(), row.thresholds.end(), name);
    return row.choices[static_cast<std::size_t>(above - row.thresholds.begin())];
  };
  int moved = 0;
  for (int name = 0; name < kNames; ++name) {
    moved += planned(from, name) != planned(to, name) ? 1 : 0;
  }
  return static_cast<double>(moved) / kNames;
}

}  // namespace gslb::steer
