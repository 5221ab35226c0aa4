// What the store learns from answers that only pass through.
//
// Source: RFC 9111 4.3.5 (HEAD), 4.4 (unsafe methods).
#pragma once

#include "edge/cache/policy.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

// A non-error answer to an unsafe method, or to one nobody knows, invalidates what is stored for
// its target, Location and Content-Location; a 200 to HEAD renews or outdates what a GET stored.
// Returns what was on disk of the former: to be purged before the client hears of it, so that not
// even kill -9 brings it back.
std::vector<cache::Purge> learn(RequestScope& scope, const http::ResponseHead& response,
                                const cache::Exchange& moments);

// Ends what is stored under the key; adds to `on_disk` what is yet to be purged there.
void end_stored(Shared& shared, const std::string& key, std::vector<cache::Purge>& on_disk);

}  // namespace edge::serve
