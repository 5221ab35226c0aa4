// `proximactl keys … --dir`: on key files, before or without a server.
#pragma once

#include "gslb/ctl/run.h"

namespace gslb::ctl {

// REQUIRES: options.key_dir, and a verb that works on files.  The exit code.
int run_on_key_files(const Options& options, const World& world);

}  // namespace gslb::ctl
