// The parts of one scrape, in the order they are shown; docs/metrics.md lists what each one says.
#pragma once

#include "gslb/metrics/exposition.h"
#include "gslb/metrics/metrics.h"

namespace gslb::metrics {

void add_queries(const Input& input, Exposition& out);    // what answer() counted
void add_decisions(const Input& input, Exposition& out);  // by service, cluster and reason
void add_sockets(const Input& input, Exposition& out);
void add_transfers(const Input& input, Exposition& out);  // zones sent to secondaries
void add_fleet(const Input& input, Exposition& out);  // health, heartbeats, load
void add_monitors(const Input& input, Exposition& out);  // their targets, and suspicion
void add_plan(const Input& input, Exposition& out);
void add_measure(const Input& input, Exposition& out);  // nothing before the first sample
void add_secondaries(const Input& input, Exposition& out);
void add_signing(const Input& input, Exposition& out);  // nothing without a signed zone
void add_snapshot(const Input& input, Exposition& out);  // what is loaded, and reloads

}  // namespace gslb::metrics
