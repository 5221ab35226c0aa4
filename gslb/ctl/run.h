// The verbs: asks the server, prints, and gives the exit code.
#pragma once

#include <functional>
#include <string>

#include "gslb/base/clock.h"
#include "gslb/ctl/options.h"
#include "gslb/ctl/server.h"

namespace gslb::ctl {

// The world, replaceable by tests.
struct World {
  std::function<Result<HttpReply, std::string>(const HttpCall&)> call;
  std::function<void(milliseconds)> sleep;
  std::function<void(const std::string&)> print;     // stdout
  std::function<void(const std::string&)> complain;  // stderr
  Environment environment;
  // Goes on as proxima-gslb with these arguments; `learnt`, if not empty, follows as --learnt FILE.
  // Returns on failure only.
  std::function<int(std::vector<std::string> arguments, const std::string& learnt)> become_server;
  bool colour = false;
};

// REQUIRES: options.verb isn't kHelp or kVersion.
int run(const Options& options, const World& world);

}  // namespace gslb::ctl
