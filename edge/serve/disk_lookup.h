// Asking the disk tier without holding up the worker's other requests.
#pragma once

#include <string>

#include "edge/origin/awaitable.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// What the disk has for the request; nothing when it takes longer than an origin would.
// REQUIRES: worker.shared.tiers.may_be_on_disk(key).
origin::Awaitable<cache::Store::Found> find_on_disk(Worker& worker, const std::string& key,
                                                    const http::Fields& request);

}  // namespace edge::serve
