// Counts of durations in buckets of at most 1/32 relative width, 0 to 2^63 ns, in fixed memory.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace bench {

// Not thread-safe.  record() is O(1) and does not allocate.
class LatencyHistogram {
 public:
  void record(std::uint64_t ns) noexcept {
    ++counts_[bucket(ns)];
    ++total_;
  }
  // The upper edge, in ns, of the bucket that holds the quantile `q` in 0..1; 0 if empty.
  std::uint64_t quantile(double q) const noexcept {
    const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > rank || (seen == total_ && total_ > 0)) { return upper_edge(i); }
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 5;
  static constexpr std::uint64_t kSub = 1U << kSubBits;

  // Values below 32 have a bucket each; above, the top bit picks a group and the five bits behind
  // it the bucket.
  static std::size_t bucket(std::uint64_t ns) noexcept {
    if (ns < kSub) { return ns; }
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kSubBits;
    return ((shift + 1) << kSubBits) + ((ns >> shift) & (kSub - 1));
  }
  static std::uint64_t upper_edge(std::size_t index) noexcept {
    if (index < kSub) { return index; }
    const std::size_t shift = (index >> kSubBits) - 1;
    return (((index & (kSub - 1)) + kSub + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - kSubBits + 1) * kSub> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace bench
