#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gslb/base/file.h"
#include "gslb/trial/command.h"
#include "gslb/trial/replay.h"

namespace gslb::trial {

const char* const kReplayUsage =
    "       proxima-gslb replay FILE      make every plan of a recording again; exit 1 at the "
    "first\n"
    "                                     that differs\n";

int replay_command(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1 || arguments[0].starts_with('-')) {
    std::fprintf(stderr, "proxima-gslb: replay needs one FILE\nusage:\n%s", kReplayUsage);
    return kExitUsage;
  }
  const std::string& file = arguments[0];
  const auto text = read_file(file);
  if (!text) {
    std::fprintf(stderr, "proxima-gslb: can't read %s: %s\n", file.c_str(), std::strerror(errno));
    return kExitUsage;
  }
  Problems problems;
  const Replay done = replay(*text, file, problems);
  std::fputs(problems.to_string().c_str(), stderr);
  if (problems.has_errors()) { return kExitUsage; }
  if (!done.difference.empty()) {
    std::printf("%s: %s (%zu plans before it are the same)\n", file.c_str(),
                done.difference.c_str(), done.plans - 1);
    return kExitDifferent;
  }
  std::printf("%s: %zu plans, all the same%s\n", file.c_str(), done.plans,
              done.is_cut_off ? "; the last one is not whole" : "");
  return kExitOk;
}

}  // namespace gslb::trial
