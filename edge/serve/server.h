// The process: workers with their listeners, the reporter, signals, reloads and the drain.
#pragma once

#include <string>

#include "edge/config/config.h"

namespace edge::serve {

// Serves until SIGTERM or SIGINT, drains, and returns the exit status: 0, or 1 when it could not
// start (the reason is logged).  SIGHUP reads `file` anew: a good one is served from the next
// request on without ending a connection, a bad one is refused whole.  SIGUSR1 opens the access log
// anew.  Blocks these signals for the whole process meanwhile.
int run_server(const std::string& file, config::ConfigRef config);

}  // namespace edge::serve
