// How much of what a cluster is asked its cache has, as its edges report it: slowly.
//
// Source: steering.md (3): (1 − hit) · fill is a part of the cost.
//
// Why so slowly: the ratio depends on the clients that are sent there.  Were it followed at once, a
// cluster that is given clients would grow dearer by them, lose them and look well again.
#pragma once

#include <optional>

namespace gslb::measure {

// Requests of an interval.
struct CacheCount {
  double requests = 0;
  double hits = 0;  // of them
};

// Thread-compatible; deterministic.
class HitRatio {
 public:
  // At most once a plan: each call moves it by at most a tenth of the difference.
  // True: value() is another now.
  bool add(const CacheCount& count) noexcept;
  // In steps, so that noise moves nobody; nothing until enough requests were told of.
  std::optional<double> value() const noexcept { return shown_; }

  // What is to be kept, and begun with again.  REQUIRES: 0 <= ratio <= 1
  std::optional<double> ratio() const noexcept { return ratio_; }
  void restore(double ratio) noexcept { shown_ = ratio_ = ratio; }

 private:
  CacheCount waiting_;  // too few so far
  std::optional<double> ratio_;
  std::optional<double> shown_;
};

}  // namespace gslb::measure
