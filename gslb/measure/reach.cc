#include "gslb/measure/reach.h"

#include <algorithm>
#include <cmath>

namespace gslb::measure {
namespace {

constexpr double kHalfLifeS = 120;
constexpr double kTroubleHalfLifeS = 200;
constexpr double kLeastTroubleMs = 50;
// One client with a bad last mile is not a region.
constexpr float kLeastConnections = 4;
// Four times as many as of the others there, and of the unit elsewhere.
constexpr float kTimesOthers = 4;

// From when on a share is known, and which is bad.
struct Rule {
  float least;
  float bad;
  float ordinary;  // what fails anyway, where nothing is known
};
// At 15 % of loss TCP all but stands still.
constexpr Rule kSegments{200, 0.15F, 0.02F};
constexpr Rule kRequests{20, 0.20F, 0.02F};

float share_of_others(const Attempts& all, const Attempts& own, const Rule& rule) {
  const float tried = all.tried - own.tried;
  if (tried < rule.least) { return rule.ordinary; }
  return std::max(rule.ordinary, (all.failed - own.failed) / tried);
}

bool is_bad(const Attempts& own, const Attempts& unit, const Attempts& cluster, const Rule& rule) {
  if (own.tried < rule.least || own.failed < rule.bad * own.tried) { return false; }
  const float ordinary =
      std::max(share_of_others(unit, own, rule), share_of_others(cluster, own, rule));
  return own.failed >= kTimesOthers * ordinary * own.tried;
}

}  // namespace

void Reach::add(const Reach& more) noexcept {
  segments.tried += more.segments.tried;
  segments.failed += more.segments.failed;
  requests.tried += more.requests.tried;
  requests.failed += more.requests.failed;
  connections += more.connections;
}

void Reach::fade(double passed_s) noexcept {
  const auto left = static_cast<float>(std::exp2(-passed_s / kHalfLifeS));
  for (float* each :
       {&segments.tried, &segments.failed, &requests.tried, &requests.failed, &connections}) {
    *each *= left;
  }
}

bool is_broken(const Reach& own, const Reach& unit, const Reach& cluster) noexcept {
  return own.connections >= kLeastConnections &&
         (is_bad(own.segments, unit.segments, cluster.segments, kSegments) ||
          is_bad(own.requests, unit.requests, cluster.requests, kRequests));
}

double trouble_ms(WallTime broken_at, WallTime now) noexcept {
  if (broken_at == WallTime()) { return 0; }
  // As numbers: times from a damaged recording may be too far apart for a duration.
  using Seconds = std::chrono::duration<double>;
  const double passed_s = std::max(
      0.0, Seconds(now.time_since_epoch()).count() - Seconds(broken_at.time_since_epoch()).count());
  const double left = kTroubleMs * std::exp2(-passed_s / kTroubleHalfLifeS);
  return left < kLeastTroubleMs ? 0 : left;
}

}  // namespace gslb::measure
