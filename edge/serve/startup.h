// What a process sets up once, before it serves.
#pragma once

#include "edge/serve/worker.h"

namespace edge::serve {

// As configured, or one for each core this process may use.
unsigned worker_count(const config::Config& config);

// Takes all descriptors the system allows, and warns if [limits] may need more.
void raise_descriptor_limit(const config::Limits& limits);

// Store, disk and what else workers share.
Shared open_shared(const config::Config& config);

}  // namespace edge::serve
