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
  bool colour = false;
};

// Every verb that asks a server.  REQUIRES: options.verb isn't kHelp, kVersion or kCheck.
int run(const Options& options, const World& world);

}  // namespace gslb::ctl
