// Zone transfers to secondaries.
#include "gslb/metrics/parts.h"

namespace gslb::metrics {

void add_transfers(const Input& input, Exposition& out) {
  if (input.notifier != nullptr) {
    out.counter("proxima_sent_notifies_total",
                "What became of NOTIFY messages to secondaries (RFC 1996), by outcome.");
    for (std::size_t i = 0; i < transfer::kNotifyOutcomes; ++i) {
      const auto outcome = static_cast<transfer::NotifyOutcome>(i);
      out.sample(static_cast<double>(input.notifier->count(outcome)),
                 {{"outcome", transfer::to_string(outcome)}});
    }
  }
  if (input.transfers == nullptr) { return; }
  out.counter("proxima_outgoing_transfers_total",
              "Requests for a zone transfer (AXFR, IXFR), by outcome.");
  for (std::size_t i = 0; i < transfer::kTransferOutcomes; ++i) {
    const auto outcome = static_cast<transfer::TransferOutcome>(i);
    out.sample(static_cast<double>(input.transfers->count(outcome)),
               {{"outcome", transfer::to_string(outcome)}});
  }
  out.gauge("proxima_outgoing_transfers_active", "Zone transfers being sent now.",
            input.transfers->active());
  out.gauge("proxima_journal_octets", "Memory of the differences kept for IXFR.",
            static_cast<double>(input.transfers->journal_octets()));
}

}  // namespace gslb::metrics
