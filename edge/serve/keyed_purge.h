// Purges as responses are stored: the operator's rules for keys hold for them, too.
#pragma once

#include <string_view>

#include "edge/cache/purge_book.h"
#include "edge/config/config.h"

namespace edge::serve {

// Of the site of that host.  Valid as long as `config`.
const config::KeyRules& key_rules_of(const config::Config& config, std::string_view host);

// What a purge means by the key rules of its host: a URL without parameters that tell nothing
// apart, and the host that responses are shared with.  Where rules change queries, those of
// prefixes don't count: too much is purged then, never too little.
cache::Purge keyed(const config::Config& config, cache::Purge purge);

}  // namespace edge::serve
