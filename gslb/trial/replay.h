// Makes every plan of a recording again and says where the first one differs.
//
// Source: steering.md: the planner is deterministic; control/recording.h is the format.
#pragma once

#include <string>
#include <string_view>

#include "gslb/base/problem.h"

namespace gslb::trial {

struct Replay {
  std::size_t plans = 0;    // made again
  bool is_cut_off = false;  // the last plan is not whole: the writer was stopped in it
  // What of the first plan that differs: "plan 7: the answer map of service 'web' differs"; "":
  // none.
  std::string difference;
};

// Reads no file; `name` is the recording's, for problems: it is damaged, or its configuration is
// none for this version.  Takes as long as the plans did.
Replay replay(std::string_view recording, const std::string& name, Problems& problems);

}  // namespace gslb::trial
