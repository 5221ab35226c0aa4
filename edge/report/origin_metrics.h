// The families of metrics that speak of origins and their servers.  Internal to edge/report.
#pragma once

#include <vector>

#include "edge/report/counters.h"

namespace prometheus {
struct MetricFamily;
}

namespace edge::report {

// Appends them.  Servers over a bound are left out: each is six series.
void add_origins(std::vector<prometheus::MetricFamily>& families,
                 const std::vector<OriginFigures>& origins);

}  // namespace edge::report
