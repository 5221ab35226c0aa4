// What resolvers' caches make of answers: exact expectations instead of queries one by one.
//
// Source: steering.md, measured mixes of resolvers: 48 % honour the TTL, 40 % keep TTL + 30 s, 10 %
// 5 min, 2 % 30 min.  A busy cache refreshes at once, so the age of what it holds is uniform up to
// its life, and the traffic of a unit is the mean of the answers given during that life.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace bench::steering {

inline constexpr double kStepS = 5;

// Shares of clusters, units x clusters.
using Shares = std::vector<float>;

class ResolverCaches {
 public:
  // `real` false: every cache forgets at once.
  ResolverCaches(const Shares& first, double ttl_s, bool real);

  // What was answered on average during one step.
  void step(const Shares& answers);
  // Where the traffic goes now.
  const Shares& traffic() const { return traffic_; }

 private:
  struct Life {
    std::size_t steps;
    float share;
    Shares sum;
  };
  std::vector<Life> lives_;
  std::vector<Shares> ring_;
  std::size_t at_ = 0;  // of the oldest
  Shares traffic_;
};

}  // namespace bench::steering
