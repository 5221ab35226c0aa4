// Zones that come from primaries.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {

void add_secondaries(const Input& input, Exposition& out) {
  if (!input.secondaries) { return; }
  const SecondaryFigures& figures = *input.secondaries;
  out.gauge("proxima_secondary_zones", "Zones that come from primaries, by state.");
  out.sample(static_cast<double>(figures.empty), {{"state", "empty"}});
  out.sample(static_cast<double>(figures.current), {{"state", "current"}});
  out.sample(static_cast<double>(figures.expired), {{"state", "expired"}});
  out.gauge("proxima_secondary_zones_failing", "Zones whose last question to a primary failed.",
            static_cast<double>(figures.failing));
  out.counter("proxima_incoming_transfers_total",
              "Questions to primaries (SOA, IXFR, AXFR), by result.");
  constexpr std::array<const char*, transfer::kFetchKinds> kKinds{"soa", "ixfr", "axfr"};
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    for (std::size_t i = 0; i < transfer::kFetchResults; ++i) {
      const auto result = static_cast<transfer::FetchResult>(i);
      out.sample(static_cast<double>(figures.fetches[kind][i]),
                 {{"kind", kKinds[kind]}, {"result", transfer::to_string(result)}});
    }
  }
  out.counter("proxima_incoming_notifies_total", "NOTIFY requests, by what became of them.");
  for (std::size_t i = 0; i < transfer::kNotifyVerdicts; ++i) {
    const auto verdict = static_cast<transfer::NotifyVerdict>(i);
    out.sample(static_cast<double>(figures.notifies[i]),
               {{"verdict", transfer::to_string(verdict)}});
  }
}

}  // namespace gslb::metrics
