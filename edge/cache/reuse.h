// How soon an object is asked for again, learnt from what objects did: by how often it has been
// asked for and how long ago that was.
//
// Source: hit density (Beckmann et al., "LHD", NSDI 2018) and hazard rates as the order of what to
// keep (Panigrahy et al., "HRO", 2022): the best one can do without knowing the future is to keep
// what has the highest rate of requests a unit of room.  The rate at an age is estimated as in
// survival analysis: requests that came at that age, over the time objects spent at that age.
// What an eviction would hide (a request that comes after it) is seen by remembering for a while
// what was evicted (ghosts.h), and objects that still wait count for the time they have waited;
// without either, whatever is kept long looks good because nothing else is seen.
//
// Why a table and no formula: GDSF's (frequency / size, aged) assumes what the table measures, and
// what holds for pages doesn't for films.  Why not classes by size or by the gap between requests
// as well: on a dozen kinds of traces neither moved a hit ratio by more than 0.2 points.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace edge::cache {

// Time, in requests to the store; wraps, which an object must sleep through 2^32 requests to see.
using Tick = std::uint32_t;

// Of how many requests: 1, 2, 3, 4-5, 6-8, 9-14, 15-24, more.
inline constexpr std::size_t kCountClasses = 8;
std::size_t count_class(std::uint32_t requests) noexcept;

// Ages: below 16 requests, then two steps an octave.
inline constexpr std::size_t kAgeSteps = 57;
std::size_t age_step(Tick age) noexcept;

// Counts over (count class, age).
using ReuseCounts = std::array<std::array<float, kAgeSteps>, kCountClasses>;

// What happened and what waits.  Thread-compatible.
struct ReuseSurvey {
  ReuseCounts requests{};  // came at that age
  ReuseCounts lost{};      // forgotten at that age, with no request until then
  ReuseCounts waiting{};   // of that age now
};

// Thread-safe, but learn() is for one thread at a time.
class ReuseRates {
 public:
  ReuseRates();
  // Requests per tick one may expect of an object from this age on: the best mean over the age
  // steps that follow, so that what is asked for at intervals is not given up between them.
  float rate(std::size_t count_class, std::size_t age_step) const noexcept {
    return rates_[count_class][age_step].load(std::memory_order_relaxed);
  }
  // What came before counts for 9/10 of what it did.
  void learn(const ReuseSurvey& survey);

 private:
  std::array<std::array<std::atomic<float>, kAgeSteps>, kCountClasses> rates_;
  ReuseCounts requests_{};  // the learner's
  ReuseCounts lost_{};
};

}  // namespace edge::cache
