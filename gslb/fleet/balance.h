// How much each node of a cluster yields to the others, so that none has much more than its share.
//
// Source: shared load by names, bounded as in Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing
// with Bounded Loads" (2018); steps as in Riedmiller, Braun, "RPROP" (1993): halved where the last
// one went too far.
//
// Why by feedback: names differ in what they are asked for by orders of magnitude, and only the
// nodes know what they have to do for them.  Why so slow: caches keep answers for a TTL, so what a
// step did is seen a TTL later, and one taken earlier would be for what has been mended already.
// A name can be too much for any node and the leaves of its clients few: then no yield is right,
// and the balance rests instead of swinging between two that are wrong.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gslb/base/clock.h"
#include "gslb/fleet/health_board.h"

namespace gslb::fleet {

// A node's load over its share of the cluster's by weight.  1.25 is what is promised.
inline constexpr double kYieldFrom = 1.2;      // more than that is yielded
inline constexpr double kYieldTo = 1.1;        // so far
inline constexpr double kTakeBackBelow = 1.0;  // between there and kYieldFrom all stays

// What one node yields.  A value; reloads and restarts keep `share`.
struct Yield {
  double share = 0;      // of what would come to it, 0 … 1
  double last_step = 0;  // with its sign
  double step_limit = 1;
  unsigned rest = 0;      // decisions to be slept through
  double load_ratio = 0;  // at the last decision; 0: not known

  // The draw (see NodeYields) below which that share of many names lies.
  std::uint16_t below() const noexcept;
  // One decision.  `may_take_back`: no other has too much, so what is taken back is not what just
  // came from there.
  void decide(double ratio, bool may_take_back = true) noexcept;
};

// Of one cluster: when to decide, and on what.  Value; control-thread-only.
class Balance {
 public:
  // One look at the loads of the nodes in `serving`, each over its share by weight; empty: not all
  // are known.  Who serves must have been the same for `lag`, and so must yields, before a look
  // counts; it takes half of that and two looks to decide.  True: decide by mean_ratio(), which is
  // of the looks up to this one, and a new round begins.
  bool look(std::uint64_t serving, std::span<const double> ratios, MonoTime now, milliseconds lag);
  double mean_ratio(std::size_t node) const noexcept { return means_[node]; }

 private:
  void begin(std::uint64_t serving, MonoTime now);

  std::uint64_t serving_ = 0;
  MonoTime since_;
  unsigned looks_ = 0;
  std::array<double, kMaxNodes> sums_{};
  std::array<double, kMaxNodes> means_{};
};

}  // namespace gslb::fleet
