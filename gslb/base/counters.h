// Counters a worker bumps without sharing and anyone may read.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace gslb {

// One writer, many readers.  The writer pays a plain add (no lock prefix); a reader sees a value
// that was true a moment ago.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Durations in powers of two: bucket b counts values in [2^(b-1), 2^b), bucket 0 the zeros; the
// last bucket has no upper bound.  One writer, many readers.
template <std::size_t kBuckets>
class LogHistogram {
 public:
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    const auto bucket = static_cast<std::size_t>(std::bit_width(value));
    buckets_[bucket < kBuckets ? bucket : kBuckets - 1].add(times);
    sum_.add(value * times);
  }
  std::uint64_t bucket(std::size_t index) const noexcept { return buckets_[index].value(); }
  std::uint64_t sum() const noexcept { return sum_.value(); }
  // Exclusive upper bound of a bucket; the last bucket's is meant as +Inf.
  static constexpr std::uint64_t upper_bound(std::size_t index) noexcept { return 1ULL << index; }
  static constexpr std::size_t bucket_count() noexcept { return kBuckets; }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_;
};

}  // namespace gslb
