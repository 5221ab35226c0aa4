#include "gslb/metrics/metrics.h"

#include "gslb/metrics/parts.h"
#include "gslb/metrics/process.h"

namespace gslb::metrics {

std::string render(const Input& input) {
  Exposition out;
  out.gauge("proxima_build_info", "Always 1; the version is the label.");
  out.sample(1, {{"version", input.version}});
  out.gauge("proxima_start_time_seconds", "When the server started, since 1970.",
            std::chrono::duration<double>(input.started.time_since_epoch()).count());
  out.gauge("proxima_ready", "1: DNS queries are answered.", input.ready ? 1 : 0);
  out.gauge("proxima_workers", "Threads that answer; 0 before ready.",
            static_cast<double>(input.answers.size()));
  add_queries(input, out);
  add_decisions(input, out);
  add_sockets(input, out);
  add_transfers(input, out);
  add_fleet(input, out);
  add_monitors(input, out);
  add_plan(input, out);
  add_measure(input, out);
  add_snapshot(input, out);
  add_secondaries(input, out);
  add_signing(input, out);
  if (const auto figures = read_process_figures()) { add_process(*figures, out); }
  return out.text();
}

}  // namespace gslb::metrics
