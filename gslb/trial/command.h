// The verbs of proxima-gslb that try and prove: replay, simulate.
#pragma once

#include <string>
#include <vector>

namespace gslb::trial {

inline constexpr int kExitOk = 0;
inline constexpr int kExitDifferent = 1;  // replay: a plan differs; any: a file can't be read
inline constexpr int kExitUsage = 2;      // the command line, a file with errors
inline constexpr int kExitLimit = 5;      // simulate: a limit would be passed

extern const char* const kReplayUsage;
extern const char* const kSimulateUsage;

// `arguments` after the verb.  Print to stdout and stderr; the exit code.
int replay_command(const std::vector<std::string>& arguments);
int simulate_command(const std::vector<std::string>& arguments);

}  // namespace gslb::trial
