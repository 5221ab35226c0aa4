// Whether one server may be asked: what requests to it showed, and what checks say.
//
// After so many failures in a row a server is left alone for a while that doubles each time, then
// one request at a time tries it (half-open): a success ends it.  Checks by themselves take it away
// and bring it back.  Pure: `now` is an argument.
#pragma once

#include <cstdint>

#include "gslb/base/clock.h"

namespace edge::origin {

struct EjectionRules {
  int failures = 3;  // in a row; 0: never
  gslb::milliseconds shortest{5'000};
  gslb::milliseconds longest{60'000};
};

struct CheckRules {
  int healthy = 2;    // good checks in a row that bring it back
  int unhealthy = 3;  // bad ones that take it away
};

// Not thread-safe; its owner guards it.
class ServerHealth {
 public:
  enum class State : std::uint8_t {
    kUp,
    kTrial,    // left alone long enough; the next request shows
    kEjected,  // failed requests
    kDown,     // failed checks
  };
  State state(gslb::MonoTime now) const noexcept;
  // A request goes to it.
  void ask(gslb::MonoTime now) noexcept;
  // What came of a request.  Of one that nobody waited for: neither.
  void succeed() noexcept;
  void fail(gslb::MonoTime now, const EjectionRules& rules) noexcept;
  // What a check showed; true: up or down by it, other than before.
  bool check(bool good, const CheckRules& rules) noexcept;

 private:
  int failures_ = 0;   // in a row
  int ejections_ = 0;  // in a row
  int streak_ = 0;     // checks in a row that contradict `checked_up_`
  bool ejected_ = false;
  bool trying_ = false;  // the one request that tries an ejected server is under way
  bool checked_up_ = true;
  gslb::MonoTime until_{};  // of an ejection
};

}  // namespace edge::origin
