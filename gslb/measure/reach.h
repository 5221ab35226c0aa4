// Whether a cluster that is well serves some clients badly: what breaks on the way between the two,
// and only there.
//
// Source: steering.md "Per-region health"; what edges count of real connections, by client network
// (docs/heartbeat.md): TCP segments sent and sent again, requests answered and failed.
//
// Why not simply a rate: clients differ (mobile ones lose more everywhere), and when all clients of
// a cluster fail it is the cluster that is ill, which heartbeats and monitors tell.  So the way is
// broken when the unit fails there much more than the others do there, and than the unit does
// elsewhere.
//
// Why a price and not a mask: who has nowhere else to go is better served badly than not at all.
#pragma once

#include "gslb/base/clock.h"

namespace gslb::measure {

struct Attempts {
  float tried = 0;
  float failed = 0;  // of them
};

// What was tried of late between a unit and a cluster, or sums of that.
struct Reach {
  Attempts segments;
  Attempts requests;
  float connections = 0;

  void add(const Reach& more) noexcept;
  // What is known halves every two minutes.  REQUIRES: passed_s >= 0
  void fade(double passed_s) noexcept;
};

// Pure.  `unit`: what the unit tried at all clusters; `cluster`: what all units tried there; both
// with `own` in them.
bool is_broken(const Reach& own, const Reach& unit, const Reach& cluster) noexcept;

// Costs more than any network does and less than a tier: who can go elsewhere does.
inline constexpr double kTroubleMs = 1'500;
// What a way costs that was last found broken at `broken_at`.  With nobody there any more nothing
// renews it: it halves every 200 s and ends after some 16 minutes, when clients try again.
double trouble_ms(WallTime broken_at, WallTime now) noexcept;

}  // namespace gslb::measure
