// Asks every target of every monitor at its time, and says what came of it.
//
// Source: gdnsd's monitoring core, whose words these are; ARCHITECTURE.md "Threads".
//
// Why a thread of its own: connecting, TLS and commands take as long as somebody else likes.  What
// the results mean is the fleet state's business.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gslb/fleet/fleet_state.h"
#include "gslb/monitor/prepared.h"

namespace gslb::monitor {

inline constexpr std::size_t kMostAtOnce = 256;  // askings under way; others wait their turn

// Thread-safe.
class Monitors {
 public:
  // Called on the monitor thread.
  using Sink = std::function<void(fleet::MonitorResult)>;

  explicit Monitors(Sink sink);
  ~Monitors();  // stops
  Monitors(const Monitors&) = delete;
  Monitors& operator=(const Monitors&) = delete;

  // From now on these.  What is being asked still gives its result.
  void configure(std::vector<Target> targets);
  // Out of turn, now.
  void hasten(std::vector<std::string> keys);
  // No more results.  Commands that run are killed.  Idempotent.
  void stop();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace gslb::monitor
