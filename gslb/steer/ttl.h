// How long an answer may be kept: short where the plan is about to change, long where it won't.
//
// Source: steering.md "TTL".
//
// Why few values: rows that are alike but for their TTL are stored apart; and what is signed once
// with the longest serves for all (RFC 4034 3.1.4, 4035 5.3.3: the TTL may be lower than the
// original one, never higher).
#pragma once

#include <array>
#include <cstdint>

namespace gslb::steer {

inline constexpr std::size_t kTtlSteps = 9;
inline constexpr std::uint8_t kUsualTtl = 4;  // the step of the service's `ttl`

// Seconds by step: the shortest, …, the usual, …, the longest, each a like factor from the next.
using TtlSteps = std::array<std::uint32_t, kTtlSteps>;

// REQUIRES: shortest <= usual <= longest.
TtlSteps make_ttl_steps(std::uint32_t shortest_s, std::uint32_t usual_s, std::uint32_t longest_s);

// What the plan says of a row.
struct TtlSigns {
  bool changed = false;     // it names others than the plan before
  bool is_crowded = false;  // a cluster of it is nearly full
  bool is_clear = false;    // the only one leads by far and has room
};

// Falls at once, rises a step a plan.
std::uint8_t next_ttl_step(std::uint8_t last, const TtlSigns& signs) noexcept;

// The TTL of one answer, ±10 % by `hash`, which is that of (leaf, name): so that what was asked at
// one time does not expire at one time, and all types of a name agree.  Never over the longest.
inline std::uint32_t answer_ttl_s(const TtlSteps& steps, std::uint8_t step,
                                  std::uint64_t hash) noexcept {
  if (steps.front() == steps.back()) { return steps.front(); }
  constexpr std::uint64_t kSpreadPercent = 10;
  const std::uint64_t percent = 100 - kSpreadPercent + (hash >> 32) % (2 * kSpreadPercent + 1);
  const std::uint64_t ttl_s = (steps[step] * percent + 50) / 100;
  return ttl_s < steps.back() ? static_cast<std::uint32_t>(ttl_s) : steps.back();
}

}  // namespace gslb::steer
