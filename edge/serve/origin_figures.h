// What origins' servers are doing, as the report's rooms take it.
#pragma once

#include <vector>

#include "edge/origin/directory.h"
#include "edge/report/counters.h"

namespace edge::serve {

std::vector<report::OriginFigures> origin_figures(const origin::Directory& directory);

}  // namespace edge::serve
