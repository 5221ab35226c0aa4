// Heads changed on their way, as the operator wants: what goes to an origin, what comes of it.
//
// Why before the store: what an answer says of caching may be a rule's, and each stored one is
// changed once.
#pragma once

#include <memory>

#include "edge/origin/client.h"

namespace edge::origin {

// Pure.
void apply(const config::FieldRules& rules, http::Fields& fields);
// `inner`, with the rules of `origin`.
std::unique_ptr<Exchange> rewriting_exchange(std::unique_ptr<Exchange> inner,
                                             std::shared_ptr<const config::Origin> origin);
bool has_rules(const config::Origin& origin);

}  // namespace edge::origin
