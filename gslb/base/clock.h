// Time as an argument: pure code takes MonoTime or WallTime, only the edges of the system read a
// clock, and tests turn a FakeClock by hand.
#pragma once

#include <chrono>

namespace gslb {

using MonoTime = std::chrono::steady_clock::time_point;  // intervals and deadlines
using WallTime = std::chrono::system_clock::time_point;  // what is written down or signed
using std::chrono::milliseconds;
using std::chrono::seconds;

// Thread-safe when the implementation says so (SystemClock does).
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono() const = 0;
  virtual WallTime wall() const = 0;
};

// Thread-safe.
class SystemClock final : public Clock {
 public:
  MonoTime mono() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// Thread-compatible.  Starts at an arbitrary fixed time.
class FakeClock final : public Clock {
 public:
  MonoTime mono() const override { return mono_; }
  WallTime wall() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    mono_ += by;
    wall_ += std::chrono::duration_cast<std::chrono::system_clock::duration>(by);
  }

 private:
  MonoTime mono_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 50)};
};

}  // namespace gslb
