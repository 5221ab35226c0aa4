// What this node thinks of itself and of its origins, for operators: GET /v1/state.
#pragma once

#include <string>

#include "edge/report/exposition.h"

namespace edge::report {

// {"state":"up","origins":[{"name":…,"queued":…,"servers":[{"url":…,"state":"up",…}]}]}
std::string write_state(const Figures& figures);

}  // namespace edge::report
