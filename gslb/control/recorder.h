// Writes recordings (recording.h) into a folder: one file an epoch, bounded in size and number.
//
// Why a file ends with its epoch, and why a full one isn't continued in another: a plan rests on
// those before it, so only a file with all of them can be planned again.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "gslb/control/recording.h"

namespace gslb::control {

// Planning thread only.  What goes wrong with files is logged, never more.
class Recorder {
 public:
  // Before the first plan of an epoch, after it has inherited or restored what was learnt.  Ends
  // the file before and, when the epoch's configuration wants it, begins one.
  void begin(Epoch& epoch, WallTime now);
  // A plan the epoch has just made.
  void add(const Epoch& epoch, const PlanInputs& inputs, const steer::Plan& plan);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  bool put(const std::string& text);

  std::unique_ptr<std::FILE, Close> file_;  // null: nothing is recorded
  std::string path_;
  std::int64_t room_ = 0;               // octets
  std::vector<std::uint32_t> counted_;  // at the last plan
  std::uint64_t begun_ = 0;             // files
};

}  // namespace gslb::control
