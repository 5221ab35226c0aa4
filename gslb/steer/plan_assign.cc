// One plan's assignment: within targets if that can be, within maxima if that can be; and no more
// moves than needed.
#include <algorithm>
#include <array>
#include <cmath>

#include "gslb/steer/planner.h"

namespace gslb::steer {
namespace {

// More than this share of the demand moves in one plan only where capacity or health ask for it.
constexpr double kMostMoved = 0.05;
// A plan that moves this much is not tried again with less patience: each try costs a solve.
constexpr double kManyMoved = 0.02;
// What a switch costs, times this, until no more moves: the last is as good as never.
constexpr std::array kPatience = {1.0, 2.0, 4.0, 8.0, 32.0, 1000.0};
// Targets, then maxima, are raised by growing steps, and no further than this.
constexpr double kMostScale = 14;
constexpr double kFirstStep = 1.01;
constexpr double kMostStep = 1.25;

bool has_max(const std::vector<double>& most) {
  return std::any_of(most.begin(), most.end(), [](double each) { return std::isfinite(each); });
}

}  // namespace

Assignment Planner::assign_within(SwitchProblem problem, const std::vector<double>& capacity) {
  problem.rows.capacity = capacity;
  problem.rows.budget = steps_left_;
  Assignment assignment = assign_switching(problem);
  steps_left_ -= std::min(steps_left_, assignment.steps);
  return assignment;
}

// Targets that can't hold the demand are scaled together until they do, each up to its max:
// everyone is then over target by the same share, instead of one cluster by all of it.
Assignment Planner::assign_scaled(const SwitchProblem& problem, const Room& room, double* scale) {
  double wanted = 0;
  for (std::size_t row = 0; row < problem.rows.demand.size(); ++row) {
    const bool has_candidates = problem.rows.offsets[row] < problem.rows.offsets[row + 1];
    if (has_candidates) { wanted += problem.rows.demand[row]; }
  }
  std::vector<double> grown = room.target;
  std::vector<double> capacity = grown;
  const auto scale_by = [&](double factor) {
    *scale *= factor;
    for (std::size_t i = 0; i < grown.size(); ++i) {
      grown[i] *= factor;
      capacity[i] = std::min(grown[i], room.most[i]);
    }
  };
  *scale = 1;
  const double total = groups_.total_room(room.target);
  if (total > 0 && wanted > total) { scale_by(std::min(kMostScale, wanted / total * kFirstStep)); }
  for (double step = kFirstStep;; step *= step) {
    Assignment assignment = assign_within(problem, capacity);
    if (assignment.feasible) { return assignment; }
    const bool all_at_max = capacity == room.most;
    if (all_at_max || (*scale >= kMostScale && has_max(room.most))) {
      return assign_beyond(problem, room, all_at_max ? kFirstStep : 1, scale);
    }
    if (*scale >= kMostScale) { return assignment; }
    scale_by(std::min(step, kMostStep));
  }
}

// As far over their maxima as it takes, from `over` times on, all alike.
Assignment Planner::assign_beyond(const SwitchProblem& problem, const Room& room, double over,
                                  double* scale) {
  for (double step = kFirstStep;; step *= step) {
    std::vector<double> capacity = room.most;
    for (double& each : capacity) { each *= over; }
    Assignment assignment = assign_within(problem, capacity);
    if (!assignment.feasible && over < kMostScale) {
      over *= std::min(step, kMostStep);
      continue;
    }
    for (std::size_t i = 0; i < room.target.size(); ++i) {
      if (room.target[i] <= 0) { continue; }
      *scale = std::max(*scale, std::min(kMostScale, assignment.load[i] / room.target[i]));
    }
    return assignment;
  }
}

// Moves what has to be moved, and of the rest the most useful first, so that at most a part of the
// demand changes its cluster at once: at the least patience that is enough, with as much of the
// step below as the limit allows.  Patience changes little from plan to plan, so the search begins
// where the last one ended.
Assignment Planner::assign_calmly(SwitchProblem problem, const Room& room, bool may_move_all,
                                  double* scale) {
  const std::span<const float> costs = problem.switch_ms;
  std::vector<float> patient(costs.size());
  const auto solve = [&](std::size_t step) {
    std::transform(costs.begin(), costs.end(), patient.begin(),
                   [&](float each) { return each * static_cast<float>(kPatience[step]); });
    problem.switch_ms = patient;
    return assign_scaled(problem, room, scale);
  };
  if (may_move_all || problem.last.empty()) { return solve(0); }
  const auto moved = [&](const Assignment& made) { return moved_share(problem.rows.demand, made); };
  Assignment calm = solve(patience_);
  Assignment eager;
  if (moved(calm) > kMostMoved) {
    while (patience_ + 1 < kPatience.size() && moved(calm) > kMostMoved) {
      patience_ += moved(calm) > 2 * kMostMoved && patience_ + 2 < kPatience.size() ? 2 : 1;
      eager = std::move(calm);
      calm = solve(patience_);
    }
  } else {
    while (patience_ > 0 && moved(calm) < kManyMoved) {
      eager = solve(patience_ - 1);
      if (moved(eager) > kMostMoved) { break; }
      std::swap(calm, eager);
      --patience_;
    }
  }
  const double least = moved(calm);
  if (eager.rows.empty() || least > kMostMoved || patience_ == 0) { return calm; }
  const double share = (kMostMoved - least) / (moved(eager) - least);
  return blend(calm, eager, share, problem.rows.demand, groups_);
}

// Returning clusters are filled slowly, unless the others would be over their targets for it.
Assignment Planner::assign_ramped(const SwitchProblem& problem, const Room& room, bool may_move_all,
                                  double* scale) {
  Room ramped = room;
  for (std::size_t i = 0; i < ramped.target.size(); ++i) {
    ramped.target[i] *= capacity_.ramp(static_cast<HolderIndex>(i));
  }
  Assignment assignment = assign_calmly(problem, ramped, may_move_all, scale);
  if (*scale == 1 || ramped.target == room.target) { return assignment; }
  return assign_calmly(problem, room, may_move_all, scale);
}

}  // namespace gslb::steer
