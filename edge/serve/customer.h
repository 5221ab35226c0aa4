// Requests for customers' own domains.
#pragma once

#include "edge/serve/worker.h"

namespace edge::serve {

using origin::Awaitable;

// The host may be a customer's: no site names it, and customers are looked up.
bool may_be_customers(const config::Config& config, const http::RequestHead& request);

// Makes it a request for the host its own is an alias of; one that leads nowhere stays as it is.
// 0, or the status of the refusal.  REQUIRES: may_be_customers().
Awaitable<int> follow_alias(Worker& worker, http::RequestHead& request);

}  // namespace edge::serve
