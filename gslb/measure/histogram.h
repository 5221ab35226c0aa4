// Where the RTT samples of one pair lie: a few weighted points on a logarithmic scale.
//
// Source: Ben-Haim and Tom-Tov, "A Streaming Parallel Decision Tree Algorithm" (JMLR 2010): a
// histogram whose bins follow the data; steering.md (2): decayed log-histogram.
//
// Why not fixed bins: pairs are known by the hundred thousand, and most of them have one mode a few
// percent wide.  Fixed bins that fine would be mostly empty.
#pragma once

#include <array>
#include <cstddef>

namespace gslb::measure {

// Values are logarithms (of milliseconds or whatever the user likes).  Thread-compatible; no
// allocation; equal calls in equal order give equal bits.
class LogHistogram {
 public:
  static constexpr std::size_t kPoints = 8;
  struct Point {
    float value = 0;
    float weight = 0;
  };

  // REQUIRES: weight > 0.
  void add(float value, float weight) noexcept;
  // Multiplies every weight by `keep`, 0 … 1.
  void decay(float keep) noexcept;
  void clear() noexcept { count_ = 0; }

  bool empty() const noexcept { return count_ == 0; }
  float weight() const noexcept;
  // The value below which the share `q` of the weight lies, interpolated; 0 when empty.
  float quantile(float q) const noexcept;
  // Mean of what lies between the 10th and the 90th percentile; 0 when empty.  Of one mode it is as
  // good as the median, and of several it is what the unit's clients have to expect.
  float trimmed_mean() const noexcept;

  const Point* begin() const noexcept { return points_.data(); }
  const Point* end() const noexcept { return points_.data() + count_; }

 private:
  void merge_at(std::size_t left) noexcept;

  std::array<Point, kPoints + 1> points_{};  // ascending by value
  std::size_t count_ = 0;
};

}  // namespace gslb::measure
