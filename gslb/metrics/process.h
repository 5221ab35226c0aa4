// What the kernel says about this process, under the names every Prometheus client uses.
//
// Source: proc(5); Prometheus, "Writing client libraries", process metrics.
#pragma once

#include <optional>

#include "gslb/metrics/exposition.h"

namespace gslb::metrics {

struct ProcessFigures {
  double cpu_s = 0;
  double open_fds = 0;
  double max_fds = 0;  // infinity: no limit
  double virtual_memory_octets = 0;
  double resident_memory_octets = 0;
  double started_s = 0;  // since 1970
};

// nullopt where /proc is not mounted.
std::optional<ProcessFigures> read_process_figures();

void add_process(const ProcessFigures& figures, Exposition& out);

}  // namespace gslb::metrics
