// Who comes first when there isn't room for all: services in the order of their priority, each with
// what the ones before must leave it.
#include <algorithm>
#include <cmath>
#include <map>

#include "gslb/steer/planner.h"

namespace gslb::steer {
namespace {

// Of each cluster, for those who come last and have no reserve: who has nowhere to go is nobody's
// gain.
constexpr double kLeastReserve = 0.01;

// The rows of some services alone: nobody else asks for anything.
struct Part {
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> offsets{0};
  std::vector<double> demand;
  double total = 0;
};

Part part_of(const AssignProblem& all, const std::vector<bool>& service_in, std::size_t units) {
  Part part;
  for (std::size_t row = 0; row < all.demand.size(); ++row) {
    const bool in = service_in[row / units];
    if (in) {
      part.candidates.insert(part.candidates.end(), all.candidates.begin() + all.offsets[row],
                             all.candidates.begin() + all.offsets[row + 1]);
    }
    part.offsets.push_back(static_cast<std::uint32_t>(part.candidates.size()));
    part.demand.push_back(in ? all.demand[row] : 0);
    if (all.offsets[row] != all.offsets[row + 1]) { part.total += part.demand.back(); }
  }
  return part;
}

}  // namespace

bool Planner::has_priorities() const {
  const auto& services = services_.services;
  return std::any_of(services.begin(), services.end(), [&](const Service& each) {
    return each.priority != services.front().priority;
  });
}

// What is left of `room` once `taken` is gone and `later`, a share, is kept for others; at least
// `own` of it.
Planner::Room Planner::room_left(const Room& room, const std::vector<double>& taken, double later,
                                 double own) {
  Room left = room;
  for (std::size_t i = 0; i < room.target.size(); ++i) {
    const bool is_limited = std::isfinite(room.target[i]);
    const double kept = is_limited ? std::min(1.0, later) * room.target[i] : 0;
    const double least = std::min(std::max(own, kLeastReserve) * room.target[i],
                                  std::max(room.most[i] - taken[i], 0.0));
    left.target[i] = std::max(room.target[i] - kept - taken[i], least);
    left.most[i] = std::max(room.most[i] - kept - taken[i], left.target[i]);
  }
  return left;
}

Assignment Planner::assign_in_order(const SwitchProblem& problem, const Room& room,
                                    bool may_move_all, double* scale) {
  const std::size_t units = candidates_.stride();
  const auto& services = services_.services;
  std::map<unsigned, double> reserves;  // by priority, share of each cluster
  for (const Service& each : services) { reserves[each.priority] += each.reserve; }
  const std::size_t holders = groups_.size();
  Assignment all;
  all.rows.resize(problem.rows.demand.size());
  all.price_ms.assign(holders, 0);
  all.load.assign(holders, 0);
  *scale = 1;
  for (const auto& [priority, own] : reserves) {
    std::vector<bool> in;
    in.reserve(services.size());
    for (const Service& each : services) { in.push_back(each.priority == priority); }
    const Part part = part_of(problem.rows, in, units);
    double later = 0;
    for (auto next = reserves.upper_bound(priority); next != reserves.end(); ++next) {
      later += next->second;
    }
    const SwitchProblem its{
        {part.candidates, part.offsets, part.demand, {}, 0, problem.rows.groups},
        problem.last,
        problem.switch_ms};
    double its_scale = 1;
    const Assignment made =
        assign_calmly(its, room_left(room, all.load, later, own), may_move_all, &its_scale);
    for (std::size_t row = 0; row < all.rows.size(); ++row) {
      if (in[row / units]) { all.rows[row] = made.rows[row]; }
    }
    for (std::size_t i = 0; i < holders; ++i) {
      all.load[i] += made.load[i];
      all.price_ms[i] = std::max(all.price_ms[i], made.price_ms[i]);
    }
    all.feasible &= made.feasible;
    all.moves += made.moves;
  }
  for (std::size_t i = 0; i < holders; ++i) {
    if (room.target[i] > 0) { *scale = std::max(*scale, all.load[i] / room.target[i]); }
  }
  return all;
}

Assignment Planner::put_in_order(Assignment together, const SwitchProblem& problem,
                                 const Room& room, bool may_move_all, double* scale) {
  double its_scale = 1;
  Assignment ordered = assign_in_order(problem, room, may_move_all, &its_scale);
  const bool is_worse =
      !fits_within(ordered.load, room.most) && fits_within(together.load, room.most);
  if (is_worse) { return together; }
  *scale = its_scale;
  return ordered;
}

}  // namespace gslb::steer
