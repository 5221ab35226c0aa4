// Which probes this edge makes, and when: its own rules, whatever a GSLB orders.
//
// Why here too and not only at the GSLB: an edge answers for what leaves its network.  A GSLB that
// was taken over, or several that ask at once, must not make it a scanner or a nuisance.
#pragma once

#include <cstddef>
#include <map>

#include "edge/config/config.h"
#include "gslb/base/clock.h"
#include "gslb/base/prefix_set.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Thread-compatible; pure: time is an argument and must not go back.
class ProbeGate {
 public:
  static constexpr std::size_t kMostTargets = 4096;  // whose last probe is remembered

  // `rules` must outlive the gate.
  explicit ProbeGate(const config::Probe& rules);

  // Whether this may be sent at all, now: place of the target, port, and how long ago it was
  // probed. True: it counts as sent.
  bool admits(const gslb::fleet::Probe& probe, gslb::MonoTime now);
  // Takes one from the rate.  False: too early; wait() says until when.
  bool take_token(gslb::MonoTime now);
  gslb::milliseconds wait(gslb::MonoTime now);

 private:
  bool is_allowed(const gslb::Address& target) const;
  void refill(gslb::MonoTime now);

  const config::Probe& rules_;
  gslb::PrefixSet excluded_;
  std::map<gslb::Address, gslb::MonoTime> last_;  // by target
  double tokens_ = 1;
  gslb::MonoTime refilled_{};
};

}  // namespace edge::report
