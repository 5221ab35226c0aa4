// Which single cluster's death would overfill another one, before any new plan is made.
//
// Source: steering.md "N-1": failover is a flip of a health word, so it must not cascade.
#pragma once

#include <string>

#include "gslb/trial/trial.h"

namespace gslb::trial {

enum class NMinusOne : std::uint8_t {
  kIfLearnt,  // warn, when there are learnt loads to go by
  kOff,
  kWarn,
  kStrict,  // over max is an error
};

struct NMinusOneOptions {
  NMinusOne mode = NMinusOne::kIfLearnt;
  std::string state_dir;  // "": the configuration's
  Assumption assumption;
};

// Problems stand where the cluster that dies is configured: who is then over its target or max, and
// by how much, and whose clients nobody takes.  Returns a line for people about what was proven;
// "": nothing was tried.  Reads state_dir; takes as long as a plan or two.
std::string prove_n_minus_1(const std::shared_ptr<const control::Compiled>& compiled,
                            const NMinusOneOptions& options, WallTime now, Problems& problems);

// What a node with this state_dir has learnt; nothing when there are no such files.
control::Learnt read_state(const std::string& state_dir);

}  // namespace gslb::trial
