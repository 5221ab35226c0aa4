// The process: workers with their listeners, the reporter, signals and the drain.
#pragma once

#include "edge/config/config.h"

namespace edge::serve {

// Serves until SIGTERM or SIGINT, drains, and returns the exit status: 0, or 1 when it could not
// start (the reason is logged).  Blocks SIGTERM and SIGINT for the whole process meanwhile.
int run_server(const config::Config& config);

}  // namespace edge::serve
